/* SPDX-License-Identifier: MIT
 * layernorm: y[r,c] = w[c] (x[r,c] - m[r]) / sqrt(v[r] + eps) + bias[c],  m = mean(x[r,]), v = mean((x[r,] - m)^2)
 * Ba, Kiros and Hinton 2016; divided by C, not C - 1; eps inside the root; in two passes.  Equal elements have no
 * deviation to divide by if eps is 0: y is the bias. */
#include "assay/params/layernorm.h"
#include "ref.h"

REFERENCE(layernorm)
{
    const assay_layernorm_params *p = a->params;
    const int64_t R = a->dim[0], C = a->dim[1];
    const real *x = a->operand[0], *w = a->operand[1], *bias = a->operand[2]; /* (R,C) (C) (C) */
    real *y = a->operand[3];                                                  /* (R,C) */

    for (int64_t r = 0; r < R; r++, x += C, y += C) {
        real m = 0, v = 0;
        for (int64_t c = 0; c < C; c++)
            m += x[c];
        m /= C;
        for (int64_t c = 0; c < C; c++)
            v += (x[c] - m) * (x[c] - m);
        v = v / C + p->eps;
        const real s = v > 0 ? 1 / sqrt(v) : 0;
        for (int64_t c = 0; c < C; c++)
            y[c] = (w ? w[c] : 1) * (s * (x[c] - m)) + (bias ? bias[c] : 0);
    }
}
