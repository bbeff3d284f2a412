/* SPDX-License-Identifier: MIT
 * log_softmax: y[r,c] = (z[c] - m) - ln sum_c exp(z[c] - m),  z = scale x + mask,  m = max z
 * The logarithm of the exact quotient: of the rounded one it is -inf from -104 on.  m and the logarithm are subtracted
 * one after the other: their sum would lose the digits of ln s where m is large.  A masked element (mask -inf) is not
 * an operand: nothing of it reaches y, not even NaN; it is -inf, and so is all of a row without any element above. */
#include "assay/params/softmax.h"
#include "ref.h"

REFERENCE(log_softmax)
{
    const assay_softmax_params *p = a->params;
    const int64_t R = a->dim[0], C = a->dim[1];
    const real scale = p->scale == 0 ? 1 : p->scale;
    const real *x = a->operand[0], *mask = a->operand[1]; /* (R,C) */
    real *y = a->operand[2];                              /* (R,C) */

    for (int64_t r = 0; r < R; r++, x += C, y += C) {
        real m = -INFINITY, sum = 0;
        for (int64_t c = 0; c < C; c++) {
            const real bias = mask ? mask[r * C + c] : 0;
            y[c] = bias == -INFINITY ? bias : scale * x[c] + bias;
            m = y[c] > m ? y[c] : m;
        }
        for (int64_t c = 0; c < C; c++)
            sum += y[c] == -INFINITY ? 0 : exp(y[c] - m);
        const real ln = log(sum);
        for (int64_t c = 0; c < C; c++)
            y[c] = sum == 0 ? -INFINITY : y[c] - m - ln;
    }
}
