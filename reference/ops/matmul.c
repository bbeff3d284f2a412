/* SPDX-License-Identifier: MIT
 * matmul: y[t,n] = sum_k x[t,k] w[n,k] + bias[n],  y = x W^T + b */
#include "matmul.h"

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
