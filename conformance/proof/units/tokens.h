/* SPDX-License-Identifier: MIT
 * tokens.h - what tests of tokenizers share: small vocabularies in memory, and the ids that a text must become. */
#ifndef ASSAY_UNIT_TOKENS_H
#define ASSAY_UNIT_TOKENS_H
#include "../../../reference/models/encoding.h"

enum { /* types of tokens in a list */
       N = ASSAY_TOKEN_NORMAL,
       U = ASSAY_TOKEN_UNKNOWN,
       C = ASSAY_TOKEN_CONTROL,
       D = ASSAY_TOKEN_USER,
       X = ASSAY_TOKEN_UNUSED
};

typedef struct token {
    const char *text;
    int type;
    float score;
} token;

typedef struct token_options {
    bool bytes, prefix, squeeze; /* tokens of all bytes behind the list; of vocab.h */
    bool eos;                    /* the last control token ends a text */
} token_options;

/* A tokenizer of n tokens. */
assay_status assay_unit_tokens(const assay_tokenizer_kind *kind, const token *list, int32_t n, token_options o,
                               assay_tokenizer *t, assay_why *why);
/* Fails the test if a text becomes other ids. */
void assay_unit_becomes(const assay_tokenizer *t, const char *text, size_t n, bool special, const int32_t *want,
                        size_t n_want);
/* A letter n times: encoded within so many seconds of CPU time; ids are the caller's, free(). */
size_t assay_unit_long(const assay_tokenizer *t, char letter, size_t n, int seconds, int32_t **ids);
#endif
