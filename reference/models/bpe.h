/* SPDX-License-Identifier: MIT
 * bpe.h - the merging half of the tokenizer (private to reference/models). */
#ifndef ASSAY_MODELS_BPE_H
#define ASSAY_MODELS_BPE_H
#include "pretokenize.h"
#include "tokenizer.h"

typedef struct assay_merge { /* a slot of the hash table of pairs; rank < 0: free */
    int32_t left, right, rank, id;
} assay_merge;

typedef struct assay_bpe {
    assay_pretokenizer pre;
    char *pool;    /* all tokens' bytes */
    int32_t *slot; /* hash table of tokens that text can become, by bytes; -1: free */
    size_t slot_mask;
    assay_merge *merge; /* hash table by (left, right) */
    size_t merge_mask;
    int32_t byte[256]; /* token of a single byte; -1: none */
    int32_t *special;  /* control and user-defined tokens by first byte, then longest first */
    int32_t special_first[257];
} assay_bpe;

typedef struct assay_candidate { /* a pair that may be merged: the left symbol's index and the ids it had */
    int32_t rank, at, left, right;
} assay_candidate;

typedef struct assay_symbol {
    int32_t id, prev, next; /* id -1: merged away; -2 - byte: a byte without a token */
} assay_symbol;

typedef struct assay_encoding {
    const assay_tokenizer *t;
    int32_t *ids;
    size_t n, room;
    assay_symbol *work;
    assay_candidate *heap;
    size_t work_room, n_heap, heap_room;
    size_t left_out; /* bytes that no token stands for */
    unsigned char first_left_out;
} assay_encoding;

/* Reads the merges, which are written in the tokens' text, and marks what ends a generation (ends.c). */
assay_status assay_bpe_make(const assay_gguf *g, assay_tokenizer *t, const assay_span *text, assay_why *why);
void assay_bpe_free(assay_bpe *b);
/* Appends the ids of a text (its special tokens too, if asked), of a piece, one id.  The encoding's id list is the
 * caller's, also after a failure. */
assay_status assay_bpe_text(assay_encoding *e, const char *text, size_t n, bool special, assay_why *why);
assay_status assay_bpe_piece(void *encoding, const char *text, size_t n, assay_why *why);
assay_status assay_bpe_emit(assay_encoding *e, int32_t id, assay_why *why);

size_t assay_bpe_unmap(assay_span text, char *out); /* a token's text to the bytes that it stands for */
assay_status assay_ends_mark(const assay_gguf *g, assay_tokenizer *t, const assay_span *text, assay_why *why);
#endif
