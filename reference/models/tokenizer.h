/* SPDX-License-Identifier: MIT
 * tokenizer.h - text to ids and back, by the algorithm that a vocabulary names. */
#ifndef ASSAY_MODELS_TOKENIZER_H
#define ASSAY_MODELS_TOKENIZER_H
#include "vocab.h"

typedef struct assay_tokenizer {
    const struct assay_tokenizer_kind *kind; /* encoding.h; NULL: not made */
    int32_t n;                               /* tokens; ids are 0 .. n-1 */
    int32_t bos, eos;                        /* -1: the file names none */
    bool add_bos, add_eos;                   /* a text begins with bos, ends with eos */
    bool lacks_bos, lacks_eos;               /* it would begin (end) with one, but the file names none */
    bool drop_blank;                         /* a text's first token prints a blank that is not the text's */
    assay_span *bytes;                       /* [n] what each token stands for */
    uint8_t *type;                           /* [n] assay_token_kind */
    bool *ends;                              /* [n] a generation ends with this token (ends.c) */
    bool *hidden;                /* [n] no piece of text becomes this token (vocab.h's ASSAY_MARK_OUTSIDE) */
    struct assay_lookup *lookup; /* tokens by what they stand for */
    struct assay_marks *marks;   /* tokens that are looked for in a text first */
    bool added;                  /* as Hugging Face looks for added tokens */
    int32_t *frame;              /* ids before a text, then those behind it */
    size_t before, behind;
    void *state; /* the kind's */
    char *pool;  /* all tokens' bytes */
} assay_tokenizer;

/* The vocabulary is no longer needed when the tokenizer is made. */
assay_status assay_tokenizer_make(const assay_vocab *v, assay_tokenizer *t, assay_why *why);
/* From the metadata of a GGUF file, which need not stay open. */
assay_status assay_tokenizer_gguf(const assay_gguf *g, assay_tokenizer *t, assay_why *why);
/* From a GGUF file, a tokenizer.json (Hugging Face), a tokenizer.model (SentencePiece) or a vocab.txt (BERT). */
assay_status assay_tokenizer_open(const char *path, assay_tokenizer *t, assay_why *why);
/* The first that lies in a folder of tokenizer.json, tokenizer.model, spiece.model and vocab.txt; false: none. */
bool assay_tokenizer_in(const char *folder, char *path, size_t size);
void assay_tokenizer_free(assay_tokenizer *t);

/* Text to ids (allocated, free()).  User-defined tokens in the text always become one id; control tokens only if
 * special, else their text is text.  Nothing is added before or behind (prompt.h).  A byte that no token stands for is
 * left out, as the reference tokenizers do. */
assay_status assay_tokenizer_encode(const assay_tokenizer *t, const char *text, size_t n, bool special, int32_t **ids,
                                    size_t *n_ids, assay_why *why);
/* What an id prints: control tokens are empty unless special; ids out of range are empty. */
assay_span assay_tokenizer_piece(const assay_tokenizer *t, int32_t id, bool special);
#endif
