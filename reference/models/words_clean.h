/* SPDX-License-Identifier: MIT
 * words_clean.h - characters as BERT's normalization leaves them (private to reference/models). */
#ifndef ASSAY_MODELS_WORDS_CLEAN_H
#define ASSAY_MODELS_WORDS_CLEAN_H
#include <stdbool.h>

typedef enum assay_character { /* what a character of a text is to words */
                               ASSAY_CHARACTER_LETTER,
                               ASSAY_CHARACTER_BLANK,
                               ASSAY_CHARACTER_GONE, /* it leaves no trace */
                               ASSAY_CHARACTER_ALONE /* an ideograph: a word of its own */
} assay_character;

typedef struct assay_letter { /* of what becomes of a character */
    unsigned code;
    unsigned char order; /* letters of an order above 0 stand sorted by it between two of order 0, if decomposed */
    bool gone;           /* a mark that is dropped; one of order 0 ends a run all the same */
    bool alone;          /* punctuation: a word of its own */
} assay_letter;

enum { ASSAY_LETTERS = 8 };

assay_character assay_words_character(unsigned code);
/* Decomposed canonically without its nonspacing marks if strip_accents, in lower case if lower; returns how many. */
int assay_words_letters(unsigned code, bool strip_accents, bool lower, assay_letter out[ASSAY_LETTERS]);
#endif
