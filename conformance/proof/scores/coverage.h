/* SPDX-License-Identifier: MIT
 * coverage.h - what the cases of an op leave out, computed: each type of each operand, each optional operand present
 * and absent, each field at a non-default value, every length modulo 16 of the innermost dimensions, each generator
 * tag. */
#ifndef ASSAY_COVERAGE_H
#define ASSAY_COVERAGE_H
#include "../../../reference/core/registry.h"

typedef struct assay_coverage {
    uint64_t types[ASSAY_MAX_OPND][2];
    uint32_t present, absent, fields, tags;
    uint16_t tails[ASSAY_MAX_DIMS]; /* bit r: a length with remainder r modulo 16 */
    uint32_t zero, one;             /* bit d: dimension d had length 0, 1 */
} assay_coverage;

void assay_coverage_add(assay_coverage *v, const assay_case *c);
/* Calls hole() for each hole that the suite does not name. */
void assay_coverage_holes(const assay_coverage *v, const assay_op *op, void (*hole)(void *ctx, const char *what),
                          void *ctx);
#endif
