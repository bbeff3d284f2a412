/* SPDX-License-Identifier: MIT
 * placement.h - a problem's operands in the arena that both processes map: where each stands, what surrounds it, and
 * whether all of that still stands after the call. */
#ifndef ASSAY_PLACEMENT_H
#define ASSAY_PLACEMENT_H
#include "pool.h"

/* Room behind every operand, scratch and shared memory before its guard page, poisoned and audited: for emulators that
 * read the lanes which a masked load leaves out.  0 unless told. */
void assay_place_room(size_t bytes);

/* Hostile: bytes between a guard page and operand i, and after each of its rows, planes and so on: by the case's seed,
 * so that the cases of an op go through all that its types allow. */
typedef struct assay_misplaced {
    int64_t head, pad;
} assay_misplaced;
assay_misplaced assay_misplace(const assay_case *c, int i);
unsigned char assay_poison_of(unsigned char poison, const assay_operand *o); /* what stood in this operand */

typedef struct assay_placement {
    assay_job job;
    unsigned char *arena;
    size_t used;           /* bytes of the arena */
    size_t cut_at;         /* of the output that the job cuts: before which byte a page begins */
    unsigned char *before; /* the arena as it was sent; after the audit outputs are copied in */
} assay_placement;

/* Operand i, filled: dense and ending at a guard page; aligned: from the begin of a page on, as
 * allocators place it, dense or each row from a multiple of 64 bytes on; hostile: padded and at an odd offset; far:
 * where it is made of 2 to ASSAY_PARTS rows (or planes), each at the end of pages of its own. */
typedef enum assay_spacing {
    ASSAY_SPACED_DENSE,
    ASSAY_SPACED_ALIGNED,
    ASSAY_SPACED_HOSTILE,
    ASSAY_SPACED_FAR
} assay_spacing;
assay_status assay_place_operand(assay_placement *pl, const assay_problem *p, int i, assay_spacing spacing,
                                 size_t arena_bytes, size_t page, assay_why *why);
int assay_alignment_of(assay_dtype t);               /* bytes: of an element, or of what a block holds */
bool assay_has_parts(const assay_problem *p, int i); /* would it be made of such rows? */
/* What an earlier, larger placement left beyond this one may be a right answer: it is wiped. */
void assay_forget_rest(const assay_placement *pl);
/* Everything but the logical elements of outputs must be as it was; beyond a COUNT the poison must stand. */
bool assay_audit(assay_placement *pl, const assay_problem *p, assay_finding *f);
/* An output of the case that may lie over an input, by its seed, and that input: the first of its shape and type; or
 * -1. */
int assay_over_input(const assay_case *c, int *out);
/* Dense copies of the outputs. */
void assay_hand_back(const assay_job *j, const assay_problem *p, assay_tensor *out);
#endif
