/* SPDX-License-Identifier: MIT
 * beams.h - beam search: the op beam_step, and which texts run and have finished between its steps.
 *
 * Of diverse groups (Vijayakumar et al. 2016) each is a search of its own, with slots of its own, one step after the
 * other: what a group's beams foretell is lowered (penalize, by counts) for each beam of the groups before that has
 * just gone on by the same token, and stays so in its scores.  At the end the slots of all are one list by score. */
#ifndef ASSAY_MODELS_BEAMS_H
#define ASSAY_MODELS_BEAMS_H
#include "session.h"

/* Logits (V) of what comes behind the n tokens of a beam. */
typedef assay_status (*assay_beam_next)(void *ctx, const int32_t *id, int64_t n, float *logits, assay_why *why);

typedef struct assay_beams { /* all but the results is the caller's */
    const assay_impl *impl;  /* of log_softmax, beam_step and penalize */
    int64_t K, V, E, most;   /* beams, tokens that may come, tokens that end a text, tokens at most */
    const int32_t *ends;     /* (E) */
    double length_penalty;   /* a finished text's score: its log-likelihood over its length to this power */
    int32_t early, stop;     /* as of assay_beam_step_params */
    int64_t groups;          /* of K / groups beams each; 0: one */
    double diverse;          /* what one beam of a group before takes off a token's log-probability */
    assay_beam_next next;
    void *ctx;
    int32_t *id;        /* result (K, most): finished texts, the best first; free() */
    int64_t length[64]; /* of each; 0: there is none */
    float score[64];
    int64_t steps;
} assay_beams;

assay_status assay_beams_search(assay_beams *b, assay_why *why);
#endif
