/* SPDX-License-Identifier: MIT
 * swiglu: the bound of silu and one more rounding; what underflows inside silu is multiplied by up.  An up that is
 * flushed (ftz) is multiplied by silu.  A gate of -inf: as silu.  An infinite up times a silu that may be rounded to 0:
 * the infinity is right, and so is NaN. */
#include "bound.h"

KAPPA(swiglu)
{
    const double *gate = a->operand[0];
    for (int64_t i = 0; i < a->dim[0] * a->dim[1]; i++)
        planes[0][i] = 1 / (1 + exp(gate[i]));
}

BOUND(swiglu)
{
    const double *gate = a->operand[0], *up = a->operand[1], *y = a->operand[2];
    const double u = bound_u(c), e = BOUND_E(c, e_exp), rest = BOUND_E(c, e_div) + 3;
    for (int64_t i = 0; i < a->dim[0] * a->dim[1]; i++) {
        const double under = (gate[i] < 0 ? 1 - gate[i] : 1) * bound_eta(c);
        const double flushed = c->ftz ? fabs(gate[i]) * (1 - planes[0][i]) * bound_eta(c) : 0;
        const double silu = gate[i] == -INFINITY ? 0 : gate[i] / (1 + exp(-gate[i]));
        b[2][i] = gate[i] == -INFINITY || (isinf(up[i]) && fabs(silu) <= under)
                      ? NAN
                      : fabs(y[i]) * bound_gamma(e * planes[0][i] + rest, u) + (fabs(up[i]) + 1) * under + flushed;
    }
}
