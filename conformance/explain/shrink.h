/* SPDX-License-Identifier: MIT
 * shrink.h - the smallest case found that a kernel still fails in the same way: shorter dimensions, no optional
 * operands, default parameters, plain types and layouts, a simpler generator, a small seed, an easier placement. */
#ifndef ASSAY_SHRINK_H
#define ASSAY_SHRINK_H
#include "../judge/judge.h"

enum { ASSAY_SHRINK_CALLS = 200, ASSAY_SHRINK_SECONDS = 5 };

typedef struct assay_shrunk {
    char line[ASSAY_CASE_LINE]; /* empty: nothing smaller fails */
    assay_finding finding;
    int calls; /* cases judged */
} assay_shrunk;

/* c failed with finding f, judged with a team of `threads`.  A smaller case counts when its verdict is of the same
 * sort: wrong values, class, T2, memory, crash or status. */
void assay_shrink(assay_pool *pool, const assay_case *c, const assay_kernel *k, int plugin, int threads,
                  const assay_finding *f, assay_shrunk *s);
#endif
