/* SPDX-License-Identifier: MIT
 * results_lacks.h - what the parts of a document lack, and the order in which ops are named. */
#ifndef ASSAY_RESULTS_LACKS_H
#define ASSAY_RESULTS_LACKS_H
#include "results.h"

void assay_find_holes(assay_summary *s);   /* in the coverage of the cases */
void assay_find_lacking(assay_summary *s); /* missing runs */
int assay_op_rank(const char *op);         /* its place in the registry; past the end: not there */
#endif
