/* SPDX-License-Identifier: MIT
 * second.h - a suite's second derivation beside the reference, on the numbers of one case. */
#ifndef ASSAY_SECOND_H
#define ASSAY_SECOND_H
#include "../reference/core/problem.h"

/* Solves p anew, for the strict contract, and computes its outputs once more.  Both may be off by what the op's bound
 * allows arithmetic in double; outputs without a bound are equal, and ids that differ can both be drawn in double.  So
 * are what operands hold, read once more from their bytes, and the bytes of outputs that have one right answer.
 * False: they differ; why names the element. */
bool assay_second_agrees(assay_problem *p, assay_second second, assay_why *why);
/* Does the case have few enough numbers to be computed twice in every run? */
bool assay_second_affords(const assay_case *c);

/* Element types once more (second_formats.c): 16-bit floats and blocks.  Element j of a block of type t. */
double assay_second_read(assay_dtype t, const unsigned char *block, int j);
/* The block that x must become; false: t is written by a search, so that no block is the only right one. */
bool assay_second_write(assay_dtype t, const double *x, unsigned char *block);
#endif
