/* SPDX-License-Identifier: MIT
 * embed.h - vectors of sentences by an encoder: its rows of a text, pooled.  What `assay embed` does. */
#ifndef ASSAY_MODELS_EMBED_H
#define ASSAY_MODELS_EMBED_H
#include "sentence.h"
#include "session.h"

typedef struct assay_embed {
    const char *model, *impl_text, *vectors_path, *json_path; /* paths NULL: nothing is written there */
    const assay_span *text;
    int64_t n;
    int pooling;        /* an assay_pooling; -1: as the model's files say */
    bool raw, truncate; /* raw: vectors keep their lengths */
    assay_impl impl;
    int threads;
    /* what was found: */
    char family[24];
    assay_sentence how;
    int64_t width;
    int64_t *tokens; /* (n), with those around a text */
    double *vector;  /* (n, width) */
    double seconds;  /* of all passes */
} assay_embed;

/* The vectors file: embeddings (n, width), F64 if the oracle computes all, else F32. */
assay_status assay_embed_run(assay_embed *e, assay_why *why);
void assay_embed_free(assay_embed *e);
double assay_embed_cosine(const assay_embed *e, int64_t i, int64_t j); /* 0 if one of them is 0 */
void assay_embed_print(const assay_embed *e);
#endif
