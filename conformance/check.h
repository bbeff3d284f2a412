/* SPDX-License-Identifier: MIT
 * check.h - `assay check`: the generic test.  Other front ends (vectors, the Check binary) use the same parts. */
#ifndef ASSAY_CHECK_H
#define ASSAY_CHECK_H
#include "ledger.h"
#include "select.h"

int assay_cmd_check(int argc, char **argv);

/* Judges one problem by every entry of the ledger that computes its op and takes its types.  Solves it as needed. */
assay_status assay_check_problem(assay_lab *lab, assay_ledger *l, assay_problem *p, const assay_filter *f,
                                 assay_why *why);
/* Entries for all kernels that the filter means: built-in ones and the plug-in's. */
void assay_check_kernels(assay_lab *lab, assay_ledger *l, const assay_filter *f);
#endif
