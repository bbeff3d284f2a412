/* SPDX-License-Identifier: MIT
 * conv1d: y[b,t,d] = bias[d] + sum_k w[d,k] v[b,t-K+1+k,d], v being the tokens so far
 * Causal and depthwise, as Mamba has it before its scan (Gu and Dao 2023): each channel by itself, tap K - 1 on the
 * newest token, no flip.  The state holds the K tokens before the first, the newest last (zeros without one); its
 * oldest is in no sum, and is there so that a state is what a step shifts.  last is the state after the call. */
#include "ref.h"

enum { X, W, BIAS, STATE, Y, LAST };

/* Token t of sequence b; a negative one came before the call. */
static real token(const assay_dense *a, int64_t b, int64_t t, int64_t d)
{
    const int64_t T = a->dim[1], D = a->dim[2], K = a->dim[3];
    const real *x = a->operand[X], *state = a->operand[STATE]; /* (B,T,D) (B,K,D) or NULL */
    return t >= 0 ? x[(b * T + t) * D + d] : state ? state[(b * K + K + t) * D + d] : 0;
}

REFERENCE(conv1d)
{
    const int64_t T = a->dim[1], D = a->dim[2], K = a->dim[3];
    const real *w = a->operand[W], *bias = a->operand[BIAS]; /* (D,K) (D) or NULL */
    real *y = a->operand[Y], *last = a->operand[LAST];       /* (B,T,D) (B,K,D) or NULL */

    for (int64_t b = 0; b < a->dim[0]; b++)
        for (int64_t d = 0; d < D; d++) {
            for (int64_t t = 0; t < T; t++) {
                real sum = 0;
                for (int64_t k = 0; k < K; k++)
                    sum += w[d * K + k] * token(a, b, t + k + 1 - K, d);
                y[(b * T + t) * D + d] = sum + (bias ? bias[d] : 0);
            }
            for (int64_t k = 0; last && k < K; k++)
                last[(b * K + k) * D + d] = token(a, b, T + k - K, d);
        }
}
