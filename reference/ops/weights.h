/* SPDX-License-Identifier: MIT
 * weights.h - for the verify() of ops that choose ids: the weights of a row's ids, how far they may be off, and which
 * id can be drawn by them.
 *
 * The weight of id i, w = exp(-d), d = (m - z) / temp, m the largest logit, may be off by w rho,
 *   rho = u (e_exp + 2 d + (|z| + |m|) / temp):
 * z/temp rounded before or after the maximum is taken off, division or a reciprocal (sample.bound.md).  A weight that
 * is 0 may be up to 1 where rho is more than d: both quotients may round to the same number. */
#ifndef ASSAY_OPS_WEIGHTS_H
#define ASSAY_OPS_WEIGHTS_H
#include "bound.h"
#include "../core/rng.h"
#include <stdlib.h>

enum { OUT, OPEN, IN };
typedef struct entry {
    double z, d, w, rho, error; /* logit, how far below the largest, weight; relative and absolute error of it */
    int64_t id;
    int state;
} entry;

static inline int by_rank(const void *x, const void *y)
{
    const entry *a = x, *b = y;
    return a->z != b->z ? (a->z > b->z ? -1 : 1) : (a->id > b->id) - (a->id < b->id);
}

/* An id whose logit is z, in a row whose largest is m. */
static inline entry weigh(double z, double m, double temp, int64_t id, const assay_contract *c)
{
    const double d = (m - z) / temp, w = exp(-d);
    const double rho = bound_u(c) * (BOUND_E(c, e_exp) + 2 * d + (fabs(z) + fabs(m)) / temp);
    /* e^rho - 1 <= rho (1 + rho) up to 1; never above the maximum's weight of 1, which is exact: rho may be large where
     * temp is tiny */
    const double up = rho < fmin(d, 1) ? w * rho * (1 + rho) : exp(fmin(rho - d, 0)) - w;
    return (entry){ z, d, w, rho, d > 0 && !isinf(z) ? fmax(up, w * fmin(rho, 1)) : 0, id, IN };
}

/* The relative error of any partial sum of the weights, as a share of their sum. */
static inline double sum_error(const entry *e, int64_t n, const assay_contract *c, double *sum)
{
    double s = 0, err = 0;
    for (int64_t i = 0; i < n; i++)
        if (e[i].state != OUT)
            s += e[i].w, err += e[i].error;
    *sum = s;
    return err / s + bound_c(c, (double)n, 1);
}

/* u of draw n of a step, again from the definition */
static inline double uniform(uint64_t key, uint64_t step, uint64_t n)
{
    const uint64_t block = n / 4;
    uint32_t word[4];
    assay_philox4x32(
        (const uint32_t[4]){ (uint32_t)block, (uint32_t)(block >> 32), (uint32_t)step, (uint32_t)(step >> 32) },
        (const uint32_t[2]){ (uint32_t)key, (uint32_t)(key >> 32) }, word);
    return (double)(word[n % 4] >> 8) * 0x1p-24;
}

/* e by ids: can a kernel have drawn the t-th?  A sum is off by its own share, however small it is beside the
 * whole: at u = 0 the first id that has any weight is the only one. */
static inline bool reachable(const entry *e, int64_t n, int64_t t, double u, const assay_contract *c)
{
    double sum, low_before = 0, high_upto = 0, low = 0, high = 0;
    const double share = sum_error(e, n, c, &sum), own = bound_c(c, (double)n, 1);
    const double last = bound_gamma(BOUND_E(c, e_div) + 1, bound_u(c)); /* u times the sum, or each weight over it */
    const double tiny = (2 * (double)n + 2) * bound_eta(c) * (1 + sum);
    for (int64_t i = 0; i < n; i++) {
        const double certain = e[i].state == IN || (i == t && e[i].state == OPEN) ? e[i].w : 0;
        const double possible = e[i].state != OUT ? e[i].w : 0;
        low += certain, high += possible;
        low_before += i < t && certain > 0 ? fmax(e[i].w - e[i].error, 0) : 0;
        high_upto += i <= t && e[i].state != OUT ? e[i].w + e[i].error : 0;
    }
    return e[t].state != OUT && e[t].w + e[t].error > 0 &&
           u * low * (1 - share) < high_upto * (1 + own) * (1 + last) + tiny &&
           u * high * (1 + share) * (1 + last) + tiny >= low_before * (1 - own);
}
#endif
