/* SPDX-License-Identifier: MIT
 * dequantize: y[r,c] = x[r,c], read from x's element type (reference/core/dtype*.c).  Every value that a block can
 * hold is either exact in f32 or one sum of two exact products, rounded once: one right answer. */
#include "ref.h"

REFERENCE(dequantize)
{
    const int64_t n = a->dim[0] * a->dim[1];
    const real *x = a->operand[0]; /* (R,C) */
    real *y = a->operand[1];       /* (R,C) */

    for (int64_t i = 0; i < n; i++)
        y[i] = x[i];
}
