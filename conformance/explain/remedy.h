/* SPDX-License-Identifier: MIT
 * remedy.h - is a wrong answer right under a contract that the kernel could declare? */
#ifndef ASSAY_REMEDY_H
#define ASSAY_REMEDY_H
#include "../judge/judge.h"

enum { ASSAY_REMEDY_SECONDS = 3 };

/* Runs the call of a finding again and judges what came under the kernel's contract with one thing loosened at a time:
 * "x rounded to q8_0", "subnormals flushed", "exp within 16 u".  text: what it would have to declare; false: nothing in
 * the table helps.  p is solved for the kernel's contract, before and after. */
bool assay_remedy(assay_pool *pool, assay_problem *p, const assay_kernel *k, int plugin, const assay_finding *f,
                  char *text, size_t n);
#endif
