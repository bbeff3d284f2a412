/* SPDX-License-Identifier: MIT
 * gemm_avx512.h - AVX-512: tiles of up to 12 rows x 32 columns (24 sums, 2 weights, 1 activation: 27 of 32 registers);
 * at many rows 6 x 64, 10 loads for 24 products where 12 x 32 takes 14. */
#define PACKING "matmul_panel32"
enum { PANEL_VECS = 2, ROWS = 12, MANY_ROWS = 6, MANY_PANELS = 2 };

/* Sums that one step of k feeds: 8 or more hide the latency of the FMA. */
#define PANELS_FOR(rows) ((rows) <= 3 ? 4 : (rows) == 4 ? 3 : (rows) <= 6 ? 2 : 1)
#define TILES_2(X)       X(1, 1) X(1, 2) X(1, 3) X(1, 4) X(2, 1) X(2, 2) X(2, 3) X(2, 4)
#define TILES_6(X)       X(3, 1) X(3, 2) X(3, 3) X(3, 4) X(4, 1) X(4, 2) X(4, 3) X(5, 1) X(5, 2) X(6, 1) X(6, 2)
#define TILES(X)         TILES_2(X) TILES_6(X) X(7, 1) X(8, 1) X(9, 1) X(10, 1) X(11, 1) X(12, 1)
