/* SPDX-License-Identifier: MIT
 * generate.h - a whole run of a model: prompt, generated tokens, logits, timings.  What `assay run` does. */
#ifndef ASSAY_MODELS_GENERATE_H
#define ASSAY_MODELS_GENERATE_H
#include "chain.h"
#include "session.h"
#include <stdio.h>

typedef struct assay_generate {
    const char *model, *prompt, *impl_text;
    int32_t *ids; /* instead of prompt */
    size_t n_ids;
    const char *source_path; /* inputs.h: numbers that an encoder reads (mel), instead of prompt and ids; NULL: none */
    int32_t *begin;          /* what a decoder behind an encoder begins with; NULL: as the model's files say */
    size_t n_begin;
    bool translates;    /* only a model with a decoder behind an encoder is wanted */
    const char *system; /* of chat; NULL: the template's own */
    const char *date;   /* of chat; NULL: the template's own */
    bool special, chat, ignore_eos;
    int64_t n, batch;
    int64_t repeat; /* so often again, in the same session, to measure how times vary */
    int threads;
    assay_dtype kv;
    assay_impl impl;
    assay_chain chain;
    int64_t beams; /* 0: the chain instead */
    double length_penalty;
    int64_t beam_groups;           /* 0: one */
    double diverse;                /* of groups, as of assay_beams */
    const char *draft;             /* a smaller model that drafts tokens; NULL: none */
    int64_t draft_tokens;          /* in a round */
    struct assay_capture *capture; /* NULL: no call's operands are kept */
    const char *logits_path, *json_path, *imatrix_path, *inputs_path;
    const char *text_path; /* perplexity.h: of this file, in windows of so many tokens; 0: 512, or the context */
    int64_t window;
    /* Of what prints nothing for long (perplexity, beams): at the begin (0), and in between; the last when all is done.
     * NULL: nobody watches. */
    void (*progress)(int64_t tokens, int64_t all);
    bool not_finite; /* result: the run ended at logits that are not finite numbers; why says which */
    bool differs;    /* result: a repetition wrote another text; why says where */
} assay_generate;

assay_status assay_generate_run(assay_generate *g, FILE *out, assay_why *why);
#endif
