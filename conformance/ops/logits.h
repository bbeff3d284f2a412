/* SPDX-License-Identifier: MIT
 * logits.h - what the suites of softmax, log_softmax and logsumexp have in common: operands x and mask, their
 * generators, and what the sum is of. */
#ifndef ASSAY_OPS_LOGITS_CASES_H
#define ASSAY_OPS_LOGITS_CASES_H
#include "../../reference/core/suite.h"
#include "assay/params/softmax.h"
#include <math.h>

enum { X, MASK };

static bool masked(const assay_case *c)
{
    return c->present >> MASK & 1;
}
/* Winners at the same logit, every other one below by 1024 and more, so that its exponential is 0 also when scaled. */
static void winners(const assay_case *c, double *x, int64_t count, assay_rng *rng)
{
    const int64_t C = c->dim[1];
    for (int64_t r = 0; r < c->dim[0]; r++, x += C) {
        const double top = 8 * (double)(assay_rng_below(rng, 17) - 8);
        const int64_t first = C ? assay_rng_below(rng, C) : 0;
        for (int64_t i = 0; i < C; i++)
            x[i] = top - 1024 - 8 * (double)assay_rng_below(rng, 32);
        for (int64_t i = 0; i < count && i < C; i++)
            x[(first + i * (C / count)) % C] = top;
    }
}
/* Losers may also be masked; winners (the maximum of their row) never are. */
static void mask_losers(const assay_case *c, double *mask, const double *x, assay_rng *rng)
{
    const int64_t C = c->dim[1];
    for (int64_t r = 0; r < c->dim[0]; r++, x += C, mask += C) {
        double top = -INFINITY;
        for (int64_t i = 0; i < C; i++)
            top = fmax(top, x[i]);
        for (int64_t i = 0; i < C; i++)
            mask[i] = x[i] < top && assay_rng_below(rng, 2) ? -INFINITY : 0;
    }
}
static bool some_winners(const assay_case *c, int i, int64_t count, double *const *value, assay_rng *rng)
{
    if (i == X)
        winners(c, value[X], count, rng);
    else
        mask_losers(c, value[MASK], value[X], rng);
    return true;
}
static bool one_hot(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    (void)n;
    return some_winners(c, i, 1, value, rng);
}

/* What masks do, one kind per row: all masked; all at -FLT_MAX (uniform); only the last or the first visible; the
 * first half masked; NaN and infinity where masked (must not leak); every other one.  Without a mask x carries it. */
static bool masked_rows(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    const int64_t C = c->dim[1];
    for (int64_t k = 0; k < n; k++) {
        const int64_t kind = k / C % 7, col = k % C;
        const bool hide = kind == 0 || (kind == 2 && col != C - 1) || (kind == 3 && col != 0) ||
                          ((kind == 4 || kind == 5) && col < C / 2) || (kind == 6 && col % 2);
        if (i == MASK)
            value[i][k] = hide ? -INFINITY : kind == 1 ? -0x1.fffffep127 : 0;
        else if (masked(c))
            value[i][k] = kind == 1 ? 0 : hide && kind == 5 ? (col % 2 ? NAN : INFINITY) : assay_rng_normal(rng);
        else
            value[i][k] = hide ? -INFINITY : kind == 1 ? -0x1.fffffep127 : assay_rng_normal(rng);
    }
    return true;
}

/* Rows without anything above -inf: NaN under the mask only (0), one visible NaN (all NaN), x itself -inf (0). */
static bool hollow(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    const int64_t C = c->dim[1];
    for (int64_t k = 0; k < n; k++) {
        const int64_t kind = k / C % 3, at = C - 1 - k / C % C;
        const bool here = k % C == at;
        if (i == MASK)
            value[i][k] = kind == 2 || (kind == 1 && here) ? 0 : -INFINITY;
        else if (kind == 2 || !masked(c))
            value[i][k] = kind == 1 && here ? NAN : -INFINITY;
        else
            value[i][k] = here ? NAN : assay_rng_normal(rng);
    }
    return true;
}

/* An additive mask that is neither 0 nor -inf (ALiBi), and logits that are large, one kind per row. */
static bool huge(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    static const double offset[] = { 0, 1000, -1000, 0, -1e5, 1e4 }, spread[] = { 88, 1, 1, 1e4, 2, 30 };
    for (int64_t k = 0; k < n; k++) {
        const int64_t kind = k / c->dim[1] % 6;
        value[i][k] = i == MASK ? -0.0625 * (double)(k % c->dim[1])
                                : offset[kind] + spread[kind] * (2 * assay_rng_uniform(rng) - 1);
    }
    return true;
}
/* Ascending, descending, and in steps of 16, one kind per row: the rescaling of an online softmax. */
static bool ramp(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    for (int64_t k = 0; k < n; k++) {
        const int64_t kind = k / c->dim[1] % 3, col = k % c->dim[1];
        const double step = kind == 0 ? (double)col : kind == 1 ? (double)-col : (double)(col / 16) * 16;
        value[i][k] = i == MASK ? 0 : 0.37 * step + 0.01 * assay_rng_uniform(rng);
    }
    return true;
}
/* Ascending (even rows) or descending by less than any weight loses: an online softmax rescales everything that it has,
 * at every element. */
static bool creep(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    for (int64_t k = 0; k < n; k++) {
        const double at = ldexp((double)(k % c->dim[1]) + 0.5 * assay_rng_uniform(rng), -13);
        value[i][k] = i == MASK ? 0 : k / c->dim[1] % 2 ? -at : at;
    }
    return true;
}
/* Just below a power of two, of both signs: to add anything before the maximum is subtracted costs a bit. */
static bool binades(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    for (int64_t k = 0; k < n; k++) {
        const double at = ldexp(1, (int)(k / c->dim[1] % 4) * 3) - assay_rng_uniform(rng);
        value[i][k] = i == MASK ? 0 : k / c->dim[1] % 2 ? -at : at;
    }
    return true;
}
static bool spread(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    (void)c;
    for (int64_t k = 0; k < n; k++)
        value[i][k] = i == MASK ? (assay_rng_below(rng, 4) ? 0 : -INFINITY) : 6 * assay_rng_normal(rng);
    return true;
}

/* One element takes all, the others' weights are subnormal. */
static bool faint(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    for (int64_t k = 0; k < n; k++)
        value[i][k] = i == MASK || k % c->dim[1] == 0 ? 0 : -88 - 14 * assay_rng_uniform(rng);
    return true;
}

#define LOGIT_GENS                                                                                                     \
    GEN_FILL("one-hot", EXACT, one_hot, "one element takes all"),                                                      \
        TIGHT_FILL("masked-rows", ADVERSARIAL, masked_rows,                                                            \
                   "rows masked wholly, by half, but for one element; NaN and inf where masked"),                      \
        GEN_FILL("hollow", CLASS, hollow, "rows with nothing above -inf, some with a NaN"),                            \
        TIGHT_FILL("huge", ADVERSARIAL, huge, "large logits, a mask that is neither 0 nor -inf"),                      \
        GEN_FILL("creep", ADVERSARIAL, creep, "logits that rise or fall so slowly that no weight is lost"),            \
        GEN_FILL("ramp", ADVERSARIAL, ramp, "logits that rise, fall, or climb in steps of 16"),                        \
        GEN_FILL("spread", RANDOM, spread, "normal deviates times 6, a quarter masked"),                               \
        TIGHT_FILL("binades", ADVERSARIAL, binades, "logits just below powers of two")

/* What the softmax is of; -inf: a key that is not seen. */
static long double logit(const assay_dense *a, int64_t i)
{
    const assay_softmax_params *p = a->params;
    const double *x = a->operand[X], *mask = a->operand[MASK];
    const long double m = mask ? mask[i] : 0;
    return m == -INFINITY ? m : m + (p->scale == 0 ? 1 : p->scale) * (long double)x[i];
}

/* The highest logit of row r, and the sum of e^(z - top) beside it, in one pass: brought down whenever a higher one
 * comes. */
static long double sum_below(const assay_dense *a, int64_t r, long double *top)
{
    long double sum = 0;
    *top = -INFINITY;
    for (int64_t i = r * a->dim[1]; i < (r + 1) * a->dim[1]; i++) {
        const long double z = logit(a, i);
        if (z > *top)
            sum = sum * expl(*top - z) + 1, *top = z;
        else if (z != -INFINITY)
            sum += expl(z - *top);
    }
    return sum;
}
#endif
