/* SPDX-License-Identifier: MIT
 * add_layernorm: t = x + alpha residual, y[r,c] = w[c] (t[r,c] - m[r]) / sqrt(v[r] + eps) + bias[c],
 * m = mean(t[r,]), v = mean((t[r,] - m)^2)
 * Post-norm (alpha 1) and DeepNorm (Wang 2022, figure 2: alpha by the number of layers).  No list of parts: neither
 * product nor sum is an op of its own that leaves open whether one is rounded before the other. */
#include "assay/params/add_layernorm.h"
#include "ref.h"

REFERENCE(add_layernorm)
{
    const assay_add_layernorm_params *p = a->params;
    const int64_t R = a->dim[0], C = a->dim[1];
    const real *x = a->operand[0], *residual = a->operand[1]; /* (R,C) (R,C) */
    const real *w = a->operand[2], *bias = a->operand[3];     /* (C) (C) */
    real *y = a->operand[4], *sum = a->operand[5];            /* (R,C) (R,C) */

    for (int64_t r = 0; r < R; r++, x += C, residual += C, y += C) {
        real m = 0, v = 0;
        for (int64_t c = 0; c < C; c++)
            y[c] = x[c] + p->alpha * residual[c], m += y[c];
        for (int64_t c = 0; sum && c < C; c++)
            sum[r * C + c] = y[c];
        m /= C;
        for (int64_t c = 0; c < C; c++)
            v += (y[c] - m) * (y[c] - m);
        v = v / C + p->eps;
        const real s = v > 0 ? 1 / sqrt(v) : 0;
        for (int64_t c = 0; c < C; c++)
            y[c] = (w ? w[c] : 1) * (s * (y[c] - m)) + (bias ? bias[c] : 0);
    }
}
