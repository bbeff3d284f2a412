/* SPDX-License-Identifier: MIT
 * rmsnorm: with v = mean(x^2), a = v + eps, s = 1/sqrt(a), g = w or 1 + w, and d = v/a c(h) + 2 eta / a, what rounding
 * and underflow may do to the root's argument,
 *   |y - g s x| <= |g s x| ((1 + gamma(e_rsqrt + 4)) / sqrt(1 - d) - 1) + eta (1 + |g| + s + |x|)
 * Almost purely relative.  The last term: any two of g, s, x may meet first, and what that product loses to underflow
 * is multiplied by the third.  Where c(h) >= 3/4, of the sum 1/(1 + c(h)) is left, and of y 0, at least.  Infinite
 * where d >= 1, for the root may be that of 0, and NaN there if y is 0: 0 and NaN are right.  Where the squares may
 * overflow, 0 (1/inf) and NaN are right besides: then B is |y| at least; where g x or g s may, infinities and NaN are.
 * planes: v/a and 1/a. */
#include "assay/params/rmsnorm.h"
#include "bound.h"

KAPPA(rmsnorm)
{
    const assay_rmsnorm_params *p = a->params;
    const int64_t R = a->dim[0], C = a->dim[1];
    const double *x = a->operand[0];
    for (int64_t r = 0; r < R; r++, x += C) {
        double v = 0;
        for (int64_t c = 0; c < C; c++)
            v += x[c] * x[c] / (double)C;
        planes[0][r] = v + p->eps > 0 && isfinite(v) ? v / (v + p->eps) : 1;
        planes[1][r] = v + p->eps > 0 && isfinite(v) ? 1 / (v + p->eps) : 0;
    }
}

BOUND(rmsnorm)
{
    const assay_rmsnorm_params *p = a->params;
    const int64_t R = a->dim[0], C = a->dim[1];
    const double *x = a->operand[0], *w = a->operand[1], *y = a->operand[2], eta = bound_eta(c);
    /* each square is rounded once before it is summed: + 1; 1 + w is one more rounding */
    const double sum = bound_c(c, (double)C, 1), left = sum < 0.75 ? sum : sum / (1 + sum);
    const double rest = bound_gamma(BOUND_E(c, e_rsqrt) + 4 + (p->plus_one ? 1 : 0), bound_u(c));
    for (int64_t i = 0; i < R * C; i++) {
        const double inverse = planes[1][i / C], share = planes[0][i / C], d = share * left + 2 * eta * inverse;
        const double s = sqrt(inverse);
        const double relative = fmax(expm1(log1p(rest) - log1p(-fmin(d, 1)) / 2), sum < 0.75 ? 0 : 1);
        const double g = fabs(p->plus_one ? 1 + w[i % C] : w[i % C]), size = fabs(x[i]);
        const double under = 1 + g + s + size + (c->ftz ? (g + size) * s : 0);
        const double squares = inverse > 0 ? (double)C * (share * (1 + sum) / inverse + 2 * eta) : 0;
        const double either = fmin(bound_either(c, squares), bound_either(c, fmax(g * size, g * s)));
        const double lost = bound_either(c, squares) < 0 ? 1 : 0;
        b[2][i] = (fabs(y[i]) * fmax(relative, lost) + eta * under) * either;
    }
}
