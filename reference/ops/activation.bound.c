/* SPDX-License-Identifier: MIT
 * activation: the roundings of each form, and what y follows where the argument of its exponential or its tanh is off;
 * activation.bound.md derives them.  planes: how far y follows (relative, of softplus as it is) a factor of the
 * exponential.
 */
#include "assay/params/activation.h"
#include "bound.h"

typedef struct place {
    double x, y, follows, u, eta;
    const assay_activation_params *p;
    const assay_contract *c;
} place;

KAPPA(activation)
{
    const assay_activation_params *p = a->params;
    const double *x = a->operand[0];
    for (int64_t i = 0; i < a->dim[0] * a->dim[1]; i++) {
        const double w = exp(-fabs(x[i])), n = x[i] < 0 ? w * (w + 2) : 1 + 2 * w;
        const double below = x[i] < 0 ? (w + 2) * (n + 2) : (1 + 2 * w) * (n + 2 * w * w);
        planes[0][i] = p->form == ASSAY_ACTIVATION_SIGMOID    ? 1 / (1 + exp(x[i]))
                       : p->form == ASSAY_ACTIVATION_SOFTPLUS ? 1 / (1 + exp(-p->beta * x[i]))
                       : p->form == ASSAY_ACTIVATION_MISH     ? 4 * (1 + w) * (x[i] < 0 ? 1 : w * w) / below
                                                              : 0;
    }
}

static double copy(const place *k) /* where y is x itself, or 0 */
{
    return k->c->ftz ? k->eta : 0;
}
static double square(const place *k)
{
    return k->y * bound_gamma(1, k->u) + k->eta;
}
static double sigmoid(const place *k)
{
    return k->y * bound_gamma(BOUND_E(k->c, e_exp) * k->follows + BOUND_E(k->c, e_div) + 1, k->u) + k->eta;
}
static double hyperbolic(const place *k)
{
    return fabs(k->y) * bound_gamma(BOUND_E(k->c, e_tanh), k->u) + k->eta;
}
static double softplus(const place *k)
{
    const double beta = k->p->beta, z = beta * k->x, t = k->p->threshold, div = BOUND_E(k->c, e_div);
    const double off = beta == 1 ? 0 : fabs(z) * bound_gamma(fmax(1, div), k->u);
    const double last = bound_gamma(BOUND_E(k->c, e_log) + div + 1, k->u);
    const double argument =
        bound_gamma(BOUND_E(k->c, e_exp), k->u) + (beta == 1 || isinf(z) ? 0 : fabs(z) * bound_gamma(1, k->u));
    const double jump = t > 0 && fabs(z - t) < off ? log1p(exp(-z)) / beta : 0;
    if (t > 0 && z - t > off)
        return copy(k);
    return (k->y * last + k->follows * argument / beta * (1 + last) + jump + k->eta * (1 + 1 / beta)) *
           bound_either(k->c, z);
}
static double hardswish(const place *k)
{
    const double div = BOUND_E(k->c, e_div), last = bound_gamma(div + 2, k->u);
    const double shift = fabs(k->x) < 4 ? k->x * k->x / 6 * bound_gamma(fmax(div, 2), k->u) : 0;
    if (k->x == -INFINITY)
        return NAN;
    return (fabs(k->y) * last + shift * (1 + last) + k->eta) * bound_either(k->c, 6 * k->x);
}
static double elu(const place *k)
{
    if (k->x > 0)
        return copy(k);
    return fabs(k->y) * bound_gamma(BOUND_E(k->c, e_exp) + 1, k->u) + k->eta * (1 + k->p->alpha);
}
static double mish(const place *k)
{
    const double by_tanh = BOUND_E(k->c, e_tanh) + BOUND_E(k->c, e_log) + 1, by_quotient = BOUND_E(k->c, e_div) + 4;
    const double under = k->x < 0 ? 1 - k->x : 1;
    if (k->x == -INFINITY)
        return NAN;
    return fabs(k->y) * bound_gamma(BOUND_E(k->c, e_exp) * k->follows + fmax(by_tanh, by_quotient), k->u) +
           k->eta * under;
}
static double softcap(const place *k)
{
    const double cap = k->p->cap, z = fabs(k->x / cap), off = bound_gamma(BOUND_E(k->c, e_div) + 1, k->u);
    const double last = bound_gamma(BOUND_E(k->c, e_tanh) + 1, k->u), e = exp(-2 * z * fmax(1 - off, 0));
    const double moved = isinf(z) ? 0 : cap * z * off * 4 * e / ((1 + e) * (1 + e));
    return fabs(k->y) * last + moved * (1 + last) + k->eta * (1 + cap);
}

BOUND(activation)
{
    static double (*const form[])(const place *) = { copy,      square, sigmoid, hyperbolic, softplus,
                                                     hardswish, elu,    mish,    softcap };
    const assay_activation_params *p = a->params;
    const double *x = a->operand[0], *y = a->operand[1];
    for (int64_t i = 0; i < a->dim[0] * a->dim[1]; i++)
        b[1][i] = form[p->form](&(place){ x[i], y[i], planes[0][i], bound_u(c), bound_eta(c), p, c });
}
