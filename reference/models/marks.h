/* SPDX-License-Identifier: MIT
 * marks.h - tokens that are looked for in a text before it is cut (private to reference/models): special and
 * user-defined tokens, and the added tokens of a tokenizer.json, which are found as Hugging Face's tokenizers find
 * them. */
#ifndef ASSAY_MODELS_MARKS_H
#define ASSAY_MODELS_MARKS_H
#include "encoding.h"
#include "tree.h"

typedef struct assay_marks {
    assay_tree all;        /* control, unknown and user-defined tokens; of a tokenizer.json those not in normalized */
    assay_tree users;      /* the user-defined ones of them */
    assay_tree normalized; /* those that are looked for in normalized text, by their normalized text */
    uint8_t *how;          /* [tokens] assay_mark; NULL: none of them is set */
} assay_marks;

/* Types are final. */
assay_status assay_marks_make(const assay_vocab *v, assay_tokenizer *t, assay_why *why);
void assay_marks_free(assay_marks *m);

/* Text between added tokens; first: it begins the whole text. */
typedef assay_status (*assay_between)(assay_encoding *e, const char *text, size_t n, bool first, bool special,
                                      assay_why *why);
/* Appends the ids of a text in which added tokens are looked for; special: the special ones, too.  Elsewhere their text
 * is text, but no other token is found inside it. */
assay_status assay_marks_encode(assay_encoding *e, const assay_tree *tree, const char *text, size_t n, bool first,
                                bool special, assay_between part, assay_why *why);
#endif
