/* SPDX-License-Identifier: MIT
 * moe_combine: y[t] = sum_k w[t,k] x[t,k] + sigmoid(gate[t]) shared[t]
 * What the experts of a token returned, weighed.  A term whose slot is negative was dropped: nothing of it reaches y,
 * not even NaN, and the other weights stay as they are.  Without a gate the shared expert counts whole (DeepSeek-V3),
 * with one as Qwen2-MoE has it. */
#include "ref.h"

static real sigmoid(real z)
{
    const real e = exp(-fabs(z));
    return (z < 0 ? e : 1) / (1 + e);
}

REFERENCE(moe_combine)
{
    const int64_t T = a->dim[0], K = a->dim[1], D = a->dim[2];
    const real *w = a->operand[0], *slots = a->operand[1];     /* (T,K) (T,K) or NULL */
    const real *x = a->operand[2];                             /* (T,K,D) */
    const real *shared = a->operand[3], *gate = a->operand[4]; /* (T,D) or NULL, (T) or NULL */
    real *y = a->operand[5];                                   /* (T,D) */

    for (int64_t t = 0; t < T; t++)
        for (int64_t d = 0; d < D; d++) {
            real sum = 0;
            for (int64_t k = t * K; k < (t + 1) * K; k++)
                if (!slots || slots[k] >= 0)
                    sum += w[k] * x[k * D + d];
            if (shared)
                sum += gate ? sigmoid(gate[t]) * shared[t * D + d] : shared[t * D + d];
            y[t * D + d] = sum;
        }
}
