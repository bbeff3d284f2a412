/* SPDX-License-Identifier: MIT
 * heap.h - what may be merged next, for both kinds of BPE (private to reference/models). */
#ifndef ASSAY_MODELS_HEAP_H
#define ASSAY_MODELS_HEAP_H
#include <stddef.h>
#include <stdint.h>

typedef struct assay_candidate { /* a symbol that may be merged with its right neighbour */
    double key;                  /* the least comes first, of equal ones the leftmost: a rank, or a score's opposite */
    int32_t at;                  /* the symbol */
    int32_t left, right;         /* what the two were then: ids, or bytes; who has changed since is no candidate */
} assay_candidate;

typedef struct assay_heap {
    assay_candidate *item; /* the caller's, with room for all that are pushed */
    size_t n;
} assay_heap;

void assay_heap_push(assay_heap *h, assay_candidate c);
assay_candidate assay_heap_pop(assay_heap *h); /* of n > 0 */
#endif
