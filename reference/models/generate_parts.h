/* SPDX-License-Identifier: MIT
 * generate_parts.h - what the files generate*.c share. */
#ifndef ASSAY_MODELS_GENERATE_PARTS_H
#define ASSAY_MODELS_GENERATE_PARTS_H
#include "beams.h"
#include "draft.h"
#include "../core/json.h"
#include "generate.h"
#include "inputs.h"
#include "load.h"
#include "utf8.h"
#include "importance.h"

enum { SHARES = 32, TOP = 5 };

typedef struct top {
    int32_t id[TOP];
    double logit[TOP];
} top;

typedef struct phase { /* prefill or decode */
    double seconds;
    int64_t tokens;
    assay_share share[SHARES];
    int n_shares;
} phase;

typedef struct lap {                     /* the run, or a repetition */
    double first, prefill, decode;       /* seconds: to the first token, of both phases */
    int64_t prompt, made, step, n_steps; /* tokens of both; its steps of decoding among the run's */
} lap;

typedef struct run {
    assay_generate *o;
    FILE *out;
    bool quiet; /* a repetition, which prints nothing */
    assay_loaded l;
    assay_session *session;
    assay_chain_run chain;
    assay_beams beams;
    assay_draft draft;
    double drafting; /* seconds of the smaller model */
    assay_utf8 stream;
    assay_importance watch;
    int32_t *id; /* prompt, then what was generated; behind an encoder: what the decoder begins with, then the same */
    int64_t n_prompt, n_made;
    int32_t eos; /* of config.json; -1: none, or the tokenizer's tokens alone end a text */
    struct {     /* what an encoder reads */
        int32_t *id;
        int64_t n, T; /* ids; rows */
        assay_inputs in;
    } source;
    float *logits; /* (positions, V) when asked for */
    int64_t n_logits;
    top *best;  /* per generated token */
    char *text; /* generated */
    size_t n_text;
    double load, first;
    phase encode, prefill, decode;
    lap *lap; /* the run, then its repetitions */
    int64_t n_laps;
    double *step; /* seconds of each step of decoding, the pick with it, and, of a draft, the round; none of beams */
    int64_t n_steps;
    bool ended;
    struct {
        int64_t step, position, count; /* count: of logits in that row that are not finite; 0: no such row */
        int32_t id;                    /* the first of them */
    } broken;
} run;

typedef assay_status (*assay_generation)(run *r, assay_why *why);

assay_status assay_generate_no_memory(assay_why *why);
/* Once, and as often again as the options say: each time from the prompt on, by the same seed. */
assay_status assay_generate_laps(run *r, assay_generation once, assay_why *why);
void assay_generate_step(run *r, double begin); /* a step of decoding that began then is over */
/* The first step with logits that are NaN or infinite ends the run: what a sampler makes of them means nothing. */
void assay_generate_check(run *r, int64_t L, assay_why *why);
void assay_generate_say(run *r, int32_t id); /* prints a token: its id where there is no tokenizer */
void assay_generate_said(run *r);            /* that was the last: a character that is not whole is printed, too */
/* Takes a token, by this row of the last step's logits, into the text and prints it; ended when it is an end token. */
void assay_generate_take(run *r, int64_t row, int32_t id);
int64_t assay_generate_judged(const assay_generate *o); /* most rows of logits that a step of decoding has */
/* UNSUPPORTED where the model's passes are not what was asked for. */
assay_status assay_generate_fits(const run *r, assay_why *why);
bool assay_generate_ends(const run *r, int32_t id); /* unless it is told to go on */
/* Of a model with an encoder: takes ids (n) or the numbers of --inputs as what it reads, and makes what the decoder
 * begins with (*begin, free()).  UNSUPPORTED for what cannot be run so. */
assay_status assay_generate_source(run *r, const int32_t *ids, size_t n, int32_t **begin, size_t *n_begin,
                                   assay_why *why);
assay_status assay_generate_encode(run *r, assay_why *why); /* begins a text; without an encoder nothing */
void assay_generate_source_free(run *r);
assay_status assay_generate_draft(run *r, assay_why *why);
assay_status assay_generate_beams(run *r, assay_why *why);
void assay_generate_report(const run *r); /* speeds and shares, as text */
void assay_generate_speeds(const run *r); /* of it: how times vary */
void assay_generate_speeds_json(const run *r, assay_json *j);
assay_status assay_generate_json(const run *r, assay_why *why);
assay_status assay_generate_logits(const run *r, assay_why *why); /* as a safetensors file */
#endif
