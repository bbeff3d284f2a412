/* SPDX-License-Identifier: MIT
 * add: y = a + b, rounded to f32, then to y's type. */
#include "ref.h"

REFERENCE(add)
{
    const int64_t n = a->dim[0] * a->dim[1];
    const real *x = a->operand[0], *b = a->operand[1]; /* (R,C) */
    real *y = a->operand[2];                           /* (R,C) */

    for (int64_t i = 0; i < n; i++)
        y[i] = (real)(float)(x[i] + b[i]);
}
