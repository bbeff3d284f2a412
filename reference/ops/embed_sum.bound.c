/* SPDX-License-Identifier: MIT
 * embed_sum: one sum, or two in any order: the last rounds y, the first one a sum of two; embed_sum.bound.md derives
 * it. planes: the largest sum of two of three terms. */
#include "assay/params/embed_sum.h"
#include "bound.h"

KAPPA(embed_sum)
{
    const assay_embed_sum_params *p = a->params;
    const int64_t D = a->dim[1];
    const double *ids = a->operand[0], *token = a->operand[1], *pos = a->operand[2], *place = a->operand[3];
    const double *segs = a->operand[4], *segment = a->operand[5];
    for (int64_t i = 0; i < a->dim[0] * D; i++) {
        const int64_t t = i / D, d = i % D;
        const double x = token[(int64_t)ids[t] * D + d], y = place[((int64_t)pos[t] + p->offset) * D + d];
        const double z = segs ? segment[(int64_t)segs[t] * D + d] : 0;
        planes[0][i] = segs ? fmax(fabs(x + y), fmax(fabs(x + z), fabs(y + z))) : 0;
    }
}

BOUND(embed_sum)
{
    const double *y = a->operand[6], u = bound_u(c), sums = a->operand[4] ? 2 : 1;
    const double flushed = c->ftz ? (sums + 0.5) * bound_eta(c) : 0;
    for (int64_t i = 0; i < a->dim[0] * a->dim[1]; i++) {
        const double most = planes[0][i], size = fabs(y[i]);
        const double off = u * size + u * (1 + u) * most + flushed;
        b[6][i] = isinf(y[i]) ? 0 : off * bound_either(c, fmax(most, size));
    }
}
