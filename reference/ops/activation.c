/* SPDX-License-Identifier: MIT
 * activation: y = f(x), element by element, in forms that keep the digits of small results: log1p, expm1, and
 * exponentials of -|x|, which cannot overflow.  hardswish and mish have their limit, -0, at -inf. */
#include "assay/params/activation.h"
#include "ref.h"

typedef assay_activation_params params;

static real relu(real x)
{
    return x < 0 ? 0 : x;
}
static real sigmoid(real x)
{
    const real e = exp(-fabs(x));
    return (x < 0 ? e : 1) / (1 + e);
}
static real softplus(real x, const params *p)
{
    const real z = p->beta * x;
    return p->threshold > 0 && z > p->threshold ? x : relu(x) + log1p(exp(-fabs(z))) / p->beta;
}
static real hardswish(real x)
{
    return x == -INFINITY ? -(real)0 : x * fmin(fmax(x + 3, 0), 6) / 6;
}
/* tanh(ln(1 + t)) = n / (n + 2), n = t (t + 2), t = e^x; above and below times e^-2x where x is not negative */
static real mish(real x, const params *p)
{
    const real e = exp(-fabs(x)), n = x < 0 ? e * (e + 2) : 1 + 2 * e;
    return x == -INFINITY                         ? -(real)0
           : p->threshold > 0 && x > p->threshold ? x * tanh(x)
                                                  : x * (n / (n + (x < 0 ? 2 : 2 * e * e)));
}

static real of(real x, const params *p)
{
    switch (p->form) {
    case ASSAY_ACTIVATION_RELU:
        return relu(x);
    case ASSAY_ACTIVATION_RELU2:
        return relu(x) * relu(x);
    case ASSAY_ACTIVATION_SIGMOID:
        return sigmoid(x);
    case ASSAY_ACTIVATION_TANH:
        return tanh(x);
    case ASSAY_ACTIVATION_SOFTPLUS:
        return softplus(x, p);
    case ASSAY_ACTIVATION_HARDSWISH:
        return hardswish(x);
    case ASSAY_ACTIVATION_ELU:
        return x > 0 ? x : p->alpha * expm1(x);
    case ASSAY_ACTIVATION_MISH:
        return mish(x, p);
    default:
        return p->cap * tanh(x / p->cap);
    }
}

REFERENCE(activation)
{
    const params *p = a->params;
    const int64_t n = a->dim[0] * a->dim[1];
    const real *x = a->operand[0]; /* (R,C) */
    real *y = a->operand[1];       /* (R,C) */

    for (int64_t i = 0; i < n; i++)
        y[i] = of(x[i], p);
}
