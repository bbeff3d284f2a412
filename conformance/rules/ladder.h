/* SPDX-License-Identifier: MIT
 * ladder.h - which lengths a dimension is tried at, by what it means (assay_role).
 *
 * A length is a rung, a multiple of 16, and a remainder from 0 to 15: every rung past which a real kernel may take
 * another path meets every remainder, and so 31 33 63 65 127 129 257 260 1021 1030 2051 4103 are all reached.  A length
 * beyond 2^16 stands alone: others beside it are small, and it need meet types, storage and presence of operands,
 * fields and generators that are of no operand only.  A length that few models have meets less: its own remainders to
 * 2, types, storage and presence of operands, fields.  Heads are a multiple of the groups that they share; groups are
 * few.  What follows from other lengths has a ladder for slips alone: cases get its length from them. */
#ifndef ASSAY_RULES_LADDER_H
#define ASSAY_RULES_LADDER_H
#include "assay/assay.h"

enum { ASSAY_TAILS = 16, ASSAY_MARKS = 32, ASSAY_LONE = 1 << 16 /* and above */ };

typedef struct assay_ladder {
    const int64_t *rung; /* ascending */
    int n;
    bool tails; /* a length is a rung and a remainder; false: a rung alone */
} assay_ladder;

typedef enum assay_apart { ASSAY_TOGETHER, ASSAY_APART_LONE, ASSAY_APART_SELDOM } assay_apart;

assay_ladder assay_ladder_of(assay_role role);
assay_apart assay_ladder_apart(assay_role role, int64_t rung); /* what it is kept from */
/* Indices from which on a slip is wrong, ascending.  Of a dimension alone: 1 2 4 8, then of each rung the first that a
 * remainder brings.  Of two (pair): of each rung the last of its shortest length, which is what cases of pairs of rungs
 * have at least, and of rows the second; none of a length of few models.  At most ASSAY_MARKS; returns how many. */
int assay_ladder_marks(assay_role role, bool pair, int64_t *mark);
/* The rung that such an index is of. */
int assay_ladder_rung(assay_role role, bool pair, int64_t mark);
#endif
