/* SPDX-License-Identifier: MIT
 * One rounding of the exact sum: rounding to double first changes nothing, since double has more than 2 * 24 + 2 bits
 * (Figueroa, When is double rounding innocuous?, 1995). */
#include "spec.h"

static const assay_operand operands[] = {
    { .name = "a", .shape = "RC", .types = TYPES(FLOATS) },
    { .name = "b", .shape = "RC", .types = TYPES(FLOATS) },
    { .name = "y", .shape = "RC", .types = TYPES(FLOATS), .access = ASSAY_OUT, .verdict = ASSAY_EXACT },
};

static double flops(const assay_args *a)
{
    return (double)a->dim[0] * (double)a->dim[1];
}

DECLARE_REFERENCES(add);
extern const assay_op assay_op_add;
const assay_op assay_op_add = {
    .name = "add",
    .formula = "y = a + b",
    .dims = "RC",
    .split = 'R',
    OPERANDS(operands),
    REFERENCES(add),
    .flops = flops,
};
