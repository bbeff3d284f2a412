/* SPDX-License-Identifier: MIT
 * prompt.h - a text as a model gets it: its ids, with what the file puts before and behind a text. */
#ifndef ASSAY_MODELS_PROMPT_H
#define ASSAY_MODELS_PROMPT_H
#include "tokenizer.h"

typedef struct assay_prompt {
    int32_t *id; /* allocated, free() */
    size_t n;
    char note[240]; /* what the user should know: bytes without a token, a begin token that is not named or stands twice
                     */
} assay_prompt;

assay_status assay_prompt_make(const assay_tokenizer *t, const char *text, size_t n, bool special, assay_prompt *p,
                               assay_why *why);
#endif
