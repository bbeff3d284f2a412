/* SPDX-License-Identifier: MIT
 * fidelity_measure.h - how far one run's answers are from another's, row by row: divergence, first tokens,
 * probabilities, perplexity.  Logits are compared as f32, the type that files keep them in, in double arithmetic. */
#ifndef ASSAY_MODELS_FIDELITY_MEASURE_H
#define ASSAY_MODELS_FIDELITY_MEASURE_H
#include "perplexity.h"

typedef struct assay_flip { /* a row whose likeliest token is another one; of equals the first counts */
    int64_t row;
    int32_t base, other; /* tokens */
    double margin;       /* in the base's logits: of its token over the other's, 0 or more */
    double margin_other; /* in the other's logits: of its token over the base's */
} assay_flip;

typedef struct assay_apart {
    int64_t width, rows;     /* rows: seen so far */
    bool chances;            /* rows are logits of one choice; else numbers, of which only the difference is told */
    double *kl;              /* (rows) KL(base || other) in nats; infinite where the other is not finite */
    assay_flip *flip;        /* by descending margin */
    int64_t n_flips, broken; /* broken: rows of the other with a logit that is not finite */
    assay_score base, other; /* nats of the tokens that come next */
    assay_score change;      /* other - base, of each */
    double changes2;         /* sum of squares of the change of a probability: that of the token that comes next, or,
                                where no token of any row is known, of the base's likeliest */
    int64_t n_changes;
    double difference2, difference, largest; /* of logits: sum of squares, largest; largest of the base */
    double *a, *b;                           /* (width) each */
} assay_apart;

void assay_apart_begin(assay_apart *p, int64_t width, bool chances);
/* One more row.  next: the token that comes next, below 0: none is known; known: that of some row is. */
void assay_apart_row(assay_apart *p, const float *base, const float *other, int32_t next, bool known);
void assay_apart_end(assay_apart *p); /* sorts flips; once, before what follows */
void assay_apart_free(assay_apart *p);

typedef struct assay_spread { /* of divergences; at: the row of the largest, the first of equals */
    double mean, median, p99, p999, largest;
    int64_t at;
} assay_spread;
/* A share q of n sorted numbers lies at place q (n - 1), linearly between two (Hyndman and Fan 1996, definition 7). */
assay_spread assay_apart_spread(const assay_apart *p);
double assay_apart_same(const assay_apart *p);       /* share of rows with the same likeliest token */
double assay_apart_change(const assay_apart *p);     /* root of the mean square of the change of a probability */
double assay_apart_difference(const assay_apart *p); /* root of the mean square of the difference of logits */
#endif
