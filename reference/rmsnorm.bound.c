/* SPDX-License-Identifier: MIT
 * rmsnorm: |y - g| <= |g| (v/(v+eps) c(h)/2 + (e_rsqrt + 4) u),  v = mean(x^2): purely relative (numerics.md 1.3).
 * share = v/(v+eps): how much of the root's argument carries the error of the sum. */
#include "bound.h"

void assay_rmsnorm_kappa(const assay_dense *a, double *const *planes);
void assay_rmsnorm_bound(const assay_dense *a, double *const *planes, const assay_contract *c, double *const *b);

void assay_rmsnorm_kappa(const assay_dense *a, double *const *planes)
{
    const assay_rmsnorm_params *p = a->params;
    const int64_t R = a->dim[0], C = a->dim[1];
    const double *x = a->operand[0];
    for (int64_t r = 0; r < R; r++, x += C) {
        double v = 0;
        for (int64_t c = 0; c < C; c++)
            v += x[c] * x[c] / (double)C;
        planes[0][r] = v + p->eps > 0 && isfinite(v) ? v / (v + p->eps) : 1;
    }
}

void assay_rmsnorm_bound(const assay_dense *a, double *const *planes, const assay_contract *c, double *const *b)
{
    const assay_rmsnorm_params *p = a->params;
    const int64_t R = a->dim[0], C = a->dim[1];
    const double *y = a->operand[2], u = bound_u(c);
    /* each square is rounded once before it is summed: + 1; 1 + w is one more rounding */
    const double sum = bound_c(c, (double)C, 1), rest = (BOUND_E(c, e_rsqrt, 2) + 4 + (p->plus_one ? 1 : 0)) * u;
    for (int64_t i = 0; i < R * C; i++)
        b[2][i] = fabs(y[i]) * (planes[0][i / C] * sum / 2 + rest) + 2 * bound_eta(c);
}
