/* SPDX-License-Identifier: MIT
 * layernorm: y = g d s + bias, d = x - m, s = 1/sqrt(a), a = v + eps; layernorm.bound.md derives it.  Infinite where
 * the root's argument may be 0; where something overflows NaN and infinities are right besides, and the bias alone.
 * planes: m, v, mean(|x|). */
#include "assay/params/layernorm.h"
#include "bound.h"

KAPPA(layernorm)
{
    const int64_t R = a->dim[0], C = a->dim[1];
    const double *x = a->operand[0];
    for (int64_t r = 0; r < R; r++, x += C) {
        double m = 0, v = 0, size = 0;
        for (int64_t c = 0; c < C; c++)
            m += x[c], size += fabs(x[c]) / (double)C;
        m /= (double)C;
        for (int64_t c = 0; c < C; c++)
            v += (x[c] - m) * (x[c] - m) / (double)C;
        planes[0][r] = m, planes[1][r] = v, planes[2][r] = size;
    }
}

BOUND(layernorm)
{
    const assay_layernorm_params *p = a->params;
    const int64_t R = a->dim[0], C = a->dim[1];
    const double *x = a->operand[0], *w = a->operand[1], *bias = a->operand[2], *y = a->operand[3], n = (double)C;
    const double u = bound_u(c), eta = bound_eta(c), rest = bound_gamma(BOUND_E(c, e_rsqrt) + 4, u);
    for (int64_t i = 0; i < R * C; i++) {
        const double m = planes[0][i / C], v = planes[1][i / C], size = planes[2][i / C], a2 = v + p->eps;
        const double dm = bound_c(c, n, 2) * size + eta, sums = bound_c(c, n, 5), most = fabs(m) + dm;
        const double apart = bound_c(c, n, 4) * (v + m * m + most * most) + (2 * fabs(m) + dm) * dm;
        const double lost = 2 * eta / a2, once = c->one_pass_var ? apart : 0, low = fmax(sums * v, once) / a2 + lost;
        const double high = fmax(sums * v + (1 + sums) * dm * dm, once) / a2 + lost;
        const double up = expm1(log1p(rest) - log1p(-low) / 2), down = -expm1(log1p(-rest) - log1p(high) / 2);
        const double s = 1 / sqrt(a2);
        const double d = fabs(x[i] - m), g = w ? fabs(w[i % C]) : 1, shift = bias ? fabs(bias[i % C]) : 0;
        const double squares = fmax(n * (v + (c->one_pass_var ? m * m : 0) + high * a2), n * size);
        const double lost_all = bound_either(c, squares) < 0 ? 1 : 0,
                     any = c->one_pass_var ? bound_over(c, squares) : 0;
        const double off = g * s * (d * fmax(fmax(up, down), lost_all) + (dm + 3 * u * fabs(m)) * (1 + up));
        const double last = bias ? u * (fabs(y[i]) + off + shift) : 0, part = d + fabs(m);
        const double under = 1 + g + s + part + (c->ftz ? s * (g + part) : 0);
        const double either = bound_either(c, fmax(squares, g * fmax(part, fmax(s, s * part))));
        b[3][i] = isinf(g)        ? NAN
                  : up < INFINITY ? (off + last + eta * under + any) * either
                  : isinf(y[i])   ? NAN
                                  : INFINITY;
    }
}
