/* SPDX-License-Identifier: MIT
 * penalize: y = s - (f + p), s = z, z r or z / r, z = logits + bias, f = counts frequency; penalize.bound.md derives
 * it.  planes: |z|, |s|, |f|, and the largest sum of two of s, -f, -p, 0 where f or p is 0: then one sum is exact. */
#include "assay/params/penalize.h"
#include "bound.h"

enum { BIASED, SCALED, COUNTED, PARTIAL };

static double presence_of(const assay_dense *a, int64_t i)
{
    const assay_penalize_params *p = a->params;
    return ((const double *)a->operand[1])[i] > 0 ? p->presence : 0;
}
static bool seen_at(const assay_dense *a, int64_t i)
{
    return ((const double *)a->operand[a->operand[2] ? 2 : 1])[i] > 0;
}

KAPPA(penalize)
{
    const assay_penalize_params *k = a->params;
    const double *logits = a->operand[0], *counts = a->operand[1], *bias = a->operand[3];
    for (int64_t i = 0; i < a->dim[0] * a->dim[1]; i++) {
        const double z = logits[i] + (bias ? bias[i] : 0), f = counts[i] * k->frequency, p = presence_of(a, i);
        const double s = !seen_at(a, i) ? z : z < 0 ? z * k->repetition : z / k->repetition;
        planes[BIASED][i] = fabs(z), planes[SCALED][i] = fabs(s), planes[COUNTED][i] = fabs(f);
        planes[PARTIAL][i] = f == 0 || p == 0 ? 0 : fmax(fabs(f + p), fmax(fabs(s - f), fabs(s - p)));
    }
}

BOUND(penalize)
{
    const assay_penalize_params *k = a->params;
    const double *y = a->operand[4], u = bound_u(c), eta = bound_eta(c), r = k->repetition;
    for (int64_t i = 0; i < a->dim[0] * a->dim[1]; i++) {
        const double s = planes[SCALED][i], f = planes[COUNTED][i], most = planes[PARTIAL][i], p = presence_of(a, i);
        const bool scaled = seen_at(a, i) && r != 1, taken = f != 0 || p != 0;
        const double roundings = (a->operand[3] ? 1 : 0) + (scaled ? BOUND_E(c, e_div) + 1 : 0);
        const double off = s * bound_gamma(roundings, u) + (f != 0 ? u * f : 0);
        const double under = (scaled ? eta : 0) + (f != 0 ? eta : 0) + (c->ftz ? eta * (2 * fmax(r, 1 / r) + 3) : 0);
        const double sums = taken ? u * fabs(y[i]) + u * (1 + u) * most : 0;
        const double size = fmax(fmax(planes[BIASED][i], s), fmax(f, fmax(most, fabs(y[i]))));
        const double all = (off + under) * (taken ? (1 + u) * (1 + u) : 1) + sums;
        b[4][i] = isinf(y[i]) ? 0 : all * bound_either(c, size);
    }
}
