/* SPDX-License-Identifier: MIT
 * gelu: y = x Phi(x) = x/2 (1 + erf(x / sqrt 2)), or one of its approximations   (Hendrycks and Gimpel 2016)
 *   tanh    x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
 *   quick   x / (1 + e^(-1.702 x))
 * (1 + tanh v)/2 is 1/(1 + e^-2v): as in silu by an exponential that cannot overflow.  At -inf the limit, -0. */
#include "assay/params/gelu.h"
#include "ref.h"

static real activation(real x, int32_t form)
{
    if (x == -INFINITY)
        return -(real)0;
    if (form == ASSAY_GELU_ERF) /* erfc keeps the digits that 1 + erf loses */
        return x * (erfc(-x * (real)0.70710678118654752440) / 2);
    const real v =
        form == ASSAY_GELU_QUICK ? (real)1.702 * x : (real)1.59576912160573071176 * (x + (real)0.044715 * x * x * x);
    const real e = exp(-fabs(v));
    return (v < 0 ? x * e : x) / (1 + e);
}

REFERENCE(gelu)
{
    const assay_gelu_params *p = a->params;
    const int64_t n = a->dim[0] * a->dim[1];
    const real *x = a->operand[0]; /* (R,C) */
    real *y = a->operand[1];       /* (R,C) */

    for (int64_t i = 0; i < n; i++)
        y[i] = activation(x[i], p->form);
}
