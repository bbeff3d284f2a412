/* SPDX-License-Identifier: MIT
 * dropout: 1 - p, its reciprocal or a quotient, a product; nothing at p = 0, or of what is dropped (dropout.bound.md).
 */
#include "assay/params/dropout.h"
#include "bound.h"

KAPPA(dropout)
{
    (void)a, (void)planes;
}

BOUND(dropout)
{
    const assay_dropout_params *d = a->params;
    const double *y = a->operand[1], p = (double)d->p, eta = bound_eta(c);
    const double share = p > 0 ? bound_gamma(BOUND_E(c, e_div) + 2, bound_u(c)) : 0;
    const double under = (p > 0 ? eta : 0) + (c->ftz ? eta / (1 - p) / 2 : 0);
    (void)planes;
    for (int64_t i = 0; i < a->dim[0] * a->dim[1]; i++) {
        const double size = fabs(y[i]);
        b[1][i] = size == 0 || isinf(size) ? 0 : (size * share + under) * bound_either(c, size);
    }
}
