/* SPDX-License-Identifier: MIT
 * vocab_json.h - the parts of a tokenizer.json's reader (private to reference/models): tokens (vocab_json.c), what
 * stands around a text (vocab_json_frame.c), how a text is cut and changed, by the kind of model (vocab_json_kind.c,
 * and vocab_json_pieces.c for what is written in pieces). */
#ifndef ASSAY_MODELS_VOCAB_JSON_H
#define ASSAY_MODELS_VOCAB_JSON_H
#include "vocab.h"
#include <cjson/cJSON.h>

typedef struct assay_vocab_names { /* tokens by their text: the model's, then the added ones */
    const char **text;
    int32_t *id;
    size_t n, model;    /* of the model */
    size_t *slot, mask; /* hash table of places from 1 on; 0: free */
} assay_vocab_names;

typedef struct assay_vocab_reading {
    const char *label;
    const cJSON *root, *model; /* the file, its section "model" */
    assay_vocab *v;
    assay_vocab_names *names;
    assay_why *why;
} assay_vocab_reading;

/* Not understood: the section, as much of it as fits on a line. */
assay_status assay_vocab_refuse(const assay_vocab_reading *r, const char *section, const cJSON *j, const char *known);
const cJSON *assay_vocab_member(const cJSON *j, const char *key);
bool assay_vocab_null(const cJSON *j);            /* not there, or null */
const char *assay_vocab_type(const cJSON *j);     /* its member "type"; "" if there is none */
bool assay_vocab_id(const cJSON *j, int32_t *id); /* a number of 31 bits */
/* The id of a token by its text; -1: there is none. */
int32_t assay_vocab_named(const assay_vocab_reading *r, const char *text);
assay_status assay_vocab_json_kind(const assay_vocab_reading *r);   /* sets v->kind, and all that it needs but tokens */
assay_status assay_vocab_json_pieces(const assay_vocab_reading *r); /* of it: normalizer and pre_tokenizer of pieces */
assay_status assay_vocab_json_unknown(const assay_vocab_reading *r); /* the unknown token; names are known */
assay_status assay_vocab_json_frame(const assay_vocab_reading *r);   /* post_processor; tokens are read */
#endif
