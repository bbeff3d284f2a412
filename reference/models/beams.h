/* SPDX-License-Identifier: MIT
 * beams.h - beam search: the op beam_step, and which texts run and have finished between its steps. */
#ifndef ASSAY_MODELS_BEAMS_H
#define ASSAY_MODELS_BEAMS_H
#include "session.h"

/* Logits (V) of what comes behind the n tokens of a beam. */
typedef assay_status (*assay_beam_next)(void *ctx, const int32_t *id, int64_t n, float *logits, assay_why *why);

typedef struct assay_beams { /* all but the results is the caller's */
    const assay_impl *impl;  /* of log_softmax and beam_step */
    int64_t K, V, E, most;   /* beams, tokens that may come, tokens that end a text, tokens at most */
    const int32_t *ends;     /* (E) */
    double length_penalty;   /* a finished text's score: its log-likelihood over its length to this power */
    int32_t early, stop;     /* as of assay_beam_step_params */
    assay_beam_next next;
    void *ctx;
    int32_t *id;        /* result (K, most): finished texts, the best first; free() */
    int64_t length[64]; /* of each; 0: there is none */
    float score[64];
    int64_t steps;
} assay_beams;

assay_status assay_beams_search(assay_beams *b, assay_why *why);
#endif
