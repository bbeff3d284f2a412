/* SPDX-License-Identifier: MIT
 * logsum.h - how far a kernel's ln of the sum of e^(z - m) may be off: what the bounds of log_softmax and logsumexp
 * have in common.  log_softmax.bound.md derives it. */
#ifndef ASSAY_OPS_LOGSUM_H
#define ASSAY_OPS_LOGSUM_H
#include "logits.h"

typedef struct logsum { /* of a row */
    double u, eta, e_exp, e_log, rounds, under, far, size;
    bool rough; /* raises were counted for f32: here each element may raise */
    double all; /* sum of share (1 + moved) (1 + kept) - 1: by what factor the sum may be off */
} logsum;

typedef struct logsum_part { /* of an element: its share of the sum; by how much rounding may move z, and the same as
                                factor less 1; the factor of the exponential and what follows; a kernel's |z - m| */
    double share, shift, moved, kept, distance;
} logsum_part;

static logsum_part logsum_at(const assay_dense *a, double *const *planes, const logsum *s, int64_t r, int64_t c)
{
    const int64_t i = r * a->dim[1] + c;
    double moved;
    const bool seen = logit(a, i, &moved) > -INFINITY;
    const double shift = s->u * (1 + s->u) * moved + s->under, apart = planes[ARG][i] - moved;
    logsum_part k = { seen ? exp(-apart) / planes[SUM][r] : 0, shift, expm1(shift), 0, apart + 2 * s->far };
    if (k.share > 0) {
        const double f = fmin(1, 2 * (1 - k.share)) + s->far, times = s->rough ? s->size : planes[RAISED][i];
        const double rounded = bound_gamma(s->e_exp * (f + times) + times + s->rounds, s->u);
        const double farther = expm1(s->u * k.distance);
        k.kept = farther + rounded + farther * rounded;
    }
    return k;
}

static logsum logsum_of(const assay_dense *a, double *const *planes, const assay_contract *c, int64_t r)
{
    const assay_softmax_params *p = a->params;
    const double u = bound_u(c), eta = bound_eta(c), C = (double)a->dim[1];
    logsum s = { u,
                 eta,
                 BOUND_E(c, e_exp),
                 BOUND_E(c, e_log),
                 bound_depth(c, C),
                 eta * (2 + (p->scale == 0 ? 1 : p->scale)),
                 u * (1 + u) * planes[MOST][r],
                 C,
                 u > ASSAY_U,
                 0 };
    s.far += s.under;
    s.all = eta * C;
    for (int64_t i = 0; i < a->dim[1]; i++) {
        const logsum_part k = logsum_at(a, planes, &s, r, i);
        s.all += k.share > 0 ? k.share * (k.moved + k.kept + k.moved * k.kept) : 0;
    }
    return s;
}

/* Where a logit may move by 1/2 an element that has no share may get one: then only that the sum lies in 1 .. C. */
static double logsum_open(const logsum *s)
{
    return log(s->size) + bound_gamma((s->e_exp + 1) * (s->size + 1) + s->rounds, s->u);
}
#endif
