/* SPDX-License-Identifier: MIT
 * normalize.h - text as SentencePiece's pieces are written, but with a blank for U+2581 (private to models). */
#ifndef ASSAY_MODELS_NORMALIZE_H
#define ASSAY_MODELS_NORMALIZE_H
#include "vocab.h"

struct assay_tokenizer;
typedef struct assay_normalizer {
    uint32_t *trie;       /* [units] of the double array; NULL: no rules, each character stays */
    const char *replaced; /* what the rules write: texts that each end with a NUL */
    size_t units;
    bool prefix, squeeze; /* a blank in front; blanks in front, behind, and all but one between words go */
    /* Bytes at text that stay as they are, whatever the rules say; 0: none.  NULL: there never are any. */
    size_t (*kept)(const struct assay_tokenizer *t, const char *text, size_t n);
    const struct assay_tokenizer *t; /* to be set before each use, if kept is */
} assay_normalizer;

/* A piece with a blank for U+2581; never longer.  Returns its bytes. */
size_t assay_print_piece(assay_span piece, char *out);

/* Checks the compiled rules: no walk through them leaves their bytes.  v may go. */
assay_status assay_normalizer_make(const assay_vocab *v, assay_normalizer *z, assay_why *why);
void assay_normalizer_free(assay_normalizer *z);
/* What the shortest rule writes that begins text; NULL: none does. */
const char *assay_normalizer_rule(const assay_normalizer *z, const char *text, size_t n);
/* A part of a text (allocated, free()).  first: it begins one, so that the blank comes in front and blanks there go;
 * last: it ends one, so that blanks behind go.  An empty part stays empty. */
assay_status assay_normalize(const assay_normalizer *z, const char *text, size_t n, bool first, bool last, char **out,
                             size_t *n_out, assay_why *why);
#endif
