/* SPDX-License-Identifier: MIT
 * gate_up: with g = x gate^T off by B_g and u = x up^T off by B_u (the bounds of matmul), and D the largest |silu'|
 * within B_g of g, |y - silu(g) u| <= |silu(g)| B_u + (|u| + B_u) D B_g + swiglu's own bound at the values that the
 * kernel had. |silu'| <= |silu'(g)| + B_g curve, for |silu''(t)| <= min(1/2, e^-|t| max(2, |t|)), which falls as |t|
 * grows, taken at the least |t| within B_g of g; 1 - s moves by at most B_g / 4. planes: g, u; A, the sums of |x w|; M,
 * those of contracts with split_min (matmul.bound.c).  Where g may overflow to -inf, 0 is right besides, B at least
 * |y|; infinities and NaN are where any does. */
#include "product.h"

KAPPA(matmul);

enum { G, U, AG, AU, MG, MU };

static void product(const assay_dense *a, int w, double *y, double *A, double *M)
{
    void *operand[] = { a->operand[0], a->operand[w], NULL, NULL };
    void *minimum[] = { NULL, a->minimum ? a->minimum[w] : NULL };
    const assay_dense part = { .operand = operand, .dim = a->dim, .minimum = minimum };
    assay_matmul_kappa(&part, (double *[]){ A, NULL, M, NULL }); /* no spreads */
    for (int64_t i = 0; i < a->dim[0] * a->dim[1]; i++)
        y[i] = product_of(a, w, i);
}

KAPPA(gate_up)
{
    product(a, 1, planes[G], planes[AG], planes[MG]);
    product(a, 2, planes[U], planes[AU], planes[MU]);
}

BOUND(gate_up)
{
    const int64_t n = a->dim[0] * a->dim[1], K = a->dim[2];
    const double rate = bound_c(c, (double)K, 1), eta = bound_eta(c), floor = (double)(K + 1) * eta;
    const double u = bound_u(c), e_exp = BOUND_E(c, e_exp), rest = BOUND_E(c, e_div) + 3;
    const double *Ag = planes[c->split_min ? MG : AG], *Au = planes[c->split_min ? MU : AU];
    for (int64_t i = 0; i < n; i++) {
        const double g = planes[G][i], up = planes[U][i];
        const double Bg = rate * Ag[i] + floor + (c->ftz ? eta * product_sizes(a, 1, i) : 0);
        const double Bu = rate * Au[i] + floor + (c->ftz ? eta * product_sizes(a, 2, i) : 0);
        const double e = exp(-fabs(g)), s = (g < 0 ? e : 1) / (1 + e), falling = (g < 0 ? 1 : e) / (1 + e);
        const double near = fmax(fabs(g) - Bg, 0), curve = fmin(0.5, exp(-near) * fmax(2, near));
        const double slope = s * fabs(1 + g * falling) + Bg * curve;
        const double moved = fabs(g) * s * Bu + (fabs(up) + Bu) * slope * Bg;
        const double under = (g - Bg < 0 ? 1 + Bg - g : 1) * eta;
        const bool zero_up = fabs(up) <= Bu, zero_silu = fabs(g) * s <= slope * Bg + under;
        if ((isinf(up) && zero_silu) || (isinf(g) && zero_up)) { /* rounded to 0 it makes NaN of an infinity */
            b[3][i] = NAN;
            continue;
        }
        b[3][i] = (moved + (fabs(g * s * up) + moved) * bound_gamma(e_exp * fmin(falling + Bg / 4, 1) + rest, u) +
                   (fabs(up) + Bu + 1) * under + (c->ftz ? (fabs(g) + Bg) * eta : 0) +
                   (bound_either(c, Ag[i] + Bg) < 0 ? fabs(g * s * up) : 0)) *
                  bound_either(c, fmax(Ag[i] + Bg, Au[i] + Bu));
    }
}
