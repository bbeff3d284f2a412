/* SPDX-License-Identifier: MIT
 * second.h - a suite's second derivation beside the reference, on the numbers of one case. */
#ifndef ASSAY_SECOND_H
#define ASSAY_SECOND_H
#include "../reference/core/problem.h"

/* Solves p anew, for the strict contract, and computes its outputs once more.  Both may be off by what the op's bound
 * allows arithmetic in double; outputs without a bound are equal.  False: they differ; why names the element. */
bool assay_second_agrees(assay_problem *p, assay_second second, assay_why *why);
/* Does the case have few enough numbers to be computed twice in every run? */
bool assay_second_affords(const assay_case *c);
#endif
