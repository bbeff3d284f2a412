/* SPDX-License-Identifier: MIT
 * matmul_gelu: gelu's bound (gelu.bound.c) at a value that is off by matmul's (matmul.bound.c): what gelu makes of the
 * latter, by its slope and its largest curve there, and its own error anywhere within it; matmul_gelu.bound.md derives
 * it.  planes: p, the product; matmul's A and M. */
#include "gelu.h"
#include "product.h"

KAPPA(matmul);

enum { X, W, BIAS, Y };
enum { P, A, M };

KAPPA(matmul_gelu)
{
    const int64_t N = a->dim[1];
    const double *bias = a->operand[BIAS];
    assay_matmul_kappa(a, (double *[]){ planes[A], NULL, planes[M], NULL }); /* no spreads */
    for (int64_t i = 0; i < a->dim[0] * N; i++)
        planes[P][i] = product_of(a, W, i) + (bias ? bias[i % N] : 0);
}

/* The derivative of z */
static double turn(double p, int32_t form)
{
    return form == ASSAY_GELU_ERF     ? 0.70710678118654752440
           : form == ASSAY_GELU_QUICK ? 0.851
                                      : 0.79788456080286535588 * (1 + 0.134145 * p * p);
}

/* At least |gelu''| wherever |x| is p or more */
static double curve(double p, int32_t form)
{
    const double z = gelu_argument(p, form), d = turn(p, form);
    const double d2 = form == ASSAY_GELU_TANH ? 0.79788456080286535588 * 0.26829 * p : 0;
    return form == ASSAY_GELU_ERF ? gelu_slope(z, form) * (d + p * z * d * d)
                                  : fmin(1.1, 4 * exp(-2 * z) * (d + p / 2 * (2 * d * d + d2)));
}

/* Gelu's own error at most, anywhere within Bp of p; moved: how far its result is off for that alone */
static double own(const assay_contract *c, double p, double Bp, double y, double moved, int32_t form)
{
    const bool by_erf = form == ASSAY_GELU_ERF, quick = form == ASSAY_GELU_QUICK;
    const double u = bound_u(c), div = BOUND_E(c, e_div), most = fabs(p) + Bp;
    const double off = bound_gamma(by_erf ? div + 1 : quick ? 2 : 7, u);
    const double exponential = bound_gamma(BOUND_E(c, e_exp), u), last = bound_gamma(by_erf ? 2 : div + 2, u);
    const double primitive = bound_gamma((by_erf ? BOUND_E(c, e_erf) : BOUND_E(c, e_tanh)) + 1, u);
    const double z = gelu_argument(p, form), Bz = Bp * turn(most, form), near = fmax(fabs(z) - Bz, 0);
    const double further = Bz * gelu_slope(near, form),
                 off_z = (fabs(z) + Bz) * off * gelu_slope(near * fmax(1 - off, 0), form);
    const double whole = gelu_whole(z, form), E = fabs(by_erf ? erf(z) : tanh(z));
    const double size = (!by_erf ? E : c->erfc ? whole : fmax(E, whole)) + further;
    const double by_itself = primitive * (size + off_z), by_exp = exponential * (whole * (2 - whole) / 2 + further);
    const double rough = off_z + (by_erf ? by_itself : quick ? by_exp : fmax(by_itself, by_exp));
    const double under = p - Bp < 0 ? 1 + Bp - p : 1;
    return (fabs(y) + moved) * last + most / 2 * rough * (1 + last) + under * bound_eta(c);
}

BOUND(matmul_gelu)
{
    const assay_gelu_params *params = a->params;
    const int32_t form = params->form;
    const int64_t n = a->dim[0] * a->dim[1], K = a->dim[2];
    const double rate = bound_c(c, (double)K, a->operand[BIAS] ? 2 : 1), floor = (double)(K + 1) * bound_eta(c);
    const double *sum = planes[c->split_min ? M : A], *y = a->operand[Y];
    for (int64_t i = 0; i < n; i++) {
        const double p = planes[P][i], flushed = c->ftz ? bound_eta(c) * product_sizes(a, W, i) : 0;
        const double Bp = rate * sum[i] + floor + flushed, either = bound_either(c, sum[i] + Bp);
        if (p == -INFINITY || (c->split_min && isinf(p))) { /* 0 and NaN are right; codes and minima of both signs */
            b[Y][i] = NAN;
            continue;
        }
        const double z = gelu_argument(p, form), whole = gelu_whole(z, form);
        const double steep = fabs(whole + p * gelu_slope(fabs(z), form) * turn(p, form)) / 2;
        const double moved = Bp * (steep + Bp * curve(fmax(fabs(p) - Bp, 0), form));
        b[Y][i] = (moved + own(c, p, Bp, y[i], moved, form) + (either < 0 ? fabs(y[i]) : 0)) * either;
    }
}
