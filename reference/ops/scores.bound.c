/* SPDX-License-Identifier: MIT
 * scores: what a score may be off, stage after stage, and what that does to the weights (derived in scores.bound.md):
 * with scores off by a_j and exponentials by e^d_j in the sum, by e^n_i above it, a weight w_i lies between
 *   w_i e^n_i / (w_i e^-d_i + e^-a_i sum_(j != i) w_j e^(-a_j - d_j))  and the same with all signs turned. */
#include "scores.h"
#include "bound.h"
#include <stdlib.h>

enum { SIGMA, DOT, SIZES, MOST, SUM, FAR, RAISES, SINK_FAR, SINK_RAISES };

typedef struct off { /* of a score: by so much, and by anything where what it is made of may overflow */
    double by;
    bool wild;
} off;

static off product_off(const assay_contract *c, const att *x, double *const *planes, int64_t i)
{
    const double up = fmax(1, x->scale), D = (double)x->D, sigma = planes[SIGMA][i];
    const double lost = bound_eta(c) * (D * up + 1 + up * planes[SIZES][i]);
    const double by = bound_c(c, D, 1) * sigma + bound_u(c) * planes[DOT][i] + lost;
    const double size = fmax(2 * fmax(sigma, sigma / x->scale), planes[MOST][i] * x->scale);
    return (off){ by, bound_over(c, size) > 0 };
}

static off capped_off(const assay_contract *c, const att *x, double *const *planes, int64_t i)
{
    const off p = product_off(c, x, planes, i);
    const double s = planes[DOT][i], th = tanh(s / x->cap), eta = bound_eta(c), u = bound_u(c);
    if (x->cap == 0 || p.wild)
        return (off){ x->cap > 0 ? 2 * x->cap : p.by, p.wild };
    const double by = p.by + bound_gamma(1 + BOUND_E(c, e_div), u) * (s + p.by) + eta * x->cap;
    const double low = tanh((s - by) / x->cap); /* tanh a - tanh b = tanh(a - b) (1 - tanh a tanh b) */
    const double moved = s < INFINITY ? x->cap * tanh(by / x->cap) * (1 - th * low) : 0;
    return (off){ moved + bound_gamma(BOUND_E(c, e_tanh) + 1, u) * (x->cap * th + moved) + eta * (2 * x->cap + 1),
                  false };
}

/* Of a score that is seen; mask: what is added */
static off masked_off(const assay_contract *c, const att *x, double *const *planes, int64_t i, double mask)
{
    const off p = capped_off(c, x, planes, i);
    const double u = bound_u(c), sum = planes[SUM][i] + p.by;
    const double by = p.by + (mask == 0 ? 0 : u * sum) + (c->ftz ? 2 * bound_eta(c) : 0);
    return (off){ by, p.wild || bound_over(c, sum * (1 + u)) > 0 };
}

/* Adds to each key's count how often it is raised by those walked after it; returns how often a maximum that starts at
 * low is.  next: of each key the first that may exceed it. */
static double count_raises(const double *z, const double *by, int64_t n, int64_t step, double low, double *raises,
                           int64_t *next)
{
    double *chain = (double *)(void *)(next + n);
    for (int64_t w = n - 1; w >= 0; w--) {
        const int64_t i = step > 0 ? w : n - 1 - w;
        next[i] = w + 1 < n ? i + step : -1;
        while (z[i] > -INFINITY && next[i] >= 0 && !(z[next[i]] > -INFINITY && z[next[i]] + by[next[i]] > z[i] - by[i]))
            next[i] = next[next[i]];
        chain[i] = next[i] >= 0 && z[i] > -INFINITY ? 1 + chain[next[i]] : 0;
        raises[i] += chain[i];
    }
    int64_t o = n == 0 ? -1 : step > 0 ? 0 : n - 1;
    while (o >= 0 && !(z[o] > -INFINITY && z[o] + by[o] > low))
        o = next[o];
    return o >= 0 ? 1 + chain[o] : 0;
}

/* Planes of score i; z: what the softmax is given */
static void score_planes(const att *x, int64_t b, int64_t h, int64_t t, int64_t j, double *const *planes, int64_t i,
                         double *z)
{
    const double *q = att_q(x, b, t, h), *k = att_k(x, b, h, j);
    double s = 0, sigma = 0, sizes = 0, most = 0;
    for (int64_t d = 0; d < x->D; d++) {
        s += q[d] * k[d], sigma += fabs(q[d] * k[d]);
        sizes += fabs(q[d]) + fabs(k[d]), most = fmax(most, fabs(q[d]));
    }
    s *= x->scale;
    planes[SIGMA][i] = sigma * x->scale, planes[DOT][i] = fabs(s), planes[SIZES][i] = sizes, planes[MOST][i] = most;
    planes[SUM][i] = planes[RAISES][i] = 0;
    *z = -INFINITY;
    if (!scores_seen(x, b, t, h, j))
        return;
    *z = (x->cap > 0 ? x->cap * tanh(s / x->cap) : s) + att_mask(x, b, t, h, j);
    planes[SUM][i] = fabs(*z);
}

/* More than a score is off in f32, whatever the order and the cap; of what may underflow, under ftz, twice as much */
static double slack(const att *x, double *const *planes, int64_t i)
{
    const double lost = fmax(1, x->scale) * ((double)x->D + planes[SIZES][i]) + 3 * x->cap + 4;
    return (bound_gamma((double)x->D + 1, ASSAY_U) + 16 * ASSAY_U) * planes[SIGMA][i] + ASSAY_U * planes[SUM][i] +
           0x1p-124 * lost;
}

KAPPA(scores)
{
    const att x = scores_open(a);
    const int64_t S = x.S;
    double *z = malloc((size_t)(3 * S + 1) * sizeof *z), *by = z ? z + S : NULL;
    int64_t *next = malloc((size_t)(2 * S + 1) * sizeof *next);
    for (int64_t r = 0; r < x.B * x.H * x.T; r++) {
        const int64_t t = r % x.T, h = r / x.T % x.H, b = r / x.T / x.H;
        const double sink = x.sinks ? x.sinks[h] : -INFINITY;
        double m = sink;
        planes[SINK_RAISES][r] = NAN; /* a bound of NaN accepts nothing */
        if (!z || !next)
            continue;
        for (int64_t j = 0; j < S; j++) {
            score_planes(&x, b, h, t, j, planes, r * S + j, &z[j]);
            by[j] = slack(&x, planes, r * S + j);
            m = fmax(m, z[j]);
        }
        for (int64_t j = 0; j < S; j++)
            planes[FAR][r * S + j] = z[j] == -INFINITY ? INFINITY : isfinite(m - z[j]) ? m - z[j] : 0;
        planes[SINK_FAR][r] = sink == -INFINITY ? INFINITY : m - sink;
        const double forth = count_raises(z, by, S, 1, sink, planes[RAISES] + r * S, next);
        planes[SINK_RAISES][r] = fmax(forth, count_raises(z, by, S, -1, sink, planes[RAISES] + r * S, next));
    }
    free(next);
    free(z);
}

typedef struct row { /* of weights: sums of w_j (1 - e^(-a_j - d_j)) and w_j (e^(a_j + d_j) - 1), n keys with the sink
                      */
    double low, high, most, n, sink, raises;
    bool any, nan, rough; /* weights may be any; NaN stands among them; raises were counted for smaller errors */
} row;

/* What an exponential is off in its logarithm, at a distance from the maximum, beside what its score is; and one in the
 * sum, that a running maximum raised */
static double exponent(const assay_contract *c, const row *r, double far, double raises)
{
    return bound_u(c) * (far + 2 * r->most) - (1 + raises) * log1p(-BOUND_E(c, e_exp) * bound_u(c));
}
static double summand(const assay_contract *c, const row *r, double far, double raises)
{
    return exponent(c, r, far, r->rough ? r->n : raises);
}

/* by: what each score of row r is off; w: its weights */
static row row_of(const assay_contract *c, const att *x, double *const *planes, int64_t r, const double *by,
                  const double *w)
{
    const double *far = planes[FAR] + r * x->S, *raises = planes[RAISES] + r * x->S, sink = exp(-planes[SINK_FAR][r]);
    row of = { .rough = bound_u(c) > ASSAY_U || BOUND_E(c, e_tanh) > 4, .sink = planes[SINK_FAR][r] < INFINITY };
    double sum = sink;
    for (int64_t j = 0; j < x->S; j++) {
        of.nan |= w[j] != w[j];
        if (far[j] == INFINITY)
            continue;
        of.n++, sum += exp(-far[j]);
        of.most = fmax(of.most, by[j]), of.raises = fmax(of.raises, raises[j] + of.sink);
    }
    of.any = !(of.most < 300);
    of.n += of.sink;
    of.raises = of.rough ? of.n : fmax(of.raises, of.sink * planes[SINK_RAISES][r]);
    for (int64_t j = 0; j < x->S; j++)
        if (far[j] < INFINITY) {
            const double d = by[j] + summand(c, &of, far[j], raises[j] + of.sink);
            of.low -= w[j] * expm1(-d), of.high += w[j] * expm1(d);
        }
    if (sink > 0) {
        const double d = summand(c, &of, planes[SINK_FAR][r], planes[SINK_RAISES][r]);
        of.low -= sink / sum * expm1(-d), of.high += sink / sum * expm1(d);
    }
    return of;
}

static double weight_off(const assay_contract *c, const row *r, double w, double far, double by, double raises)
{
    const double rest = bound_c(c, r->n, r->raises + BOUND_E(c, e_div) + 1), n = exponent(c, r, far, 0);
    const double d = summand(c, r, far, raises + r->sink);
    if (far == INFINITY)
        return r->any || r->nan ? NAN : 0;
    if (r->any)
        return -fmax(w, 1 - w);
    /* what the sum may be short of 1, or longer, where this score is too large, or too small, and all others not */
    const double less = (w - 1) * expm1(-by) - w * expm1(-d) + exp(-by) * (r->low + w * expm1(-by - d));
    const double more = (1 - w) * expm1(by) + w * expm1(d) + exp(by) * (r->high - w * expm1(by + d));
    const double up = (expm1(n) + less) / (1 - less), down = (more - expm1(-n)) / (1 + more);
    return w * fmax(up * (1 + rest) + rest, down * (1 - rest) + rest) + 2 * bound_eta(c) * (r->n + 2);
}

/* A score's bound at the stage that is written, or that the softmax is given */
static off score_off(const assay_contract *c, const att *x, int32_t stage, double *const *planes, int64_t i)
{
    const double mask = x->mask ? x->mask[i] : 0;
    return stage == ASSAY_SCORES_PRODUCT  ? product_off(c, x, planes, i)
           : stage == ASSAY_SCORES_CAPPED ? capped_off(c, x, planes, i)
                                          : masked_off(c, x, planes, i, mask);
}

BOUND(scores)
{
    const assay_scores_params *p = a->params;
    const att x = scores_open(a);
    double *by = malloc((size_t)(x.S + 1) * sizeof *by);
    for (int64_t r = 0; r < x.B * x.H * x.T; r++) {
        const int64_t first = r * x.S;
        const bool hides = p->stage == ASSAY_SCORES_MASKED;
        for (int64_t i = first; i < first + x.S; i++) {
            const off o = score_off(c, &x, p->stage, planes, i);
            b[7][i] = hides && planes[FAR][i] == INFINITY ? 0 : o.wild ? -o.by : o.by;
            if (by)
                by[i - first] = o.wild ? INFINITY : o.by;
        }
        if (p->stage != ASSAY_SCORES_WEIGHTS)
            continue;
        const row of = row_of(c, &x, planes, r, by, x.o + first);
        for (int64_t i = first; i < first + x.S; i++)
            b[7][i] = weight_off(c, &of, x.o[i], planes[FAR][i], by ? by[i - first] : NAN, planes[RAISES][i]);
    }
    free(by);
}
