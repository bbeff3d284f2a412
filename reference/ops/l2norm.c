/* SPDX-License-Identifier: MIT
 * l2norm: y[r,c] = x[r,c] / n[r],  n = max(sqrt(sum_c x[r,c]^2), eps) or sqrt(sum_c x[r,c]^2 + eps)
 * The former as torch.nn.functional.normalize and ggml_l2_norm, the latter as Qwen3-Next (flash-linear-attention). */
#include "assay/params/l2norm.h"
#include "ref.h"

REFERENCE(l2norm)
{
    const assay_l2norm_params *p = a->params;
    const int64_t R = a->dim[0], C = a->dim[1];
    const real *x = a->operand[0]; /* (R,C) */
    real *y = a->operand[1];       /* (R,C) */

    for (int64_t r = 0; r < R; r++, x += C, y += C) {
        real ss = 0;
        for (int64_t c = 0; c < C; c++)
            ss += x[c] * x[c];
        const real root = sqrt(p->form == ASSAY_L2_SUM ? ss + p->eps : ss);
        const real n = p->form == ASSAY_L2_MAX && root < p->eps ? p->eps : root; /* a NaN stays */
        for (int64_t c = 0; c < C; c++)
            y[c] = x[c] / n;
    }
}
