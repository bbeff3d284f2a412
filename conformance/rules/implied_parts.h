/* SPDX-License-Identifier: MIT
 * implied_parts.h - what implied.c (one case) and implied_score.c (all of an op) share. */
#ifndef ASSAY_RULES_IMPLIED_PARTS_H
#define ASSAY_RULES_IMPLIED_PARTS_H
#include "implied.h"

typedef struct trial {
    const assay_slip *slip;
    bool caught, met, ran; /* met: a case in which it differs */
    const char *unseen;    /* why it is none of this op's slips at all, as its suite says */
    const char *idle;      /* why it was none in the last case in which it did not differ */
    int runs;
    double field; /* FIELD_BEFORE: of the case in which it ran last */
} trial;

typedef struct of_op {
    const assay_op *op;
    trial *trial;
    size_t n;
    assay_level level;
    assay_implied_score put; /* by another process */
    double seconds;
    size_t caught; /* when it was last asked whether all is settled */
    bool settled;
} of_op;

struct assay_implied {
    of_op *op;
    size_t n;
};

of_op *assay_implied_find(const assay_implied *x, const assay_op *op);
#endif
