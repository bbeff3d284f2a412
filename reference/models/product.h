/* SPDX-License-Identifier: MIT
 * product.h - the oracle's matmul for whole models: double throughout, weights decoded row by row, tiled for speed.  It
 * sums in another order than reference/ops/matmul.c and without its compensation: both are within K 2^-52 sum |x w|. */
#ifndef ASSAY_MODELS_PRODUCT_H
#define ASSAY_MODELS_PRODUCT_H
#include "assay/assay.h"

/* y[t, n] = sum_k x[t, k] w[n, k] + bias[n] for n0 <= n < n1; x (T, K), y (T, N); w (N, K) dense of any type.
 * Returns false when memory is out. */
bool assay_product(const double *x, const assay_tensor *w, const double *bias, double *y, int64_t T, int64_t N,
                   int64_t K, int64_t n0, int64_t n1);
#endif
