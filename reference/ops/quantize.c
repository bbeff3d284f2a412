/* SPDX-License-Identifier: MIT
 * quantize: y[r,c] = x[r,c], written in y's element type.  In real numbers it is the identity: all there is to it is
 * the rule by which a type is written (reference/core/dtype*.c). */
#include "ref.h"

REFERENCE(quantize)
{
    const int64_t n = a->dim[0] * a->dim[1];
    const real *x = a->operand[0]; /* (R,C) */
    real *y = a->operand[1];       /* (R,C) */

    for (int64_t i = 0; i < n; i++)
        y[i] = x[i];
}
