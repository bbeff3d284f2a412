/* SPDX-License-Identifier: MIT
 * silu: y = x / (1 + e^-x)   (Elfwing et al. 2018; swish with beta 1)
 * For x < 0 the same as x e^x / (1 + e^x), whose exponential cannot overflow; the limit at -inf is -0. */
#include "ref.h"

REFERENCE(silu)
{
    const int64_t n = a->dim[0] * a->dim[1];
    const real *x = a->operand[0]; /* (R,C) */
    real *y = a->operand[1];       /* (R,C) */

    for (int64_t i = 0; i < n; i++) {
        const real e = exp(-fabs(x[i]));
        y[i] = x[i] == -INFINITY ? -(real)0 : (x[i] < 0 ? x[i] * e : x[i]) / (1 + e);
    }
}
