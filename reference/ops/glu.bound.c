/* SPDX-License-Identifier: MIT
 * glu: what f is off, times the other factor; glu.bound.md derives it.  planes: 1 + E of gelu's forms, of the others
 * how far the sigmoid follows a factor of its exponential. */
#include "assay/params/glu.h"
#include "bound.h"

typedef struct value { /* f and what it may be off: a share of it, and as it is */
    double f, factor, last, rough, under;
} value;

static double argument(double x, int32_t form)
{
    return form == ASSAY_GLU_GELU ? x * 0.70710678118654752440 : x * 0.79788456080286535588 * (1 + 0.044715 * x * x);
}

KAPPA(glu)
{
    const assay_glu_params *p = a->params;
    const double *gate = a->operand[0];
    for (int64_t i = 0; i < a->dim[0] * a->dim[1]; i++) {
        const double x = gate[i], z = argument(x, p->form), g = fmin(x, p->limit);
        planes[0][i] = p->form == ASSAY_GLU_GELU        ? erfc(-z)
                       : p->form == ASSAY_GLU_GELU_TANH ? 2 / (1 + exp(-2 * z))
                       : p->form == ASSAY_GLU_CLAMPED   ? 1 / (1 + exp(p->alpha * g))
                                                        : 1 / (1 + exp(x));
    }
}

/* As in gelu.bound.c */
static value gelu(double x, double whole, const assay_contract *c, bool by_erf)
{
    const double u = bound_u(c), div = BOUND_E(c, e_div),
                 z = argument(x, by_erf ? ASSAY_GLU_GELU : ASSAY_GLU_GELU_TANH);
    const double off = bound_gamma(by_erf ? div + 1 : 7, u), near = fabs(z) * fmax(1 - off, 0), e = exp(-2 * near);
    const double slope = by_erf ? 1.12837916709551257390 * exp(-near * near) : 4 * e / ((1 + e) * (1 + e));
    const double moved = slope == 0 ? 0 : fabs(z) * off * slope, E = fabs(by_erf ? erf(z) : tanh(z));
    const double size = !by_erf ? E : c->erfc ? whole : fmax(E, whole);
    const double itself = bound_gamma((by_erf ? BOUND_E(c, e_erf) : BOUND_E(c, e_tanh)) + 1, u) * (size + moved);
    const double by_exp = by_erf ? 0 : bound_gamma(BOUND_E(c, e_exp), u) * whole * (2 - whole) / 2;
    return (value){ .f = x == -INFINITY ? 0 : x * whole / 2,
                    .last = bound_gamma(by_erf ? 3 : div + 3, u),
                    .rough = fabs(x) / 2 * (moved + fmax(itself, by_exp)),
                    .under = x < 0 ? 1 - x : 1 };
}

static value value_of(double x, double up, double follows, const assay_glu_params *p, const assay_contract *c)
{
    const double u = bound_u(c), exponential = BOUND_E(c, e_exp) * follows, div = BOUND_E(c, e_div);
    const double g = fmin(x, p->limit), held = fmax(-p->limit, fmin(p->limit, up)), v = p->alpha * g;
    value k;
    switch (p->form) {
    case ASSAY_GLU_SIGMOID:
        return (value){ 1 / (1 + exp(-x)), up, bound_gamma(exponential + div + 2, u), 0, 1 };
    case ASSAY_GLU_RELU:
        return (value){ x < 0 ? 0 : x, up, bound_gamma(1, u), 0, c->ftz };
    case ASSAY_GLU_CLAMPED:
        return (value){ g == -INFINITY ? 0 : g / (1 + exp(-v)), held + 1,
                        bound_gamma(exponential + follows * fmin(fabs(v), 1000) + div + 4, u), 0, g < 0 ? 1 - g : 1 };
    default:
        k = gelu(x, follows, c, p->form == ASSAY_GLU_GELU);
        k.factor = up;
        return k;
    }
}

BOUND(glu)
{
    const assay_glu_params *p = a->params;
    const double *gate = a->operand[0], *up = a->operand[1], eta = bound_eta(c);
    for (int64_t i = 0; i < a->dim[0] * a->dim[1]; i++) {
        const value k = value_of(gate[i], up[i], planes[0][i], p, c);
        const double own = fabs(k.f) * k.last + k.rough * (1 + k.last) + k.under * eta;
        const bool limit = gate[i] == -INFINITY && p->form >= ASSAY_GLU_GELU;
        b[2][i] = limit || (isinf(k.factor) && fabs(k.f) <= own)
                      ? NAN
                      : fabs(k.factor) * own + fmax(k.under, 1) * eta + (c->ftz ? fabs(k.f) * eta : 0);
    }
}
