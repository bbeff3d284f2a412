/* SPDX-License-Identifier: MIT
 * matmul.h - an output of a matrix product, for matmul and matmul_id: sum_k x[k] w[k] + bias.
 * The oracle sums with Neumaier's compensation (ZAMM 54, 1974): products of 24-bit values are exact in double, so its
 * error is a few units of 2^-53 |y|.  The float instance is the plain loop. */
#ifndef ASSAY_OPS_MATMUL_H
#define ASSAY_OPS_MATMUL_H
#include "ref.h"

static real plain(const real *x, const real *w, int64_t K, real bias)
{
    real s = 0;
    for (int64_t k = 0; k < K; k++)
        s += x[k] * w[k];
    return s + bias;
}

static real compensated(const real *x, const real *w, int64_t K, real bias)
{
    real s = 0, lost = 0;
    for (int64_t k = 0; k <= K; k++) {
        const real p = k < K ? x[k] * w[k] : bias, sum = s + p;
        lost += fabs(s) >= fabs(p) ? (s - sum) + p : (p - sum) + s;
        s = sum;
    }
    return isfinite(s) ? s + lost : s;
}

static real dot(const real *x, const real *w, int64_t K, real bias)
{
    return sizeof(real) < sizeof(double) ? plain(x, w, K, bias) : compensated(x, w, K, bias);
}
#endif
