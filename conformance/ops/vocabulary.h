/* SPDX-License-Identifier: MIT
 * vocabulary.h - rows of logits, for the suites of ops that choose ids: as models have them, with ties, near ties,
 * forbidden ids, and rows that have no answer.  Dimension 1 is a row's length. */
#ifndef ASSAY_OPS_VOCABULARY_H
#define ASSAY_OPS_VOCABULARY_H
#include "../../reference/core/suite.h"
#include <math.h>

/* Logits as models give them: a bell, and some that stand out. */
static bool model(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    (void)c;
    for (int64_t k = 0; k < n; k++) {
        const double bell = 2 * assay_rng_normal(r);
        value[i][k] = bell + (assay_rng_below(r, 16) ? 0 : 5);
    }
    return true;
}
static bool few_values(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    (void)c;
    for (int64_t k = 0; k < n; k++)
        value[i][k] = (double)assay_rng_below(r, 4);
    return true;
}
/* Probabilities are powers of two: sums are exact, and hit p = 0.5 and 0.75. */
static bool halving(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    (void)r;
    for (int64_t k = 0; k < n; k++)
        value[i][k] = -log(2) * (double)((k % c->dim[1] + k / c->dim[1]) % c->dim[1]);
    return true;
}
/* Pairs of neighbours in f32: which of the two is larger can be lost in division. */
static bool near_ties(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    (void)c;
    for (int64_t k = 0; k < n; k++) {
        const float v = (float)(1 + (int)assay_rng_below(r, 3)), to = (float)(assay_rng_below(r, 3) * 10);
        value[i][k] = (double)nextafterf(v, to);
    }
    return true;
}
/* Most of the vocabulary is forbidden; at least one id is not. */
static bool forbidden(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t V = c->dim[1];
    for (int64_t k = 0; k < n; k++)
        value[i][k] = assay_rng_below(r, 5) ? -INFINITY : assay_rng_normal(r);
    for (int64_t row = 0; V && row < n / V; row++) {
        const double v = assay_rng_normal(r);
        value[i][row * V + assay_rng_below(r, V)] = v;
    }
    return true;
}
/* One id with 0.9 of all: more than p alone. */
static bool peaked(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t V = c->dim[1];
    for (int64_t k = 0; k < n; k++)
        value[i][k] = 0;
    for (int64_t row = 0; V && row < n / V; row++)
        value[i][row * V + assay_rng_below(r, V)] = log(9 * (double)(V > 1 ? V - 1 : 1));
    return true;
}
static bool huge(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    (void)c;
    for (int64_t k = 0; k < n; k++)
        value[i][k] = (k % 2 ? 1e4 : -3e38) + 1000 * floor(3 * assay_rng_uniform(r));
    return true;
}
/* The first id is so unlikely that only a draw of 0 brings it. */
static bool low_first(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t V = c->dim[1];
    for (int64_t k = 0; k < n; k++)
        value[i][k] = assay_rng_normal(r) - (k % V ? 0 : 20 + 60 * assay_rng_uniform(r));
    return true;
}
/* One id is allowed. */
static bool one_left(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t V = c->dim[1];
    for (int64_t k = 0; k < n; k++)
        value[i][k] = -INFINITY;
    for (int64_t row = 0; V && row < n / V; row++) {
        const double v = assay_rng_normal(r);
        value[i][row * V + assay_rng_below(r, V)] = v;
    }
    return true;
}
/* Rows without an answer among rows with one. */
static bool invalid(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t V = c->dim[1];
    for (int64_t k = 0; k < n; k++)
        value[i][k] = k / V % 4 == 1 ? -INFINITY : assay_rng_normal(r);
    for (int64_t row = 0; V && row < n / V; row++)
        if (row % 4 > 1)
            value[i][row * V + assay_rng_below(r, V)] = row % 4 == 2 ? NAN : INFINITY;
    return true;
}

#define VOCABULARY_GENS                                                                                                \
    GEN_FILL("model", ADVERSARIAL, model, "logits as a model has them"),                                               \
        GEN_FILL("few-values", ADVERSARIAL, few_values, "four values: many ties"),                                     \
        GEN_FILL("halving", ADVERSARIAL, halving, "probabilities that are powers of two: sums hit top_p"),             \
        GEN_FILL("near-ties", ADVERSARIAL, near_ties, "neighbours in f32"),                                            \
        GEN_FILL("forbidden", ADVERSARIAL, forbidden, "most ids at -inf"),                                             \
        GEN_FILL("peaked", ADVERSARIAL, peaked, "one id with 0.9 of all"),                                             \
        GEN_FILL("low-first", ADVERSARIAL, low_first, "the first id at e^-20 to e^-80 of the others"),                 \
        GEN_FILL("one-left", EXACT, one_left, "one id that is not at -inf"),                                           \
        GEN_FILL("huge", ADVERSARIAL, huge, "logits of 10,000 and of -3e38"),                                          \
        GEN_FILL("invalid", CLASS, invalid, "rows without an answer among rows with one")
#endif
