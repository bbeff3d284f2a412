/* SPDX-License-Identifier: MIT
 * cases.h - the cases of an op: those that its suite's rows say, then those that its spec implies.
 *
 *   rows        hand-written, for what only the op knows
 *   alike       every element type in all operands at once that take it
 *   joint       all dimensions large at once, for every element type
 *   alone       each dimension beyond 2^16, the others 1
 *   pairs       what is then missing of all pairs of choices (space.h)
 *   triples     from ASSAY_FULL on, the same of triples
 *   work        what bench measures (workloads[] of its suite), as far as a price allows; the rest is judged
 *               where it is measured (bench/verdict.c) */
#ifndef ASSAY_RULES_CASES_H
#define ASSAY_RULES_CASES_H
#include "cover.h"

typedef struct assay_cases {
    assay_space space;
    assay_cover pairs, triples; /* triples: from ASSAY_FULL on */
    char **line;
    size_t n_rows, n; /* lines of rows, and all */
} assay_cases;

/* Made when first asked for, and kept; stops the program where a row does not parse.  NULL: the op has no suite. */
const assay_cases *assay_cases_of(const assay_op *op, assay_level level);
/* The space alone, without the cases that cover it: what a suite's rows say, and the price of a level. */
void assay_cases_space(const assay_op *op, assay_level level, assay_space *s);
/* Visits every line of the rows, then, unless rows_only, of those made by rule. */
assay_status assay_cases_visit(const assay_op *op, assay_level level, bool rows_only, assay_case_visit visit, void *ctx,
                               assay_why *why);
/* Visits those made by rule alone; last_first: the dearest and longest come last. */
assay_status assay_cases_visit_made(const assay_op *op, assay_level level, bool last_first, assay_case_visit visit,
                                    void *ctx, assay_why *why);
/* Is a workload with this case among a level's cases? */
bool assay_cases_have_work(assay_level level, const assay_case *c);
/* How many pairs and triples the op's cases cover; all: also which not, and why. */
void assay_cases_print(const assay_cases *c, bool all);
#endif
