/* SPDX-License-Identifier: MIT
 * rewrite.h - how a tokenizer.json of pieces changes a text and cuts it into words (private to reference/models): its
 * sections normalizer and pre_tokenizer, as Hugging Face's tokenizers does them. */
#ifndef ASSAY_MODELS_REWRITE_H
#define ASSAY_MODELS_REWRITE_H
#include "pretokenize.h"

typedef enum assay_change_kind {
    ASSAY_CHANGE_PREPEND,  /* to in front of a text that is not empty */
    ASSAY_CHANGE_REPLACE,  /* to for each from */
    ASSAY_CHANGE_RUNS,     /* to for two blanks or more */
    ASSAY_CHANGE_CHARSMAP, /* SentencePiece's compiled rules, by grapheme clusters */
    ASSAY_CHANGE_STRIP,    /* white space goes in front (left), behind (right) */
    ASSAY_CHANGE_COMPOSE   /* NFC */
} assay_change_kind;

enum { ASSAY_CHANGES = 8, ASSAY_CHANGE_TEXT = 16 };

typedef struct assay_change {
    assay_change_kind kind;
    char from[ASSAY_CHANGE_TEXT], to[ASSAY_CHANGE_TEXT]; /* that end with a NUL */
    bool left, right;
} assay_change;

typedef struct assay_rewrite { /* a plain value */
    bool on;                   /* the file is a tokenizer.json of pieces */
    assay_change step[ASSAY_CHANGES];
    int n;
    bool words;                 /* a text is cut at white space, which goes */
    bool blanks;                /* blanks become U+2581; then prefix and split count */
    bool prefix, prefix_always; /* U+2581 in front of a text that has none: of the first part of it, of all parts */
    bool split;                 /* words begin at U+2581 */
} assay_rewrite;

struct assay_normalizer;
/* What the steps make of a text (allocated, free()), U+2581 as it is; bytes that are no UTF-8 become U+FFFD. */
assay_status assay_rewrite_text(const assay_rewrite *r, const struct assay_normalizer *charsmap, const char *text,
                                size_t n, char **out, size_t *n_out, assay_why *why);
/* Calls word for each word, in order, with a blank for U+2581.  first: the part begins a text. */
assay_status assay_rewrite_words(const assay_rewrite *r, const char *text, size_t n, bool first, assay_piece word,
                                 void *ctx, assay_why *why);
#endif
