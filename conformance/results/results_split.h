/* SPDX-License-Identifier: MIT
 * results_split.h - which parts are shards of one split. */
#ifndef ASSAY_RESULTS_SPLIT_H
#define ASSAY_RESULTS_SPLIT_H
#include "results.h"

/* 0: same build, level, seed, cases and number of shards: what is left of them may be joined into a whole. */
int assay_split_order(const assay_result_part *a, const assay_result_part *b);
#endif
