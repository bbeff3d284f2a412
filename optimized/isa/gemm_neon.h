/* SPDX-License-Identifier: MIT
 * gemm_neon.h - NEON: tiles of 5 rows x 16 columns (20 sums, 4 weights, 5 activations: 29 of 32 registers). */
#define PACKING "matmul_panel16"
enum { PANEL_VECS = 4, ROWS = 5, MANY_ROWS = 5, MANY_PANELS = 1 };

/* Sums that one step of k feeds: 16 hide the latency of the FMA on four pipes. */
#define PANELS_FOR(rows) ((rows) == 1 ? 4 : (rows) == 2 ? 2 : 1)
#define TILES(X)         X(1, 1) X(1, 2) X(1, 3) X(1, 4) X(2, 1) X(2, 2) X(3, 1) X(4, 1) X(5, 1)
