/* SPDX-License-Identifier: MIT
 * softmax (numerics.md 1.3): an element's exponential is off by the factor 1 + rho, rho = (e_exp + arg) u, where
 * arg = |z - max z| + what rounding scale x and + mask may do to z.  Relative to y_i the errors of numerator and sum
 * make (1 - y_i) rho_i + sum_{j != i} y_j rho_j: what is common cancels.  Then the sum's own rounding and the division.
 * An exponential that is subnormal is off by eta, so y by eta / sum. */
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
        double m = -INFINITY, sum = 0;
        for (int64_t i = r * C; i < (r + 1) * C; i++)
            m = fmax(m, logit(a, i, &moved));
        for (int64_t i = r * C; i < (r + 1) * C; i++) {
            const double z = logit(a, i, &moved);
            planes[0][i] = z > -INFINITY ? m - z + moved : 0;
            sum += z > -INFINITY ? exp(z - m) : 0;
        }
        planes[1][r] = sum;
    }
}

void assay_softmax_bound(const assay_dense *a, double *const *planes, const assay_contract *c, double *const *b)
{
    const int64_t R = a->dim[0], C = a->dim[1];
    const double *y = a->operand[2], *arg = planes[0], u = bound_u(c), e = BOUND_E(c, e_exp, 4);
    const double rest = bound_c(c, (double)C, 0) + BOUND_E(c, e_div, 2) * u;
    for (int64_t r = 0; r < R; r++) {
        double all = 0; /* sum_j y_j rho_j */
        for (int64_t i = r * C; i < (r + 1) * C; i++)
            all += y[i] > 0 ? y[i] * expm1(fmin((e + arg[i]) * u, 1)) : 0;
        for (int64_t i = r * C; i < (r + 1) * C; i++) {
            const double rho = y[i] > 0 ? expm1(fmin((e + arg[i]) * u, 1)) : 0;
            const double ratio = fmax((1 - 2 * y[i]) * rho + all, 0) / (1 - fmin(all, 0.5));
            /* nothing is known of a row whose logits may move by more than 1/2: any weight up to 1 */
            b[2][i] = all > 0.5 ? 1 : y[i] * (ratio * (1 + rest) + rest) + bound_eta(c) * (planes[1][r] > 0);
        }
    }
}
