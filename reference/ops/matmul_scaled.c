/* SPDX-License-Identifier: MIT
 * matmul_scaled: y[t,n] = sum over groups g of columns: x_scale[t,g] scale[n/rows,g] sum_k x[t,k] (w[n,k] -
 * zero[n/rows,g]) Weights are codes, and a block of `rows` by `group` of them shares a scale and a zero point: AWQ and
 * GPTQ (1 by 128), a scale for a channel (1 by K) or for all, DeepSeek-V3's floats of 8 bits (128 by 128), NVFP4 (1 by
 * 16, the tensor's own scale in x_scale).  The last block of a row or column may be shorter.  Each group is summed
 * before it is scaled, so that an infinite scale meets a sum. */
#include "ref.h"
#include "assay/params/matmul_scaled.h"

enum { X, W, SCALE, ZERO, X_SCALE, Y };

REFERENCE(matmul_scaled)
{
    const assay_matmul_scaled_params *p = a->params;
    const int64_t T = a->dim[0], N = a->dim[1], K = a->dim[2], G = a->dim[4];
    const real *x = a->operand[X], *w = a->operand[W], *scale = a->operand[SCALE]; /* (T,K) (N,K) (R,G) */
    const real *zero = a->operand[ZERO], *x_scale = a->operand[X_SCALE];           /* (R,G) (T,G), or NULL */
    const int64_t rows = p->rows ? p->rows : N, group = p->group ? p->group : K;
    real *y = a->operand[Y]; /* (T,N) */

    for (int64_t t = 0; t < T; t++)
        for (int64_t n = 0; n < N; n++) {
            real all = 0, sum = 0;
            for (int64_t k = 0; k < K; k++) {
                const int64_t g = k / group, block = n / rows * G + g;
                sum += x[t * K + k] * (w[n * K + k] - (zero ? zero[block] : 0));
                if ((k + 1) % group && k + 1 < K)
                    continue;
                all += sum * scale[block] * (x_scale ? x_scale[t * G + g] : 1);
                sum = 0;
            }
            y[t * N + n] = all;
        }
}
