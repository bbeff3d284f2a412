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

/* Windows of W tokens, each beginning W / 2 behind the one before: the first counts all tokens but its first, the
 * others their second half, so that each token of the text is counted once, with W / 2 tokens before it where there
 * are as many.  bos: stands in place of a window's first token; below 0: it stays. */
assay_status assay_perplexity(assay_session *s, const int32_t *id, int64_t n, int64_t W, int64_t batch, int64_t V,
                              int32_t bos, assay_score *score, assay_why *why);

/* What `assay run --perplexity` does: o->text_path, o->window; o->not_finite and a sentence if the logits were not. */
assay_status assay_perplexity_run(assay_generate *o, FILE *out, assay_why *why);
#endif
