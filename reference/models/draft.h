/* SPDX-License-Identifier: MIT
 * draft.h - speculative decoding (Leviathan et al. 2023, algorithm 1): a small model drafts some tokens, the model
 * itself judges all of them in one step, and the op speculate says which stand and what follows them.  The text's
 * distribution is the model's own, whatever the draft; where a chance is 1 (greedy) the text is, too.
 *
 * Numbers at random: words of Philox4x32-10(0, number of the token; seed), the block of which a plain run's draw takes
 * the first: word 0 draws a drafted token, word 1 accepts it, word 2 of the round's first token draws what follows.  A
 * token that is drafted anew meets its words again, but what they did before was not kept. */
#ifndef ASSAY_MODELS_DRAFT_H
#define ASSAY_MODELS_DRAFT_H
#include "session.h"

typedef struct assay_draft { /* all but the results is the caller's */
    const assay_impl *impl;  /* of speculate */
    int64_t V, most, seed;   /* tokens drafted in a round, at most */
    /* The draft's chances (V) of what comes behind n tokens. */
    assay_status (*small)(void *ctx, const int32_t *id, int64_t n, float *q, assay_why *why);
    /* The model's (T + 1, V): behind n tokens, n + 1, .. n + T. */
    assay_status (*large)(void *ctx, const int32_t *id, int64_t n, int64_t T, float *p, assay_why *why);
    void *ctx;
    int64_t drafted, accepted, rounds; /* results, so far */
    float *p, *q, *u;                  /* (most + 1, V) (most, V) (most) */
} assay_draft;

assay_status assay_draft_begin(assay_draft *d, assay_why *why);
void assay_draft_end(assay_draft *d);
/* One round, of T drafted tokens, 0 .. most: id holds n tokens and room for T + 1, of which `made` are the text's. step
 * counts the tokens made before. */
assay_status assay_draft_round(assay_draft *d, int32_t *id, int64_t n, int64_t T, int64_t step, int64_t *made,
                               assay_why *why);
#endif
