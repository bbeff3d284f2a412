/* SPDX-License-Identifier: MIT
 * softmax: y[r,c] = e[c] / sum_c e[c],  e[c] = exp(z[c] - max z),  z = scale x + mask
 * A sink is one more logit of a row, neither scaled nor masked, that takes its part of the sum and is dropped
 * (gpt-oss). Shifted by the maximum, which cancels.  A masked element (mask -inf) is not an operand: nothing of it
 * reaches y, not even NaN; a row without any element above -inf is 0. */
#include "assay/params/softmax.h"
#include "ref.h"

REFERENCE(softmax)
{
    const assay_softmax_params *p = a->params;
    const int64_t R = a->dim[0], C = a->dim[1];
    const real scale = p->scale == 0 ? 1 : p->scale;
    const real *x = a->operand[0], *mask = a->operand[1], *sinks = a->operand[2]; /* (R,C), (R,C), (R) */
    real *y = a->operand[3];                                                      /* (R,C) */

    for (int64_t r = 0; r < R; r++, x += C, y += C) {
        real m = sinks ? sinks[r] : -INFINITY, sum = 0;
        for (int64_t c = 0; c < C; c++) {
            const real bias = mask ? mask[r * C + c] : 0;
            y[c] = bias == -INFINITY ? bias : scale * x[c] + bias;
            m = y[c] > m ? y[c] : m;
        }
        if (sinks && m != -INFINITY)
            sum = exp(sinks[r] - m);
        for (int64_t c = 0; c < C; c++) {
            y[c] = y[c] == -INFINITY ? 0 : exp(y[c] - m);
            sum += y[c];
        }
        for (int64_t c = 0; c < C; c++)
            y[c] = sum == 0 ? 0 : y[c] / sum;
    }
}
