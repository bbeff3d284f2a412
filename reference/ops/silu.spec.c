/* SPDX-License-Identifier: MIT */
#include "spec.h"

static const assay_operand operands[] = {
    { .name = "x", .shape = "RC", .types = TYPES(FLOATS) },
    { .name = "y", .shape = "RC", .types = TYPES(FLOATS), .access = ASSAY_OUT },
};
static const assay_plane planes[] = { { "falling", "RC" } };
static const assay_said says[] = {
    ROWS_AND_ELEMENTS,
};

/* exponential (one), sum, quotient */
FLOPS(3 * DIM(0) * DIM(1))

SPEC(silu) = {
    USUAL(silu),  BOUNDED(silu),  .formula = "y = x / (1 + e^-x)", .dims = "RC", .role = { ASSAY_ROLE_ROWS },
    .split = 'R', .flops = flops,
};
