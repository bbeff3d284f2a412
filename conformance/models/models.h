/* SPDX-License-Identifier: MIT
 * models.h - the test of whole models (docs/models.md).  A bound on the logits that comes from what legal float
 * implementations do, not from what came out: 4 x the largest logit error over at least 20 of them, each on half of a
 * prompt: more could only widen it. Implementations that round activations are held to an oracle that rounds the same,
 * by variants that round the same. */
#ifndef ASSAY_CONFORMANCE_MODELS_H
#define ASSAY_CONFORMANCE_MODELS_H
#include "../../reference/models/inputs.h"
#include "../../reference/models/load.h"
#include "../../reference/models/session.h"

enum { PROMPTS = 3, FIRST = 1, ALL = (1 << PROMPTS) - 1, VARIANTS = 20 }; /* FIRST, ALL: sets of prompts */
enum { LONGEST = 90, HALF = LONGEST / 2 };                                /* tokens of a prompt */

typedef struct subject { /* a model with its prompts, or one text that is given as numbers (inputs.h) */
    assay_loaded l;
    assay_inputs in; /* label NULL: prompts are text */
    int64_t source;  /* rows of its encoder */
    int prompts;     /* how many of them there are */
    int32_t *ids[PROMPTS];
    int64_t n[PROMPTS], positions, longest;
    int threads;
    uint64_t isa;
} subject;

typedef struct outcome { /* logits of all positions of some prompts, one after the other */
    double *logits;      /* (positions, width) */
    int64_t rows;
    bool invariant; /* every kernel that ran declares that rows do not depend on those beside them */
} outcome;

typedef struct feed { /* what goes in, and how */
    unsigned prompts; /* bit p for prompt p */
    int64_t most;     /* tokens of each; 0: all that it has */
    int64_t chunk;    /* tokens per step; 0: all at once */
} feed;

assay_status subject_run(subject *m, assay_graph *g, const assay_impl *impl, feed in, outcome *out, assay_why *why);
int64_t subject_tokens(const subject *m, int prompt, int64_t most);
void outcome_free(outcome *o);
double largest_error(const subject *m, const outcome *a, const outcome *b, int64_t rows);
/* KL(a || b) of the output distributions: mean and largest over rows. */
void divergence(const subject *m, const outcome *a, const outcome *b, int64_t rows, double *mean, double *largest);

/* Legal float variant i: matmul in another order of summation, other legal kernels of rmsnorm, rope, attention, swiglu;
 * rounded: activations of matmul go through q8_0 first, as kernels that declare it do. */
assay_impl variant_impl(uint64_t isa, int i, bool rounded);
const char *variant_name(int i);

/* Faults of the graph, a copy that may be edited: each that there is must fail. */
typedef struct model_fault {
    const char *name;
    bool (*apply)(assay_graph *g); /* false: there is nothing in this graph that could be wrong in this way */
} model_fault;
bool serial_functions(assay_graph *g); /* those of serial graphs: faults_serial.c */
bool serial_order(assay_graph *g);
bool serial_products(assay_graph *g);
bool serial_sums(assay_graph *g);
bool serial_biases(assay_graph *g);
bool serial_mixture(assay_graph *g);
bool serial_ways(assay_graph *g);
enum { FEWEST_FAULTS = 5 }; /* of a model */
extern const model_fault model_faults[];
extern const size_t n_model_faults;

extern const char *const model_prompts[PROMPTS];
#endif
