/* SPDX-License-Identifier: MIT
 * cause.h - what the cases that a kernel fails have in common, and no case that it passes. */
#ifndef ASSAY_CAUSE_H
#define ASSAY_CAUSE_H
#include "../judge/judge.h"

enum { ASSAY_CAUSES = 4, ASSAY_CAUSE_TEXT = 240 };

typedef struct assay_traced { /* what became of one case */
    bool passed, failed;
    uint8_t by, place; /* of the first failure: assay_by, assay_place */
} assay_traced;

typedef struct assay_caused { /* a case, and that */
    assay_case c;
    assay_traced t;
    bool told; /* a sentence speaks of it */
} assay_caused;

/* "all 24 that fail have plus_one=1, none of the 178 that pass": groups from the largest on, each of two cases and
 * more. Dimensions, types, layouts, operands given or left out, parameters, generator; and, of a group, how its
 * operands lay. Returns how many sentences; 0: too few cases, or nothing sets them apart. */
int assay_causes(assay_caused *all, size_t n, char text[ASSAY_CAUSES][ASSAY_CAUSE_TEXT]);
#endif
