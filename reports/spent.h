/* SPDX-License-Identifier: MIT
 * spent.h - where a token's time goes in assay run, beside what the roofs allow. */
#ifndef ASSAY_REPORT_SPENT_H
#define ASSAY_REPORT_SPENT_H
#include "report.h"

enum { SPENT = 64 };
typedef struct spent {
    const char *op, *kernel, *bound; /* bound: "compute", "memory"; NULL: not measured */
    double ms, share;                /* of a token; share of the roof; below 0: not measured */
    int calls;
} spent;

/* phase: "prefill" or "decode" of a document of assay run; the longest first; how many.  The share is that of the rows
 * of assay bench with the same op and kernel on that phase's workloads, weighted by their times: with as many threads
 * where they were measured, else one; decoding reads packed weights once, so that there cold rows count. */
int spent_of(const report *r, const cJSON *run, const char *phase, spent out[SPENT]);
#endif
