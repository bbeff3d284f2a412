/* SPDX-License-Identifier: MIT
 * matmul: y[t,n] = sum_k x[t,k] w[n,k] + bias[n],  y = x W^T + b
 * The oracle sums with Neumaier's compensation (ZAMM 54, 1974): products of 24-bit values are exact in double, so its
 * error is a few units of 2^-53 |y|.  The float instance is the plain loop. */
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

REFERENCE(matmul)
{
    const int64_t T = a->dim[0], N = a->dim[1], K = a->dim[2];
    const real *x = a->operand[0];    /* (T,K) */
    const real *w = a->operand[1];    /* (N,K) */
    const real *bias = a->operand[2]; /* (N) or NULL */
    real *y = a->operand[3];          /* (T,N) */

    for (int64_t t = 0; t < T; t++)
        for (int64_t n = 0; n < N; n++)
            y[t * N + n] = dot(x + t * K, w + n * K, K, bias ? bias[n] : 0);
}
