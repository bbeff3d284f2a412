/* SPDX-License-Identifier: MIT
 * gemm_avx2.h - AVX2 + FMA: tiles of 6 rows x 16 columns (12 sums, 2 weights, 1 activation: 15 of 16 registers). */
#define PACKING "matmul_panel16"
enum { PANEL_VECS = 2, ROWS = 6, MANY_ROWS = 6, MANY_PANELS = 1 };

/* Sums that one step of k feeds: 8 or more hide the latency of the FMA. */
#define PANELS_FOR(rows) ((rows) == 1 ? 4 : (rows) == 2 ? 3 : (rows) == 3 ? 2 : 1)
#define TILES(X)         X(1, 1) X(1, 2) X(1, 3) X(1, 4) X(2, 1) X(2, 2) X(2, 3) X(3, 1) X(3, 2) X(4, 1) X(5, 1) X(6, 1)
