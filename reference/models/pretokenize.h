/* SPDX-License-Identifier: MIT
 * pretokenize.h - cuts text into the pieces inside which byte-level BPE merges: a table of regular expressions by the
 * names that GGUF files give them (tokenizer.ggml.pre). */
#ifndef ASSAY_MODELS_PRETOKENIZE_H
#define ASSAY_MODELS_PRETOKENIZE_H
#include "../core/file.h"

enum { ASSAY_PRETOKENIZER_STEPS = 6 };
typedef struct assay_pretokenizer {
    char name[32];
    void *code[ASSAY_PRETOKENIZER_STEPS]; /* compiled expressions: each cuts every part of the one before */
    void *match[ASSAY_PRETOKENIZER_STEPS];
    bool ignore_merges; /* a piece that is a token is taken whole */
    bool add_bos;       /* a text begins with bos, unless the file says otherwise */
} assay_pretokenizer;

/* The expression that ByteLevel has by itself. */
extern const char assay_pretokenizer_gpt2[];
/* The name of n expressions as a tokenizer.json writes them, one after the other; empty: they are not known. */
assay_span assay_pretokenizer_find(const assay_span *expression, int n);
assay_status assay_pretokenizer_make(assay_span name, const char *label, assay_pretokenizer *p, assay_why *why);
void assay_pretokenizer_free(assay_pretokenizer *p);
/* Calls piece for each piece, in order; together they are the text.  Bytes that are no UTF-8 are pieces of their own.
 */
typedef assay_status (*assay_piece)(void *ctx, const char *text, size_t n, assay_why *why);
assay_status assay_pretokenize(const assay_pretokenizer *p, const char *text, size_t n, assay_piece piece, void *ctx,
                               assay_why *why);
#endif
