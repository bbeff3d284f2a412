/* SPDX-License-Identifier: MIT
 * swiglu: y = silu(gate) up,  silu(x) = x / (1 + e^-x)   (Shazeer 2020, equation 6) */
#include "ref.h"

REFERENCE(swiglu)
{
    const int64_t n = a->dim[0] * a->dim[1];
    const real *gate = a->operand[0], *up = a->operand[1]; /* (R,C) */
    real *y = a->operand[2];                               /* (R,C) */

    for (int64_t i = 0; i < n; i++) {
        const real x = gate[i], e = exp(-fabs(x));
        const real silu = x == -INFINITY ? -(real)0 : (x < 0 ? x * e : x) / (1 + e);
        y[i] = silu * up[i];
    }
}
