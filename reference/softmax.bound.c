/* SPDX-License-Identifier: MIT
 * softmax: an element's exponential is off by the factor 1 + rho, ln(1 + rho) = u (e_exp + |z - max z| + moved + 4 u
 * most): moved is what rounding scale x and + mask may do to z, in u, most the largest of the row (the maximum that the
 * kernel has is off by as much).  Relative to y_i the errors of numerator and sum make
 *   q = ((1 - 2 y_i) rho_i + all) / (1 - all),  all = sum_j y_j rho_j: what is common cancels,
 * then the sum's own rounding and the division: y_i (q (1 + r) + r), r = gamma(h(n) + e_div), + 2 eta, for an
 * exponential that is subnormal is off by eta, and so is y.  Where a logit may move by 1/2 or all exceeds 1/2, nothing
 * is known but that y is at most 1. */
#include "bound.h"

void assay_softmax_kappa(const assay_dense *a, double *const *planes);
void assay_softmax_bound(const assay_dense *a, double *const *planes, const assay_contract *c, double *const *b);

/* z as the reference has it, and how much of it (in u) the roundings before the exponential may move */
static double logit(const assay_dense *a, int64_t i, double *moved)
{
    const assay_softmax_params *p = a->params;
    const double *x = a->operand[0], *mask = a->operand[1], scale = p->scale == 0 ? 1 : p->scale;
    const double s = scale * x[i], bias = mask ? mask[i] : 0;
    *moved = (scale == 1 ? 0 : fabs(s)) + (s == 0 || bias == 0 ? 0 : fabs(s + bias));
    return bias == -INFINITY ? bias : s + bias;
}

void assay_softmax_kappa(const assay_dense *a, double *const *planes)
{
    const int64_t R = a->dim[0], C = a->dim[1];
    double moved;
    for (int64_t r = 0; r < R; r++) {
        double m = -INFINITY, sum = 0, most = 0;
        for (int64_t i = r * C; i < (r + 1) * C; i++) {
            const double z = logit(a, i, &moved);
            m = fmax(m, z);
            most = z > -INFINITY ? fmax(most, moved) : most;
        }
        for (int64_t i = r * C; i < (r + 1) * C; i++) {
            const double z = logit(a, i, &moved);
            planes[0][i] = z > -INFINITY ? m - z + moved : 0;
            sum += z > -INFINITY ? exp(z - m) : 0;
        }
        planes[1][r] = sum;
        planes[2][r] = most;
    }
}

void assay_softmax_bound(const assay_dense *a, double *const *planes, const assay_contract *c, double *const *b)
{
    const int64_t R = a->dim[0], C = a->dim[1];
    const double *y = a->operand[2], *arg = planes[0], u = bound_u(c), e = BOUND_E(c, e_exp, 4);
    const double rest = bound_c(c, (double)C, BOUND_E(c, e_div, 2));
    for (int64_t r = 0; r < R; r++) {
        const double most = u * planes[2][r];
        double all = most < 0.5 ? 0 : 1;
        for (int64_t i = r * C; i < (r + 1) * C; i++)
            all += y[i] > 0 ? y[i] * expm1((e + arg[i] + 4 * most) * u) : 0;
        for (int64_t i = r * C; i < (r + 1) * C; i++) {
            const double rho = y[i] > 0 && all < 0.5 ? expm1((e + arg[i] + 4 * most) * u) : 0;
            const double ratio = ((1 - 2 * y[i]) * rho + all) / (1 - all);
            const double known = y[i] * (ratio * (1 + rest) + rest) + 2 * bound_eta(c) * (planes[1][r] > 0);
            b[2][i] = all < 0.5 ? known : 1;
        }
    }
}
