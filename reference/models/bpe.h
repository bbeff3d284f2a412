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
    int32_t *slot; /* hash table of normal tokens by bytes; -1: free */
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
} assay_encoding;

assay_status assay_bpe_make(assay_tokenizer *t, const assay_span *text, const assay_span *merges, size_t n_merges,
                            const char *label, assay_why *why);
void assay_bpe_free(assay_bpe *b);
assay_status assay_bpe_piece(void *encoding, const char *text, size_t n, assay_why *why); /* appends the piece's ids */
assay_status assay_bpe_emit(assay_encoding *e, int32_t id, assay_why *why);
#endif
