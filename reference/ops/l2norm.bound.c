/* SPDX-License-Identifier: MIT
 * l2norm: y = x s, s = 1/sqrt(a), a = max(v, eps^2) or v + eps, v = sum(x^2); l2norm.bound.md derives it.  Almost
 * purely relative.  Infinite where rounding and underflow may leave nothing of the root's argument; where the squares
 * overflow 0 (x / inf) and NaN are right besides.  planes: v and a. */
#include "assay/params/l2norm.h"
#include "bound.h"

KAPPA(l2norm)
{
    const assay_l2norm_params *p = a->params;
    const int64_t R = a->dim[0], C = a->dim[1];
    const double *x = a->operand[0], eps = p->eps;
    for (int64_t r = 0; r < R; r++, x += C) {
        double v = 0;
        for (int64_t c = 0; c < C; c++)
            v += x[c] * x[c];
        planes[0][r] = v, planes[1][r] = p->form == ASSAY_L2_SUM ? v + eps : v < eps * eps ? eps * eps : v;
    }
}

BOUND(l2norm)
{
    const assay_l2norm_params *p = a->params;
    const int64_t R = a->dim[0], C = a->dim[1];
    const double *x = a->operand[0], *y = a->operand[1], eta = bound_eta(c), n = (double)C;
    /* each square is rounded once before it is summed: + 1; where c(h) >= 3/4, of the sum 1/(1 + c(h)) is left, at
     * least, and of y nothing */
    const double sum = bound_c(c, n, 1), left = sum < 0.75 ? sum : sum / (1 + sum);
    const double rest = bound_gamma(BOUND_E(c, e_rsqrt) + 2, bound_u(c));
    for (int64_t i = 0; i < R * C; i++) {
        const double v = planes[0][i / C], argument = planes[1][i / C], s = 1 / sqrt(argument);
        const double share = isfinite(argument) ? v / argument : 0, lost = (n + 1) * eta / argument;
        const double d = (p->form == ASSAY_L2_SUM ? share * left : fmax(share - 1 + share * left, 0)) + lost;
        const double high = bound_either(c, v * (1 + sum)), least = sum < 0.75 && high > 0 ? 0 : 1;
        const double relative = fmax(expm1(log1p(rest) - log1p(-fmin(d, 1)) / 2), least);
        const double under = 1 + fabs(x[i]) + (c->ftz ? s : 0);
        b[1][i] = (fabs(y[i]) * relative + eta * under) * fmin(high, bound_either(c, s));
    }
}
