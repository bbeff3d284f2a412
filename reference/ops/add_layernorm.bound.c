/* SPDX-License-Identifier: MIT
 * add_layernorm: layernorm's bound with sums that are off by e each, by me in the mean, by rho in the root of the mean
 * square; add_layernorm.bound.md derives it.  planes: the sums, layernorm's of them. */
#include "assay/params/add_layernorm.h"
#include "bound.h"

enum { X, RESIDUAL, W, BIAS, Y, SUM_OUT };
enum { SUM, MEAN, VARIANCE, SIZE };

KAPPA(layernorm);

KAPPA(add_layernorm)
{
    const assay_add_layernorm_params *p = a->params;
    const double *x = a->operand[X], *residual = a->operand[RESIDUAL];
    for (int64_t i = 0; i < a->dim[0] * a->dim[1]; i++)
        planes[SUM][i] = x[i] + (double)p->alpha * residual[i];
    assay_layernorm_kappa(&(assay_dense){ (void *const[]){ planes[SUM] }, NULL, a->dim, a->params }, planes + MEAN);
}

/* How far a sum may be off: rounded, and the product before it unless it is exact or fused. */
static double sum_off(const assay_contract *c, double t, double product, double alpha)
{
    const double u = bound_u(c), eta = bound_eta(c);
    return u * fabs(t) + (alpha == 1 ? 0 : (1 + u) * (u * fabs(product) + eta)) + (c->ftz ? (alpha + 3) * eta : 0);
}

BOUND(add_layernorm)
{
    const assay_add_layernorm_params *p = a->params;
    const int64_t R = a->dim[0], C = a->dim[1];
    const double *residual = a->operand[RESIDUAL], *w = a->operand[W], *bias = a->operand[BIAS], *y = a->operand[Y];
    const double *t = planes[SUM], n = (double)C, alpha = p->alpha;
    const double u = bound_u(c), eta = bound_eta(c), rest = bound_gamma(BOUND_E(c, e_rsqrt) + 4, u);
    const double sums = bound_c(c, n, 5);
    for (int64_t r = 0; r < R; r++) {
        double me = 0, rho = 0, top = 0;
        for (int64_t i = r * C; i < (r + 1) * C; i++) {
            const double e = sum_off(c, t[i], alpha * residual[i], alpha);
            me += e, rho += e * e, top = fmax(top, fabs(alpha * residual[i]));
        }
        me /= n, rho = sqrt(rho / n);
        const double v = planes[VARIANCE][r], a2 = v + p->eps, far = fabs(planes[MEAN][r]) + me;
        const double size = planes[SIZE][r] + me, dm = bound_c(c, n, 2) * size + eta, most = far + dm;
        const double spread = 2 * sqrt(v) * rho + rho * rho, lost = 2 * eta / a2;
        const double apart = bound_c(c, n, 4) * (v + spread + far * far + most * most) + (2 * far + dm) * dm;
        const double once = c->one_pass_var ? apart + spread : 0;
        const double low = fmax(sums * v + 2 * sqrt(v) * rho, once) / a2 + lost;
        const double high = fmax(sums * (v + spread) + spread + (1 + sums) * dm * dm, once) / a2 + lost;
        const double up = expm1(log1p(rest) - log1p(-low) / 2), down = -expm1(log1p(-rest) - log1p(high) / 2);
        const double s = 1 / sqrt(a2), one_pass = c->one_pass_var ? far * far : 0;
        const double squares = fmax(fmax(n * (v + one_pass + high * a2), n * size), top);
        const double any = c->one_pass_var ? bound_over(c, squares) : 0;
        const double worst = fmax(fmax(up, down), bound_either(c, squares) < 0 ? 1 : 0);
        for (int64_t i = r * C; i < (r + 1) * C; i++) {
            const double e = sum_off(c, t[i], alpha * residual[i], alpha), d = fabs(t[i] - planes[MEAN][r]);
            const double g = w ? fabs(w[i % C]) : 1, shift = bias ? fabs(bias[i % C]) : 0, part = d + e + far;
            const double off = g * s * (d * worst + (dm + me + e + 3 * u * far) * (1 + up));
            const double last = bias ? u * (fabs(y[i]) + off + shift) : 0;
            const double under = 1 + g + s + part + (c->ftz ? s * (g + part) : 0);
            const double either = bound_either(c, fmax(squares, g * fmax(part, fmax(s, s * part))));
            b[Y][i] = isinf(g)        ? NAN
                      : up < INFINITY ? (off + last + eta * under + any) * either
                      : isinf(y[i])   ? NAN
                                      : INFINITY;
            if (b[SUM_OUT])
                b[SUM_OUT][i] = e * bound_either(c, fabs(alpha * residual[i]));
        }
    }
}
