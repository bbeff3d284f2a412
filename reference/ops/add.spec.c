/* SPDX-License-Identifier: MIT
 * The exact sum, rounded to f32, then to the type of y: one right answer, and what every kernel of f32 arithmetic
 * gives. Rounding to double first changes nothing, since double has more than 2 * 24 + 2 bits (Figueroa, When is double
 * rounding innocuous?, 1995).  The step through f32 matters only where an operand has more bits than y. */
#include "spec.h"

static const assay_operand operands[] = {
    { .name = "a", .shape = "RC", .types = TYPES(FLOATS) },
    { .name = "b", .shape = "RC", .types = TYPES(FLOATS) },
    { .name = "y", .shape = "RC", .types = TYPES(FLOATS), .access = ASSAY_OUT, .verdict = ASSAY_EXACT },
};
static const assay_said says[] = {
    ROWS_AND_ELEMENTS,
};

FLOPS(DIM(0) * DIM(1))

SPEC(add) = {
    USUAL(add), .formula = "y = a + b", .dims = "RC", .role = { ASSAY_ROLE_ROWS }, .split = 'R', .flops = flops,
};
