/* SPDX-License-Identifier: MIT
 * vocab.h - what a tokenizer is made of, whatever file it stands in: one reader a format fills it, tokenizer.c makes a
 * tokenizer of it.  Texts lie in the file, which must stay open, or in own. */
#ifndef ASSAY_MODELS_VOCAB_H
#define ASSAY_MODELS_VOCAB_H
#include "../core/gguf.h"
#include "rewrite.h"

typedef enum assay_token_kind { /* numbers of GGUF, and of SentencePiece */
                                ASSAY_TOKEN_NORMAL = 1,
                                ASSAY_TOKEN_UNKNOWN,
                                ASSAY_TOKEN_CONTROL,
                                ASSAY_TOKEN_USER,
                                ASSAY_TOKEN_UNUSED,
                                ASSAY_TOKEN_BYTE
} assay_token_kind;

typedef enum assay_mark {                            /* of tokens of a tokenizer.json: bits */
                          ASSAY_MARK_LEFT = 1,       /* takes the white space before it along */
                          ASSAY_MARK_RIGHT = 2,      /* behind it */
                          ASSAY_MARK_WORD = 4,       /* is none inside a word */
                          ASSAY_MARK_NORMALIZED = 8, /* is looked for in normalized text */
                          ASSAY_MARK_OUTSIDE = 16,   /* the algorithm does not know it: no piece of text becomes it */
                          ASSAY_MARK_ADDED = 32      /* is looked for before a text is cut */
} assay_mark;

typedef enum assay_named_token { /* of single tokens that a file names */
                                 ASSAY_NAMED_BOS,
                                 ASSAY_NAMED_EOS,
                                 ASSAY_NAMED_EOT,
                                 ASSAY_NAMED_EOM,
                                 ASSAY_NAMED_FIM_PAD,
                                 ASSAY_NAMED_FIM_REP,
                                 ASSAY_NAMED_FIM_SEP,
                                 ASSAY_NAMED_UNKNOWN,
                                 ASSAY_NAMED_TOKENS
} assay_named_token;

typedef struct assay_vocab {
    const char *label;                       /* the file, for messages */
    const struct assay_tokenizer_kind *kind; /* which algorithm; tokenizer.h */
    int32_t n;                               /* tokens; ids are 0 .. n-1 */
    assay_span *text;                        /* [n] as the file writes them */
    uint8_t *type;                           /* [n] assay_token_kind */
    double *score;                           /* [n] of pieces; NULL: none */
    assay_span *merge;                       /* [n_merges] "left right", the first is the first to be done */
    size_t n_merges;
    assay_span pre;                    /* the pre-tokenizer's name */
    int32_t named[ASSAY_NAMED_TOKENS]; /* ids; -1: none */
    int8_t add_bos, add_eos;           /* 1, 0; -1: as is usual */
    bool space_prefix;                 /* pieces: a text begins with a blank */
    bool squeeze;                      /* pieces: blanks in front, behind, and all but one between words go */
    bool compose;                      /* bytes: a text is brought to normalization form C (NFC) before it is cut */
    bool lower, strip_accents;         /* words: a caller who knows better may change them before a tokenizer is made */
    assay_span charsmap;               /* SentencePiece's rules of normalization, compiled; empty: none */
    bool added;                        /* a tokenizer.json: tokens are added and looked for as Hugging Face does */
    uint8_t *mark;                     /* [n] bits of assay_mark; NULL: none */
    assay_rewrite rewrite;             /* pieces of a tokenizer.json: how a text is changed and cut */
    bool ignore_merges;                /* a tokenizer.json's BPE: a piece that is a token is taken whole */
    bool fuse_unknown;                 /* unknown characters side by side are one */
    int32_t *frame;                    /* ids before a text and behind it; NULL: by add_bos and add_eos */
    size_t before, behind;             /* how many of them */
    char *own, *own_merges, *own_charsmap;
} assay_vocab;

assay_status assay_vocab_gguf(const assay_gguf *g, assay_vocab *v, assay_why *why);
/* A tokenizer.json of Hugging Face's tokenizers; texts are copied. */
assay_status assay_vocab_json(const void *bytes, size_t n, const char *label, assay_vocab *v, assay_why *why);
/* A tokenizer.model of SentencePiece in memory, which must stay as long as v; label names it. */
assay_status assay_vocab_spm(const void *bytes, size_t n, const char *label, assay_vocab *v, assay_why *why);
/* BERT's vocab.txt, which does not say whether it is cased: lower and strip_accents are true. */
assay_status assay_vocab_txt(const void *bytes, size_t n, const char *label, assay_vocab *v, assay_why *why);
/* The tokenizer_config.json beside a vocab.txt: do_lower_case, if absent true, and strip_accents, absent or null as
 * do_lower_case. */
assay_status assay_vocab_config(const void *bytes, size_t n, const char *label, assay_vocab *v, assay_why *why);
void assay_vocab_free(assay_vocab *v);
#endif
