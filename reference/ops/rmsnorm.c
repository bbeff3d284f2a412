/* SPDX-License-Identifier: MIT
 * rmsnorm: y[r,c] = g[c] * x[r,c] / sqrt(mean_c(x[r,c]^2) + eps),  g = w or 1 + w
 * Zhang and Sennrich 2019 (RMSNorm); eps inside the root as in LLaMA; 1 + w as in Gemma. */
#include "assay/params/rmsnorm.h"
#include "ref.h"

REFERENCE(rmsnorm)
{
    const assay_rmsnorm_params *p = a->params;
    const int64_t R = a->dim[0], C = a->dim[1];
    const real *x = a->operand[0]; /* (R,C) */
    const real *w = a->operand[1]; /* (C)   */
    real *y = a->operand[2];       /* (R,C) */

    for (int64_t r = 0; r < R; r++, x += C, y += C) {
        real ss = 0;
        for (int64_t c = 0; c < C; c++)
            ss += x[c] * x[c];
        const real s = 1 / sqrt(ss / C + p->eps);
        for (int64_t c = 0; c < C; c++)
            y[c] = (p->plus_one ? 1 + w[c] : w[c]) * (s * x[c]);
    }
}
