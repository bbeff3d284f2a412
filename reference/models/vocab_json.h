/* SPDX-License-Identifier: MIT
 * vocab_json.h - the two halves of a tokenizer.json's reader (private to reference/models): tokens and what stands
 * around a text; how a text is cut and changed, by the kind of model. */
#ifndef ASSAY_MODELS_VOCAB_JSON_H
#define ASSAY_MODELS_VOCAB_JSON_H
#include "vocab.h"
#include <cjson/cJSON.h>

typedef struct assay_vocab_reading {
    const char *label;
    const cJSON *root, *model; /* the file, its section "model" */
    assay_vocab *v;
    assay_why *why;
} assay_vocab_reading;

/* Not understood: the section, as much of it as fits on a line. */
assay_status assay_vocab_refuse(const assay_vocab_reading *r, const char *section, const cJSON *j, const char *known);
const cJSON *assay_vocab_member(const cJSON *j, const char *key);
bool assay_vocab_null(const cJSON *j);                            /* not there, or null */
const char *assay_vocab_type(const cJSON *j);                     /* its member "type"; "" if there is none */
assay_status assay_vocab_json_kind(const assay_vocab_reading *r); /* sets v->kind, and all that it needs but tokens */
#endif
