/* SPDX-License-Identifier: MIT
 * gate.h - where a bound must be tight: cases of random mantissas whose outputs are what the kernel computed, of the
 * accumulator's type.  Some legal kernel must use a fair share of the bound there, for each op, contract and generator;
 * under the strict contract also for each choice of optional operands and parameters, which decide what terms a bound
 * has, and so must three quarters of the elements (docs/judge.md). */
#ifndef ASSAY_GATE_H
#define ASSAY_GATE_H
#include "../../reference/core/suite.h"

enum { ASSAY_GATE_ROW = 96 };

#define ASSAY_LOOSE         0.01   /* a largest share below fails */
#define ASSAY_LOOSE_TYPICAL 0.0003 /* and a typical one (compare.h) */
#define ASSAY_TIGHT         0.05   /* the aim for the largest */

/* The row that a case belongs to: "gauss", "gauss bias"; false: to none. */
bool assay_gate_row(const assay_case *c, const assay_contract *k, char row[ASSAY_GATE_ROW]);
/* Is a row tight?  typical 0: no case has enough elements, or none is asked. */
bool assay_gate_good(const char *contract, double used, double typical);
#endif
