/* SPDX-License-Identifier: MIT
 * load.h - a model made ready: its files, its graph, its tokenizer. */
#ifndef ASSAY_MODELS_LOAD_H
#define ASSAY_MODELS_LOAD_H
#include "graph.h"
#include "tokenizer.h"

typedef enum assay_wants { ASSAY_WANTS_NUMBERS, ASSAY_WANTS_IDS, ASSAY_WANTS_TEXT, ASSAY_WANTS_SHAPES } assay_wants;

typedef struct assay_loaded {
    assay_model model;
    assay_graph graph;
    assay_tokenizer tokens; /* kind NULL: the model's folder has none, and none was wanted */
} assay_loaded;

/* longest: positions that the run may reach, 0: as the model says.  WANTS_IDS: a model without a tokenizer is good.
 * WANTS_NUMBERS: nobody reads or writes text, and no tokenizer is opened.  WANTS_SHAPES: nor does anybody compute. */
assay_status assay_load(const char *path, assay_dtype kv, int64_t longest, assay_wants wants, assay_loaded *l,
                        assay_why *why);
/* A run of so many positions, known when the text is: the graph is made again where it depends on them. */
assay_status assay_loaded_reach(assay_loaded *l, assay_dtype kv, int64_t longest, assay_why *why);
void assay_loaded_free(assay_loaded *l);
/* A GGUF file's own, else that of tokenizer.json, tokenizer.model or vocab.txt in the model's folder. */
assay_status assay_model_tokenizer(const assay_model *m, assay_wants wants, assay_tokenizer *t, assay_why *why);
#endif
