/* SPDX-License-Identifier: MIT
 * judge.h - one case, one kernel: placed in memory twice, in hostile layouts, run in a runner, audited, compared. */
#ifndef ASSAY_JUDGE_H
#define ASSAY_JUDGE_H
#include "lab.h"

typedef enum assay_outcome { ASSAY_PASSED, ASSAY_FAILED, ASSAY_NOT_ACCEPTED } assay_outcome;

/* plugin: index of the plug-in's kernel, or -1 for one of this program.  p is solved for k's contract.  threads: team
 * size of the second placement (the first runs on one thread, whole). */
assay_outcome assay_judge(assay_lab *lab, const assay_problem *p, const assay_kernel *k, int plugin, int threads,
                          assay_finding *f);
#endif
