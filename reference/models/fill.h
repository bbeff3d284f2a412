/* SPDX-License-Identifier: MIT
 * fill.h - the tokens that an encoder with a head for masked tokens expects in their places.  What `assay fill` does.
 */
#ifndef ASSAY_MODELS_FILL_H
#define ASSAY_MODELS_FILL_H
#include "load.h"
#include "session.h"

typedef struct assay_fill_place { /* of a masked token */
    int64_t position;             /* among the text's tokens, with what stands around it */
    int32_t *id;                  /* (k), the likeliest first */
    double *chance, *logit;       /* (k) each: softmax over the vocabulary, in double */
} assay_fill_place;

typedef struct assay_fill {
    const char *model, *text, *impl_text, *json_path; /* path NULL: none */
    int64_t k;                                        /* fewer where the vocabulary is smaller */
    assay_impl impl;
    int threads;
    /* what was found: */
    assay_loaded l;
    int64_t tokens;
    assay_fill_place *place;
    int64_t n;
    double seconds;
} assay_fill;

assay_status assay_fill_run(assay_fill *f, assay_why *why);
void assay_fill_free(assay_fill *f);
void assay_fill_print(const assay_fill *f);
#endif
