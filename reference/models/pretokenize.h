/* SPDX-License-Identifier: MIT
 * pretokenize.h - cuts text into the pieces inside which byte-level BPE merges: a table of regular expressions by the
 * names that GGUF files give them (tokenizer.ggml.pre). */
#ifndef ASSAY_MODELS_PRETOKENIZE_H
#define ASSAY_MODELS_PRETOKENIZE_H
#include "../core/file.h"

typedef struct assay_pretokenizer {
    const char *name;
    void *code[2]; /* compiled expressions, applied one after the other: each cuts every part of the one before */
    void *match[2];
    bool ignore_merges; /* a piece that is a token is taken whole */
    bool add_bos;       /* a text begins with bos, unless the file says otherwise */
} assay_pretokenizer;

assay_status assay_pretokenizer_make(assay_span name, const char *label, assay_pretokenizer *p, assay_why *why);
void assay_pretokenizer_free(assay_pretokenizer *p);
/* Calls piece for each piece, in order; together they are the text.  Bytes that are no UTF-8 are pieces of their own.
 */
typedef assay_status (*assay_piece)(void *ctx, const char *text, size_t n, assay_why *why);
assay_status assay_pretokenize(const assay_pretokenizer *p, const char *text, size_t n, assay_piece piece, void *ctx,
                               assay_why *why);
#endif
