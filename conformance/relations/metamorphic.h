/* SPDX-License-Identifier: MIT
 * metamorphic.h - relations between two results of one kernel, for which no golden is needed (docs/metamorphic.md):
 * each op brings its own (reference/core/suite.h). */
#ifndef ASSAY_METAMORPHIC_H
#define ASSAY_METAMORPHIC_H
#include "../judge/judge.h"
#include "../select.h"

typedef struct assay_related { /* of one kernel */
    int64_t held, broken;
    char line[ASSAY_CASE_LINE]; /* the first broken one */
    assay_why why;
} assay_related;

/* Tries every relation of the kernel's op on the cases that it takes. */
assay_status assay_relate(assay_pool *pool, const assay_kernel *k, int plugin, assay_related *r, assay_why *why);
/* `assay check --metamorphic`: seeded faults and legal variants by relations alone; the exit code (a legal one flagged:
 * 1). */
int assay_check_relations(assay_pool *pool, const assay_filter *f);
#endif
