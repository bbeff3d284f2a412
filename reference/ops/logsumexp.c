/* SPDX-License-Identifier: MIT
 * logsumexp: lse[r] = m + ln sum_c exp(z[c] - m),  z = scale x + mask,  m = max z
 * A masked element (mask -inf) is not an operand: nothing of it reaches lse, not even NaN; a row without any element
 * above -inf is -inf.  A logit of +inf makes NaN, as in softmax (PyTorch and SciPy: +inf). */
#include "assay/params/softmax.h"
#include "ref.h"

static real logit(const real *x, const real *mask, real scale, int64_t i)
{
    const real bias = mask ? mask[i] : 0;
    return bias == -INFINITY ? bias : scale * x[i] + bias;
}

REFERENCE(logsumexp)
{
    const assay_softmax_params *p = a->params;
    const int64_t R = a->dim[0], C = a->dim[1];
    const real scale = p->scale == 0 ? 1 : p->scale;
    const real *x = a->operand[0], *mask = a->operand[1]; /* (R,C) */
    real *lse = a->operand[2];                            /* (R) */

    for (int64_t r = 0; r < R; r++) {
        real m = -INFINITY, sum = 0;
        for (int64_t i = r * C; i < (r + 1) * C; i++) {
            const real z = logit(x, mask, scale, i);
            m = z > m ? z : m;
        }
        for (int64_t i = r * C; i < (r + 1) * C; i++) {
            const real z = logit(x, mask, scale, i);
            sum += z == -INFINITY ? 0 : exp(z - m);
        }
        lse[r] = sum == 0 ? -INFINITY : m + log(sum);
    }
}
