/* SPDX-License-Identifier: MIT
 * graph.h - a model as data: a list of op calls over named values.  Who runs it (oracle, scalar baseline, kernels, or a
 * mixture) is decided in session.h; the graph does not know. */
#ifndef ASSAY_MODELS_GRAPH_H
#define ASSAY_MODELS_GRAPH_H
#include "model.h"

/* A length in a shape: a number, or one of these, which every step fills in. */
enum {
    ASSAY_DIM_T = -1, /* tokens of this step                        */
    ASSAY_DIM_S = -2, /* keys in the cache after this step          */
    ASSAY_DIM_C = -3, /* capacity of the cache                      */
    ASSAY_DIM_L = -4, /* the last tokens of the step: those with logits */
    ASSAY_DIM_M = -5, /* rows that the encoder left                     */
    ASSAY_DIM_N = -6, /* and most that there is room for                */
};
/* k times such a length: the rows of k experts a token, frames of a stem. */
#define ASSAY_DIM_TIMES(k, symbol) (-16 * ((k)-1) + (symbol))

/* A graph has one pass or two: a step of tokens, and before it, once, what they attend to.  What is serial in the
 * latter is two more passes behind it: once for each of its rows, from the first to the last, then from the last to the
 * first. */
typedef enum assay_pass { ASSAY_PASS_STEP, ASSAY_PASS_ENCODE, ASSAY_PASS_FORTH, ASSAY_PASS_BACK } assay_pass;

typedef enum assay_value_kind {
    ASSAY_VALUE_WEIGHT, /* a tensor of the file                                        */
    ASSAY_VALUE_IDS,    /* input: token ids (T)                                        */
    ASSAY_VALUE_TYPES,  /* input: which text of a pair each token is of (T)            */
    ASSAY_VALUE_POS,    /* input: positions past .. past + T - 1 (T), plus shift; of (C) or (N): 0, 1, 2 ... */
    ASSAY_VALUE_FRAMES, /* input: numbers: a sound's frames, an image                  */
    ASSAY_VALUE_STATE,  /* lives from step to step: caches (C, ...)                    */
    ASSAY_VALUE_TEMP,   /* written and read inside a step                              */
    ASSAY_VALUE_SAME,   /* one number everywhere: fill                                 */
    ASSAY_VALUE_TAIL,   /* the last L rows of another value: a view                    */
    ASSAY_VALUE_ROWS,   /* some rows of another value, from one on: a view             */
    ASSAY_VALUE_AT,     /* the same, but further on with each row of a pass FORTH or BACK */
} assay_value_kind;

typedef struct assay_value {
    char name[64];
    assay_value_kind kind;
    assay_dtype type;
    int rank;
    int64_t dim[ASSAY_MAX_RANK]; /* symbols allowed */
    assay_tensor weight;
    float *as_f32; /* weights, decoded when somebody first wants them; the graph's */
    double *as_f64;
    bool by_rows;  /* too large to be kept as f32: decoded row by row in every step */
    double fill;   /* SAME */
    int base;      /* TAIL, ROWS, AT */
    int64_t shift; /* POS; ROWS, AT: the first */
    int64_t each;  /* AT: so many further on with each row of the pass */
    int64_t lost;  /* POS: this position (if not 0) is written to the last slot of the capacity instead: a fault */
} assay_value;

typedef struct assay_node {
    const assay_op *op;
    int32_t layer; /* -1: none */
    assay_pass pass;
    int64_t dim[ASSAY_MAX_DIMS]; /* in the order of op->dims; symbols allowed */
    int operand[ASSAY_MAX_OPND]; /* values; -1: left out */
    _Alignas(16) unsigned char params[ASSAY_MAX_PARAMS];
} assay_node;

typedef struct assay_graph {
    char family[24];
    int64_t vocab, context; /* context: the longest that the file promises; 0: it says nothing */
    int logits;             /* the value with the answer: (L, width), of an encoder alone (T, width) or (1, width) */
    int64_t width;          /* of a row of it: vocab, classes, or the hidden size */
    int hidden;             /* of an encoder: (T, hidden size); -1: none */
    bool encodes, steps;    /* which passes there are */
    bool serial;            /* a step is one token: states, not caches, carry what was before; at first they are 0 */
    assay_pass pass;        /* of what is built next */
    assay_value *value;
    assay_node *node;
    int n_values, n_nodes, values_room, nodes_room;
    double parameters;   /* elements of all weights, tied ones once */
    assay_status status; /* of building: calls after the first failure do nothing */
    assay_why why;
} assay_graph;

/* Building.  All return an index; after a failure (status, why) 0. */
int assay_graph_weight(assay_graph *g, assay_model *m, int rank, const int64_t *dim, const char *format, ...)
    __attribute__((format(printf, 5, 6))); /* shape must be the model's */
/* The same as f32, whatever the file's type: biases and what else has one element a row.  rank 1 or 2. */
int assay_graph_vector(assay_graph *g, assay_model *m, int rank, const int64_t *dim, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* Rows begin .. begin + n - 1 of a weight, as a weight of its own: of queries, keys and values in one matrix, say. */
int assay_graph_part(assay_graph *g, int weight, int64_t begin, int64_t n, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
int assay_graph_value(assay_graph *g, assay_value_kind kind, assay_dtype type, int rank, const int64_t *dim,
                      const char *format, ...) __attribute__((format(printf, 6, 7)));
/* A weight that no tensor of the file holds: n floats (malloc or aligned), which become the graph's. */
int assay_graph_constant(assay_graph *g, float *data, int64_t n, const char *name);
/* A matrix as a rule makes it of another weight: the oracle's in double, all others' as f32; the graph's, too. */
int assay_graph_matrix(assay_graph *g, double *data, int64_t rows, int64_t width, const char *name);
int assay_graph_tail(assay_graph *g, int base);
int assay_graph_rows(assay_graph *g, int base, int64_t begin, int64_t n);
/* Of a pass FORTH or BACK that is at row t: n rows of base as rows of that width, from row each t + begin on. */
int assay_graph_at(assay_graph *g, int base, int64_t each, int64_t begin, int64_t n, int64_t width);
/* op, its dims as the caller understands them ("TNK": checked against the spec), lengths and operands in that order. */
assay_node *assay_graph_call(assay_graph *g, const char *op, const char *dims, const int64_t *dim, const char *operands,
                             const int *value, int32_t layer);
void assay_graph_set(assay_graph *g, assay_node *n, const char *field, double x); /* a parameter, by its field's name */
int assay_graph_find(const assay_graph *g, const char *name);                     /* a value by name; -1: none */
void assay_graph_fail(assay_graph *g, assay_status s, const char *format, ...) __attribute__((format(printf, 3, 4)));
void assay_graph_free(assay_graph *g);
#endif
