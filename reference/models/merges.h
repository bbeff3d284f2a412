/* SPDX-License-Identifier: MIT
 * merges.h - BPE by ranked merges (private to reference/models): among neighbours the pair of lowest rank is merged
 * first, leftmost on ties, one at a time; a merged symbol's new pairs compete at once.  A heap of candidates over a
 * doubly linked list of symbols: n log n. */
#ifndef ASSAY_MODELS_MERGES_H
#define ASSAY_MODELS_MERGES_H
#include "encoding.h"

typedef struct assay_merge { /* a slot of the hash table of pairs; rank < 0: free */
    int32_t left, right, rank, id;
} assay_merge;

typedef struct assay_merges {
    assay_merge *merge; /* hash table by (left, right) */
    size_t mask;
} assay_merges;

/* The vocabulary's merges, which are written in its tokens' text.  Tokens can be looked up. */
assay_status assay_merges_make(const assay_vocab *v, const assay_tokenizer *t, assay_merges *m, assay_why *why);
void assay_merges_free(assay_merges *m);

typedef struct assay_symbol {
    int32_t id;         /* -1: merged away; below: no token, and what that means is the caller's */
    int32_t prev, next; /* -1: none */
} assay_symbol;

/* Room for n symbols, in e->work; NULL: why. */
assay_symbol *assay_merges_room(assay_encoding *e, size_t n, assay_why *why);
/* Merges the n symbols of the room, whose ids are set; the first stays at 0. */
void assay_merges_run(const assay_merges *m, assay_encoding *e, size_t n);
void assay_merges_done(assay_encoding *e); /* frees the room */
#endif
