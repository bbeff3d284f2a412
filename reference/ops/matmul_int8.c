/* SPDX-License-Identifier: MIT
 * matmul_int8: y[t,n] = x_scale[t] w_scale[n] sum_k (x[t,k] - x_zero[t]) (w[n,k] - w_zero[n]) + bias[n]
 * Codes of 8 bits for activations and weights, as SmoothQuant and ONNX's MatMulInteger have them.  The sum is one of
 * integers and exact; only what follows rounds. */
#include "ref.h"

enum { X, W, X_SCALE, W_SCALE, X_ZERO, W_ZERO, BIAS, Y };

static int64_t code(const real *p, int64_t i)
{
    return p ? (int64_t)p[i] : 0;
}

REFERENCE(matmul_int8)
{
    const int64_t T = a->dim[0], N = a->dim[1], K = a->dim[2];
    const real *x = a->operand[X], *w = a->operand[W];                         /* (T,K) (N,K) */
    const real *x_scale = a->operand[X_SCALE], *w_scale = a->operand[W_SCALE]; /* (T) (N) */
    const real *bias = a->operand[BIAS];                                       /* (N) or NULL */
    real *y = a->operand[Y];                                                   /* (T,N) */

    for (int64_t t = 0; t < T; t++)
        for (int64_t n = 0; n < N; n++) {
            const int64_t x_zero = code(a->operand[X_ZERO], t), w_zero = code(a->operand[W_ZERO], n);
            int64_t sum = 0;
            for (int64_t k = 0; k < K; k++)
                sum += (code(x, t * K + k) - x_zero) * (code(w, n * K + k) - w_zero);
            y[t * N + n] = x_scale[t] * w_scale[n] * (real)sum + (bias ? bias[n] : 0);
        }
}
