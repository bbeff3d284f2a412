/* SPDX-License-Identifier: MIT
 * gelu: y = h (1 + E), h = |x|/2, with E = erf(z) or tanh(z), off by what z is off (moved) and by the primitive, which
 * is E itself, its complement 1 + E, or an exponential (tanh, quick); gelu.bound.md derives it.  planes: 1 + E. */
#include "gelu.h"
#include "bound.h"

KAPPA(gelu)
{
    const assay_gelu_params *p = a->params;
    const double *x = a->operand[0];
    for (int64_t i = 0; i < a->dim[0] * a->dim[1]; i++)
        planes[0][i] = gelu_whole(gelu_argument(x[i], p->form), p->form);
}

/* How far E is off because z is, by the factor 1 +- off. */
static double moved_by(double z, double off, int32_t form)
{
    return fabs(z) * off * gelu_slope(fabs(z) * fmax(1 - off, 0), form);
}

BOUND(gelu)
{
    const assay_gelu_params *p = a->params;
    const bool by_erf = p->form == ASSAY_GELU_ERF, quick = p->form == ASSAY_GELU_QUICK;
    const double *x = a->operand[0], *y = a->operand[1], u = bound_u(c), div = BOUND_E(c, e_div);
    const double off = bound_gamma(by_erf  ? div + 1
                                   : quick ? 2
                                           : 7,
                                   u),
                 exponential = bound_gamma(BOUND_E(c, e_exp), u);
    const double primitive = bound_gamma((by_erf ? BOUND_E(c, e_erf) : BOUND_E(c, e_tanh)) + 1, u);
    const double last = bound_gamma(by_erf ? 2 : div + 2, u);
    for (int64_t i = 0; i < a->dim[0] * a->dim[1]; i++) {
        const double z = gelu_argument(x[i], p->form), whole = planes[0][i], moved = moved_by(z, off, p->form);
        const double E = fabs(by_erf ? erf(z) : tanh(z)), by_exp = exponential * whole * (2 - whole) / 2;
        const double size = !by_erf ? E : c->erfc ? whole : fmax(E, whole), by_itself = primitive * (size + moved);
        const double rough = moved + (by_erf ? by_itself : quick ? by_exp : fmax(by_itself, by_exp));
        const double half = fabs(x[i]) / 2, under = x[i] < 0 ? 1 - x[i] : 1;
        b[1][i] = x[i] == -INFINITY ? NAN : fabs(y[i]) * last + half * rough * (1 + last) + under * bound_eta(c);
    }
}
