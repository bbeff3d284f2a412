/* SPDX-License-Identifier: MIT
 * grid.h - groups of weights on an affine grid of few bits: w is about (q - zero) scale, q of 0 .. 2^bits - 1.  How
 * scale and zero follow from the weights is what AWQ and GPTQ differ in:
 *
 *   awq         s = max(max - min, 1e-5) / (2^bits - 1), z = -round(min / s) held to 0 .. 2^bits - 1.  0 need not lie
 *               between min and max: weights of one sign are cut off.
 *   awq, sym    s = max(max |w|, 1e-5) / (2^(bits-1) - 1), z = 2^(bits-1)
 *   gptq        min and max are extended to hold 0 (both 0: -1 and 1); s = (max - min) / (2^bits - 1), z =
 * -round(min/s) gptq, sym   max = max(-min, max), min = -max unless it is 0; s as above, z = 2^(bits-1)
 *
 * Rounding is to nearest, ties to even, and all is in double. */
#ifndef ASSAY_QUANTIZE_GRID_H
#define ASSAY_QUANTIZE_GRID_H
#include <stdbool.h>
#include <stdint.h>

typedef enum assay_grid_rule { ASSAY_GRID_AWQ, ASSAY_GRID_GPTQ } assay_grid_rule;

typedef struct assay_grid {
    assay_grid_rule rule;
    int bits; /* 2 .. 8 */
    bool sym;
    bool f16; /* the scale is rounded to f16 before codes are chosen: files store it so */
    bool mse; /* gptq: of 80 ranges, 1 - i/100 of the whole, the first that makes the sum of |error|^2.4 least */
} assay_grid;

typedef struct assay_step {
    double scale;
    int zero;
} assay_step;

assay_step assay_grid_fit(const assay_grid *g, const double *w, int64_t n);
int assay_grid_code(const assay_grid *g, assay_step s, double w);
double assay_grid_value(assay_step s, int q);
/* w replaced by what its codes say, in groups of `group` along each row of n (the last may be short). */
void assay_grid_round(const assay_grid *g, double *w, int64_t rows, int64_t n, int64_t group);
#endif
