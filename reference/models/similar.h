/* SPDX-License-Identifier: MIT
 * similar.h - the nearest words in a model's own table of embeddings: one call of the op similarity, one of topk. */
#ifndef ASSAY_MODELS_SIMILAR_H
#define ASSAY_MODELS_SIMILAR_H
#include "session.h"
#include "tokenizer.h"

typedef struct assay_similar {
    const char *model, *const *word;
    int64_t n, k; /* words; neighbours of each, fewer where the table has fewer rows */
    int32_t form; /* of the op similarity */
    assay_impl impl;
    /* what was found: */
    assay_gguf file;
    assay_tokenizer tokens;
    int64_t rows, width; /* of the table; rows that no token has are left out */
    assay_dtype type;
    int32_t *id, *near; /* (n) and (n,k): the word's own row is no neighbour of it */
    float *score;       /* (n,k) */
} assay_similar;

assay_status assay_similar_run(assay_similar *s, assay_why *why);
void assay_similar_free(assay_similar *s);
void assay_similar_print(const assay_similar *s);
char *assay_similar_json(const assay_similar *s); /* to be freed; NULL: no memory */
const char *assay_similar_form(int32_t form);     /* NULL: there is none */
#endif
