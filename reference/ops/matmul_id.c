/* SPDX-License-Identifier: MIT
 * matmul_id: y[t,a] = W[ids[t,a]] x[t] + bias[ids[t,a]]: each token times the matrices of its experts.  An expert may
 * be named by no token, by all, or twice by one.  Of what A experts of a token returned, the next product (down) has a
 * row each: T A rows and one expert a row. */
#include "matmul.h"

REFERENCE(matmul_id)
{
    const int64_t T = a->dim[0], A = a->dim[1], N = a->dim[3], K = a->dim[4];
    const real *x = a->operand[0], *w = a->operand[1];      /* (T,K) (X,N,K) */
    const real *ids = a->operand[2], *bias = a->operand[3]; /* (T,A), (X,N) or NULL */
    real *y = a->operand[4];                                /* (T,A,N) */

    for (int64_t call = 0; call < T * A; call++)
        for (int64_t n = 0; n < N; n++) {
            const int64_t row = (int64_t)ids[call] * N + n;
            y[call * N + n] = dot(x + call / A * K, w + row * K, K, bias ? bias[row] : 0);
        }
}
