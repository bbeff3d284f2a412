/* SPDX-License-Identifier: MIT
 * calls.h - the calls of a model as case lines with counts: what `assay ops` lists, and check and bench take from
 * --model.  Judge and bench know no models: who reads them is named once, by the program (assay_calls_by). */
#ifndef ASSAY_CORE_CALLS_H
#define ASSAY_CORE_CALLS_H
#include "case.h"
#include "status.h"
#include <argp.h>

enum { ASSAY_CALLS_PHASES = 2, ASSAY_CALLS_APART = 24, ASSAY_CALLS_DIMS = 16 };

typedef struct assay_calls_asked {
    const char *model;      /* NULL: none */
    int64_t prompt;         /* tokens, or rows of an encoder; 0: 512, or as many as the model takes */
    int64_t context;        /* tokens before the one that is decoded; 0: as many as the prompt has */
    const char *kv;         /* element type of caches, NULL: f32 */
    const char *impl, *isa; /* as of assay run; NULL: best, all that the CPU has */
    const char
        *apart[ASSAY_CALLS_APART]; /* ops that are not to be hidden in a fused one: a plug-in has kernels for them */
    int n_apart;
    const char *length[ASSAY_CALLS_DIMS]; /* NAME=N: of an ONNX graph's named lengths */
    int n_lengths;
} assay_calls_asked;

typedef struct assay_model_call {
    const assay_op *op;
    char line[ASSAY_CASE_LINE]; /* without gen and seed */
    char kernel[64];            /* that assay run would call; "scalar": the float reference, for no kernel takes it */
    int64_t count[ASSAY_CALLS_PHASES]; /* in each phase */
    double flops, bytes;               /* of one call, as the op counts them */
} assay_model_call;

typedef struct assay_calls_phase {
    char name[32];  /* prompt512, encode512, decode512 */
    int64_t tokens; /* 0: not known, of a foreign graph */
    int64_t calls;  /* sums over the phase */
    double flops, bytes;
} assay_calls_phase;

/* Nodes of a foreign graph that are none of our calls. */
typedef struct assay_calls_other {
    char name[64], reason[96];
    int64_t count;
} assay_calls_other;

typedef struct assay_calls {
    char name[64], family[24]; /* name: the file's, without its end */
    const char *tier, *kv;
    double parameters;
    int64_t prompt, context;
    assay_calls_phase phase[ASSAY_CALLS_PHASES];
    int n_phases;
    assay_model_call *call; /* each line once, in the order in which they come */
    size_t n;
    assay_calls_other *other;
    size_t n_others;
} assay_calls;

typedef assay_status assay_calls_lister(const assay_calls_asked *asked, assay_calls *c, assay_why *why);
void assay_calls_by(assay_calls_lister *lister);
/* From the files' headers, no weight is read.  ERR_ARG: a prompt or context beyond what the model has; UNSUPPORTED: a
 * build without models; else as the readers say.  Free in any case. */
assay_status assay_calls_of(const assay_calls_asked *asked, assay_calls *c, assay_why *why);
void assay_calls_free(assay_calls *c);
/* So many calls more in the last phase; kernel is of a line's first. */
void assay_calls_add(assay_calls *c, const assay_model_call *call, int64_t times);
/* "model:NAME.PHASE": what rows of a phase are named after. */
void assay_calls_workload(const assay_calls *c, int phase, char *text, size_t n);

/* Bytes of operands, each once, those that are read and written twice. */
double assay_operand_bytes(const assay_op *op, const assay_tensor *t, bool weights, bool others);

/* --prompt --context --kv, and, of commands that take other cases too, --model; input: an assay_calls_asked. */
extern const struct argp assay_calls_argp, assay_calls_model_argp;
#endif
