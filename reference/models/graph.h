/* SPDX-License-Identifier: MIT
 * graph.h - a model as data: a list of op calls over named values.  Who runs it (oracle, scalar baseline, kernels, or a
 * mixture) is decided in session.h; the graph does not know. */
#ifndef ASSAY_MODELS_GRAPH_H
#define ASSAY_MODELS_GRAPH_H
#include "../core/gguf.h"

/* A length in a shape: a number, or one of these, which every step fills in. */
enum {
    ASSAY_DIM_T = -1, /* tokens of this step                        */
    ASSAY_DIM_S = -2, /* keys in the cache after this step          */
    ASSAY_DIM_C = -3, /* capacity of the cache                      */
    ASSAY_DIM_L = -4, /* the last tokens of the step: those with logits */
};

typedef enum assay_value_kind {
    ASSAY_VALUE_WEIGHT, /* a tensor of the file                                        */
    ASSAY_VALUE_IDS,    /* input: token ids (T)                                        */
    ASSAY_VALUE_POS,    /* input: positions past .. past + T - 1 (T), plus shift       */
    ASSAY_VALUE_STATE,  /* lives from step to step: caches (C, ...)                    */
    ASSAY_VALUE_TEMP,   /* written and read inside a step                              */
    ASSAY_VALUE_TAIL,   /* the last L rows of another value: a view                    */
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
    int base;      /* TAIL */
    int64_t shift; /* POS */
    int64_t lost;  /* POS: this position (if not 0) is written to the last slot of the capacity instead: a fault */
} assay_value;

typedef struct assay_node {
    const assay_op *op;
    int32_t layer;               /* -1: none */
    int64_t dim[ASSAY_MAX_DIMS]; /* in the order of op->dims; symbols allowed */
    int operand[ASSAY_MAX_OPND]; /* values; -1: left out */
    _Alignas(16) unsigned char params[ASSAY_MAX_PARAMS];
} assay_node;

typedef struct assay_graph {
    char family[16];
    int64_t vocab, context; /* context: the longest that the file promises; 0: it says nothing */
    int logits;             /* the value (L, V) */
    assay_value *value;
    assay_node *node;
    int n_values, n_nodes, values_room, nodes_room;
    double parameters;   /* elements of all weights, tied ones once */
    assay_status status; /* of building: calls after the first failure do nothing */
    assay_why why;
} assay_graph;

/* Building.  All return an index; after a failure (status, why) 0. */
int assay_graph_weight(assay_graph *g, const assay_gguf *file, int rank, const int64_t *dim, const char *format, ...)
    __attribute__((format(printf, 5, 6))); /* shape must be the file's */
int assay_graph_value(assay_graph *g, assay_value_kind kind, assay_dtype type, int rank, const int64_t *dim,
                      const char *format, ...) __attribute__((format(printf, 6, 7)));
/* A weight that no tensor of the file holds: n floats (malloc or aligned), which become the graph's. */
int assay_graph_constant(assay_graph *g, float *data, int64_t n, const char *name);
int assay_graph_tail(assay_graph *g, int base);
/* op, its dims as the caller understands them ("TNK": checked against the spec), lengths and operands in that order. */
assay_node *assay_graph_call(assay_graph *g, const char *op, const char *dims, const int64_t *dim, const char *operands,
                             const int *value, int32_t layer);
void assay_graph_set(assay_graph *g, assay_node *n, const char *field, double x); /* a parameter, by its field's name */
int assay_graph_find(const assay_graph *g, const char *name);                     /* a value by name; -1: none */
void assay_graph_free(assay_graph *g);

/* "llama" (1, 2, 3, SmolLM2, Mistral) from a GGUF file, which must stay open.  kv: element type of the cache. */
assay_status assay_llama_graph(const assay_gguf *file, assay_dtype kv, assay_graph *g, assay_why *why);
#endif
