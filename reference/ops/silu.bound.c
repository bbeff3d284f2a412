/* SPDX-License-Identifier: MIT
 * silu: |y - g| <= |g| gamma(e_exp (1 - s) + e_div + 2) + eta (1, or 1 - x below 0),  s = 1/(1 + e^-x): d ln y / d ln
 * e^-|x| is at most 1 - s on both sides of 0.  An exponential below the normal range is off by eta and multiplied by x.
 * At -inf the limit 0 is right, and so is the NaN of x / (1 + e^-x). */
#include "bound.h"

KAPPA(silu)
{
    const double *x = a->operand[0];
    for (int64_t i = 0; i < a->dim[0] * a->dim[1]; i++)
        planes[0][i] = 1 / (1 + exp(x[i])); /* 1 - s without cancellation */
}

BOUND(silu)
{
    const double *x = a->operand[0], *y = a->operand[1], e = BOUND_E(c, e_exp);
    const double u = bound_u(c), rest = BOUND_E(c, e_div) + 2;
    for (int64_t i = 0; i < a->dim[0] * a->dim[1]; i++)
        b[1][i] = x[i] == -INFINITY
                      ? NAN
                      : fabs(y[i]) * bound_gamma(e * planes[0][i] + rest, u) + (x[i] < 0 ? 1 - x[i] : 1) * bound_eta(c);
}
