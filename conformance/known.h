/* SPDX-License-Identifier: MIT
 * known.h - a suite's known answers against the reference. */
#ifndef ASSAY_KNOWN_H
#define ASSAY_KNOWN_H
#include "../reference/core/suite.h"

/* False: the reference says something else than an answer of the suite, or than its function `known` asks; why names
 * the first. */
bool assay_known_holds(const assay_op *op, const assay_suite *suite, assay_why *why);
#endif
