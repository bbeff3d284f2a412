/* SPDX-License-Identifier: MIT
 * sentence.h - what an encoder's files say of sentences: how the rows of a text become one vector, whether it gets the
 * length 1, and how many tokens a text may have. */
#ifndef ASSAY_MODELS_SENTENCE_H
#define ASSAY_MODELS_SENTENCE_H
#include "load.h"

typedef enum assay_pooling {
    ASSAY_POOL_MEAN, /* of all rows, those of [CLS] and [SEP] too */
    ASSAY_POOL_CLS,  /* the first row */
    ASSAY_POOL_MAX,  /* of each column the largest */
    ASSAY_POOL_LAST, /* the last row */
    ASSAY_POOLINGS
} assay_pooling;

typedef struct assay_sentence {
    assay_pooling pooling;
    bool normalize;
    int64_t longest; /* tokens with what stands around a text; 0: the files say nothing */
} assay_sentence;

const char *assay_pooling_name(int pooling); /* NULL: there is none */
/* What stands in modules.json and 1_Pooling/config.json (sentence-transformers), sentence_bert_config.json (the longest
 * text), and in GGUF's pooling_type; without these the mean, of length 1.  asked: the caller's pooling in place of the
 * files', -1: none.  UNSUPPORTED, by name, for modules, poolings and prompts that are not done. */
assay_status assay_sentence_read(assay_loaded *l, int asked, assay_sentence *out, assay_why *why);
/* x: (T, d), row by row as row(ctx, t, x) gives it; y (d). */
void assay_sentence_pool(assay_pooling how, int64_t T, int64_t d, void (*row)(void *ctx, int64_t t, double *x),
                         void *ctx, double *y);
/* Divides by the length, or by 1e-12 where that is more. */
void assay_sentence_normalize(double *y, int64_t d);
#endif
