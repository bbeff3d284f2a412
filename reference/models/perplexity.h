/* SPDX-License-Identifier: MIT
 * perplexity.h - how well a model foretells a text: the likelihood of each of its tokens after those before it. */
#ifndef ASSAY_MODELS_PERPLEXITY_H
#define ASSAY_MODELS_PERPLEXITY_H
#include "generate.h"

typedef struct assay_score { /* of n tokens, in nats: -ln p */
    int64_t n;
    double sum, squares;
} assay_score;

void assay_score_add(assay_score *s, double nats);
double assay_score_mean(const assay_score *s);
double assay_score_error(const assay_score *s); /* standard error of the mean; NaN for fewer than two */

/* What `assay run --perplexity` does: o->text_path, o->window; o->not_finite and a sentence if the logits were not. */
assay_status assay_perplexity_run(assay_generate *o, FILE *out, assay_why *why);
#endif
