/* SPDX-License-Identifier: MIT
 * bounds_page.h - the formulas of docs/bounds.md and reference/ops/<op>.bound.md for one problem under one contract,
 * against the code. */
#ifndef ASSAY_BOUNDS_PAGE_H
#define ASSAY_BOUNDS_PAGE_H
#include "../../../reference/core/problem.h"

enum { BOUNDS_CONTRACTS = 12 };
extern const assay_contract bounds_contract[]; /* of every kind; the first is strict */

typedef struct verdict {
    bool same;
    int64_t compared;
    char why[300];
} verdict;

char *bounds_page(const char *op); /* its page, NULL if it has none; op NULL: what all ops share; free() */
/* A copy of the fenced block that begins "```<kind> <name>", NULL if there is none. */
char *bounds_block(const char *text, const char *kind, const char *name);
/* The page's g and B, by its shared block and the op's own, against the oracle's g (strict contract only) and bound().
 */
verdict bounds_compare(const assay_problem *p, const assay_contract *k, const char *shared, const char *text);
#endif
