/* SPDX-License-Identifier: MIT
 * feed.h - the rows of answers that a model gives to its inputs, each once, whoever computes them.
 *
 * A decoder alone sees its tokens in windows of W, each beginning W / 2 behind the one before.  The first counts all
 * its rows, the others their second half, so that each token of the text has one row, as assay run --perplexity has it;
 * the very last has a row, too.  Other models see all at once, steps of a decoder behind an encoder aside. */
#ifndef ASSAY_MODELS_FEED_H
#define ASSAY_MODELS_FEED_H
#include "inputs.h"
#include "session.h"

typedef struct assay_feed {
    assay_graph *g;
    const assay_inputs *in;
    int64_t batch;  /* most tokens of a step */
    int64_t window; /* of a decoder alone; at most the tokens, at least 2 unless there is one */
    int32_t bos;    /* stands in place of a window's first token; below 0: it stays */
    /* by assay_feed_fit */
    int64_t rows, T;    /* of answers; of an encoder's pass */
    const int32_t *ids; /* whose answers they are, one a row; NULL: rows are of no steps */
} assay_feed;

/* What of the inputs the graph reads, or what is missing. */
assay_status assay_feed_fit(assay_feed *f, assay_why *why);
assay_status assay_feed_session(const assay_feed *f, const assay_impl *impl, int threads, assay_session **s,
                                assay_why *why);
/* Rows row .. row + n - 1 of all are the session's 0 .. n - 1; n 0: it has encoded. */
typedef void assay_feed_fn(void *ctx, const assay_session *s, int64_t row, int64_t n);
assay_status assay_feed_run(const assay_feed *f, assay_session *s, assay_feed_fn *rows, void *ctx, assay_why *why);
int32_t assay_feed_next(const assay_feed *f, int64_t row); /* the token behind that of a row; -1: none */
#endif
