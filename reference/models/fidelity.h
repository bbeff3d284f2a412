/* SPDX-License-Identifier: MIT
 * fidelity.h - how faithful an implementation of a whole model is: its answers held against the oracle's, or against a
 * file's; beside them what rounding to f32 at random alone does (noise.h), and what each op's kernel does alone.  What
 * `assay fidelity` does. */
#ifndef ASSAY_MODELS_FIDELITY_H
#define ASSAY_MODELS_FIDELITY_H
#include "fidelity_measure.h"
#include "session.h"
#include <math.h>

enum { ASSAY_FIDELITY_OPS = 48 };

typedef struct assay_fidelity_op { /* the oracle with this op alone computed as the implementation computes it */
    char op[24], kernels[80];      /* kernels: their names, with commas between */
    double kl, largest, share;     /* KL from the oracle: mean, largest; of the sum of all ops' means */
    double difference;             /* root of the mean square of the difference of logits */
    int64_t flips;
} assay_fidelity_op;

typedef struct assay_floor { /* KL between the oracle and itself with values rounded to f32 at random */
    int seeds;               /* 0: not known */
    double mean, largest;    /* over seeds: mean of the means, largest of all rows */
    double difference;       /* mean of the roots of mean squares */
} assay_floor;

typedef struct assay_fidelity {
    const char *model, *impl_text;
    const char *against; /* a file of logits; NULL: the oracle */
    const char *text_path, *inputs_path;
    const int32_t *ids; /* or one of these three */
    int64_t n_ids;
    const char *keep_path; /* of the base's logits, f32; NULL: nowhere */
    const char *json_path;
    bool special, ops;
    assay_impl impl;
    const assay_impl *without; /* of the same model without the plug-ins whose kernels impl has; NULL: it has none */
    assay_dtype kv;
    int threads, seeds; /* seeds: of the floor */
    int64_t window, batch;
    void (*progress)(int64_t done, int64_t all,
                     const char *what); /* rows of this run of the model; NULL: nobody asks */
    /* results */
    char family[24], base_impl[64], base_model[128]; /* "": the file does not say */
    int64_t rows, width, positions;                  /* positions: a window's; 0: of no decoder alone */
    bool chances;             /* rows are logits; else hidden states, of which only the difference says something */
    assay_apart all;          /* the implementation, from the base */
    assay_apart beside;       /* what computes the model without the plug-ins, from the base */
    double took, took_beside; /* seconds of one pass over all rows, by impl, and without the plug-ins */
    bool rounds;              /* kernels of it round operands by contract: then */
    assay_apart alike, rest;  /* the oracle with these roundings from the base; the implementation from that */
    assay_floor floor, alike_floor;           /* alike_floor: of the oracle that rounds alike, from itself; one seed */
    assay_fidelity_op op[ASSAY_FIDELITY_OPS]; /* by descending share */
    int n_ops;
    double seconds;
} assay_fidelity;

assay_status assay_fidelity_run(assay_fidelity *f, assay_why *why);
void assay_fidelity_free(assay_fidelity *f);
/* Mean KL of p over a floor's; NaN: that is not known. */
double assay_fidelity_times(const assay_apart *p, const assay_floor *floor);
/* Of the implementation: where kernels round by contract from the oracle that rounds alike, over that one's floor. */
double assay_fidelity_judged(const assay_fidelity *f);
void assay_fidelity_print(const assay_fidelity *f);
assay_status assay_fidelity_json(const assay_fidelity *f, assay_why *why);
#endif
