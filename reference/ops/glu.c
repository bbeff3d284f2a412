/* SPDX-License-Identifier: MIT
 * glu: y = f(gate) up   (Shazeer 2020, equation 5; clamped: gpt-oss)
 * Exponentials of -|x|, which cannot overflow; a gate of -inf has the limit, 0.  Comparisons let a NaN stay. */
#include "assay/params/glu.h"
#include "ref.h"

/* x sigmoid(v), v of x's sign */
static real gated(real x, real v)
{
    const real e = exp(-fabs(v));
    return x == -INFINITY ? -(real)0 : (x < 0 ? x * e : x) / (1 + e);
}
static real clamped(real gate, real up, real alpha, real limit)
{
    const real g = gate > limit ? limit : gate, u = up > limit ? limit : up < -limit ? -limit : up;
    return gated(g, alpha * g) * (u + 1);
}
static real sigmoid(real x)
{
    const real e = exp(-fabs(x));
    return (x < 0 ? e : 1) / (1 + e);
}

static real one(real gate, real up, const assay_glu_params *p)
{
    switch (p->form) {
    case ASSAY_GLU_SIGMOID:
        return sigmoid(gate) * up;
    case ASSAY_GLU_RELU:
        return (gate < 0 ? 0 : gate) * up;
    case ASSAY_GLU_GELU: /* erfc keeps the digits that 1 + erf loses */
        return (gate == -INFINITY ? -(real)0 : gate * (erfc(-gate * (real)0.70710678118654752440) / 2)) * up;
    case ASSAY_GLU_GELU_TANH:
        return gated(gate, (real)1.59576912160573071176 * (gate + (real)0.044715 * gate * gate * gate)) * up;
    default:
        return clamped(gate, up, p->alpha, p->limit);
    }
}

REFERENCE(glu)
{
    const int64_t n = a->dim[0] * a->dim[1];
    const real *gate = a->operand[0], *up = a->operand[1]; /* (R,C) */
    real *y = a->operand[2];                               /* (R,C) */

    for (int64_t i = 0; i < n; i++)
        y[i] = one(gate[i], up[i], a->params);
}
