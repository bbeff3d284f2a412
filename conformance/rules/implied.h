/* SPDX-License-Identifier: MIT
 * implied.h - the slips of slips.h, judged: each goes through the cases until one catches it.  What none catches is a
 * hole in the cases, unless no case can be that large; escapes.def holds how many of each kind are known. */
#ifndef ASSAY_RULES_IMPLIED_H
#define ASSAY_RULES_IMPLIED_H
#include "../judge/judge.h"
#include "slips.h"
#include <stdio.h>

typedef struct assay_implied assay_implied;

typedef struct assay_implied_score { /* of one op */
    int32_t made, caught, idle, escaped;
    int32_t far;     /* not caught: lengths that no case of the level can have together, or no row of a suite of rows */
    int32_t flagged; /* 1: the kernel without a slip did not pass */
    int32_t allowed; /* of the escaped: known ones, escapes.def */
    double seconds;
} assay_implied_score;

assay_implied *assay_implied_open(assay_level level); /* of what assay_slips_prepare has made */
bool assay_implied_has(const assay_implied *x, const assay_op *op);
/* Those that are not caught, on this case.  p may be solved anew. */
assay_status assay_implied_problem(assay_implied *x, assay_pool *pool, assay_problem *p, assay_why *why);
/* One that is not caught is likely to show in such a case; its numbers are not made yet. */
bool assay_implied_seeks(const assay_implied *x, const assay_case *c);
/* No slip of the op is left but those that are known to escape. */
bool assay_implied_settled(assay_implied *x, const assay_op *op);
assay_implied_score assay_implied_of(const assay_implied *x, const assay_op *op);
/* Adds what another process found of this op. */
void assay_implied_put(assay_implied *x, const assay_op *op, const assay_implied_score *s);
assay_implied_score assay_implied_all(const assay_implied *x);
/* A line per op; all: also each slip that is not caught, and why not. */
void assay_implied_print(const assay_implied *x, bool all);
void assay_implied_free(assay_implied *x);
#endif
