/* SPDX-License-Identifier: MIT
 * matmul_batch: y[b] = x[b] w[b]^T: B products of two activations.  Either may lie the other way round: xt (B,K,T) for
 * x (B,T,K), wt (B,K,N) for w (B,N,K).  The oracle sums with Neumaier's compensation, as matmul's (matmul.h). */
#include "ref.h"

typedef struct terms { /* of one output: x and w, and how far apart their terms lie */
    const real *x, *w;
    int64_t x_step, w_step, K;
} terms;

static real plain(terms o)
{
    real s = 0;
    for (int64_t k = 0; k < o.K; k++)
        s += o.x[k * o.x_step] * o.w[k * o.w_step];
    return s;
}

static real compensated(terms o)
{
    real s = 0, lost = 0;
    for (int64_t k = 0; k < o.K; k++) {
        const real p = o.x[k * o.x_step] * o.w[k * o.w_step], sum = s + p;
        lost += fabs(s) >= fabs(p) ? (s - sum) + p : (p - sum) + s;
        s = sum;
    }
    return isfinite(s) ? s + lost : s;
}

REFERENCE(matmul_batch)
{
    const int64_t T = a->dim[1], N = a->dim[2], K = a->dim[3];
    const real *x = a->operand[0], *xt = a->operand[1]; /* (B,T,K) or (B,K,T), the other is NULL */
    const real *w = a->operand[2], *wt = a->operand[3]; /* (B,N,K) or (B,K,N) */
    real *y = a->operand[4];                            /* (B,T,N) */

    for (int64_t b = 0; b < a->dim[0]; b++)
        for (int64_t t = 0; t < T; t++)
            for (int64_t n = 0; n < N; n++) {
                const terms o = { x ? x + (b * T + t) * K : xt + b * K * T + t,
                                  w ? w + (b * N + n) * K : wt + b * K * N + n, x ? 1 : T, w ? 1 : N, K };
                y[(b * T + t) * N + n] = sizeof(real) < sizeof(double) ? plain(o) : compensated(o);
            }
}
