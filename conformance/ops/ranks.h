/* SPDX-License-Identifier: MIT
 * ranks.h - what the suites of argmax and topk have in common: rows of V scores in which ties, NaN and infinities
 * decide the order. */
#ifndef ASSAY_OPS_RANKS_H
#define ASSAY_OPS_RANKS_H
#include "../../reference/core/suite.h"
#include <math.h>

/* Few values: the maximum stands at many places. */
static bool ties(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    (void)c;
    for (int64_t k = 0; k < n; k++)
        value[i][k] = (double)(assay_rng_below(r, 3) - 1);
    return true;
}
/* Zeros of both signs are equal; everything else is below. */
static bool zeros(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    (void)c;
    for (int64_t k = 0; k < n; k++)
        value[i][k] = assay_rng_below(r, 4) ? -1.5 : assay_rng_below(r, 2) ? 0.0 : -0.0;
    return true;
}
/* Row r: the maximum stands at place r from the start, row r + 1: from the end; every other element is next below it.
 */
static bool places(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t V = c->dim[1];
    for (int64_t k = 0; k < n; k++) {
        const int64_t row = k / V, at = row % 2 ? V - 1 - row / 2 % V : row / 2 % V;
        value[i][k] = k % V == at ? 3 : k % V % 2 ? -assay_rng_uniform(r) : 0x1.7ffffep1;
    }
    return true;
}
/* NaNs of both signs among infinities: the first NaN is the answer, before and after the maximum. */
static bool nans(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t V = c->dim[1];
    for (int64_t k = 0; k < n; k++)
        value[i][k] = assay_rng_below(r, 8) ? assay_rng_normal(r) : INFINITY;
    for (int64_t row = 0; V && row < n / V; row++)
        for (int64_t k = assay_rng_below(r, V); k < V; k += 1 + assay_rng_below(r, V))
            value[i][row * V + k] = row % 2 ? NAN : -NAN;
    return true;
}
static bool all_nan(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    (void)c, (void)r;
    for (int64_t k = 0; k < n; k++)
        value[i][k] = k % 2 ? NAN : -NAN;
    return true;
}
/* Nothing but -inf, but for one finite element, the least there is, in every other row (logits after top-k). */
static bool masked(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t V = c->dim[1];
    for (int64_t k = 0; k < n; k++)
        value[i][k] = -INFINITY;
    for (int64_t row = 0; V && row < n / V; row += 2)
        value[i][row * V + assay_rng_below(r, V)] = -0x1.fffffep127;
    return true;
}

/* The largest finite number, then infinity, and once more at the end. */
static bool ends(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t V = c->dim[1];
    for (int64_t k = 0; k < n; k++)
        value[i][k] = k % V < V / 2 ? 0x1.fffffep127 : assay_rng_normal(r);
    for (int64_t row = 0; V && row < n / V; row++)
        value[i][row * V + V - 1 - row % ((V + 1) / 2)] = value[i][row * V + V - 1] = INFINITY;
    return true;
}

static const assay_gen gens[] = {
    { "ends", ASSAY_TAG_EXACT, ends,
      .says = "the largest finite number, at many places, and infinity behind it, once or twice" },
    { "ties", ASSAY_TAG_EXACT, ties, .says = "-1, 0 and 1: the maximum stands at many places" },
    { "zeros", ASSAY_TAG_EXACT, zeros, .says = "zeros of both signs, all else below" },
    { "places", ASSAY_TAG_EXACT, places,
      .says = "the maximum at every place in turn, from the start and from the end, many next below it" },
    { "nans", ASSAY_TAG_EXACT, nans, .says = "NaN of both signs among infinities, before and after the maximum" },
    { "all-nan", ASSAY_TAG_EXACT, all_nan, .says = "nothing but NaN" },
    { "masked", ASSAY_TAG_EXACT, masked, .says = "nothing but -inf, and the least finite number in every other row" },
};
#endif
