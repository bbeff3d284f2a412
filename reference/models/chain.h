/* SPDX-License-Identifier: MIT
 * chain.h - from a row of logits to a token: samplers in a stated order, each a call of an op (penalize, truncate,
 * sample, gumbel or argmax), computed as --impl says of that op.
 *
 *   logit bias, always first; the samplers of the order; mirostat's limit of surprise; a draw, of one or the other
 *   kind, or the first maximum
 *
 * temperature is a place in the order: rules behind it see probabilities of logits / temperature, rules before it
 * those of the logits.  The usual order is llama.cpp's: penalties, top_k, typical, top_p, min_p, temperature. */
#ifndef ASSAY_MODELS_CHAIN_H
#define ASSAY_MODELS_CHAIN_H
#include "session.h"

typedef enum assay_sampler { /* in the usual order */
                             ASSAY_CHAIN_PENALTIES,
                             ASSAY_CHAIN_TOP_K,
                             ASSAY_CHAIN_TYPICAL,
                             ASSAY_CHAIN_TOP_P,
                             ASSAY_CHAIN_MIN_P,
                             ASSAY_CHAIN_TEMPERATURE,
                             ASSAY_CHAIN_ANY
} assay_sampler;

typedef enum assay_setting {
#define SETTING(id, ...) ASSAY_SET_##id,
#include "settings.def"
#undef SETTING
    ASSAY_SETTINGS
} assay_setting;

enum { ASSAY_MOST_BIASES = 256, ASSAY_CHAIN_TEXT = 512 };

typedef struct assay_chain { /* what is asked for */
    double set[ASSAY_SETTINGS];
    uint32_t given; /* bit i: setting i was */
    assay_sampler order[ASSAY_CHAIN_ANY];
    int n_order, n_bias;
    bool gumbel; /* the draw */
    struct {
        int32_t id;
        float value;
    } bias[ASSAY_MOST_BIASES];
} assay_chain;

/* Texts of options, each refused with its option and its number. */
assay_chain assay_chain_usual(void); /* everything off, the usual order */
assay_status assay_chain_set(assay_chain *c, assay_setting s, const char *text, assay_why *why);
assay_status assay_chain_order(assay_chain *c, const char *text, assay_why *why); /* "penalties,top_p,temperature" */
assay_status assay_chain_bias(assay_chain *c, const char *text, assay_why *why);  /* "TOKEN=VALUE" */
assay_status assay_chain_draw(assay_chain *c, const char *text, assay_why *why);  /* "inverse", "gumbel" */
assay_status assay_chain_check(const assay_chain *c, assay_why *why);             /* what contradicts what */
bool assay_chain_on(const assay_chain *c, assay_setting s);                       /* does it change anything? */
bool assay_chain_penalizes(const assay_chain *c);
const char *assay_chain_option(assay_setting s);
const char *assay_chain_sampler(assay_sampler s);
void assay_chain_say(const assay_chain *c, char text[ASSAY_CHAIN_TEXT]); /* what is done, in order */

typedef struct assay_chain_run {
    const assay_chain *c;
    const assay_impl *impl;
    int64_t V;
    float *z, *next, *counts, *bias; /* (V) each; z: what the samplers have left of the last row */
    double limit, surprise;          /* mirostat's limit; the sum of what was drawn; in bits */
    int64_t drawn;
} assay_chain_run;

/* Checks c, too; c and impl must outlive the run. */
assay_status assay_chain_begin(assay_chain_run *r, const assay_chain *c, const assay_impl *impl, int64_t V,
                               assay_why *why);
void assay_chain_end(assay_chain_run *r);
/* The chances (V) by which a token would be drawn, the picked one's 1 at temperature 0.  Not by mirostat, which follows
 * what was drawn.  logits, said, n: as below. */
assay_status assay_chain_chances(assay_chain_run *r, const assay_tensor *logits, const int32_t *said, int64_t n,
                                 float *p, assay_why *why);
/* logits: (1, V), f32 or f64 (rounded to f32 first).  said: the n tokens so far, the prompt's too; step counts the
 * tokens picked so far. */
assay_status assay_chain_pick(assay_chain_run *r, const assay_tensor *logits, const int32_t *said, int64_t n,
                              int64_t step, int32_t *id, assay_why *why);

enum { ASSAY_MIROSTAT_M = 100 };
/* Mirostat's first form: how many of V tokens have at most `limit` bits of surprise, at least 1, if they follow Zipf's
 * law by the exponent of the m largest logits z, in order (Basu et al. 2020, algorithm 1). */
int64_t assay_mirostat_k(const float *z, int64_t m, int64_t V, double temp, double limit);
#endif
