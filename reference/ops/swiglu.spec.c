/* SPDX-License-Identifier: MIT */
#include "spec.h"

static const assay_operand operands[] = {
    { .name = "gate", .shape = "RC", .types = TYPES(FLOATS) },
    { .name = "up", .shape = "RC", .types = TYPES(FLOATS) },
    { .name = "y", .shape = "RC", .types = TYPES(FLOATS), .access = ASSAY_OUT },
};
static const assay_plane planes[] = { { "falling", "RC" } };
static const assay_said says[] = {
    ROWS_AND_ELEMENTS,
    { "gate", "goes through silu" },
    { "up", "the other factor" },
};

/* exponential (one), sum, quotient, product */
FLOPS(4 * DIM(0) * DIM(1))

SPEC(swiglu) = {
    USUAL(swiglu),
    BOUNDED(swiglu),
    .formula = "y = gate / (1 + e^-gate) * up",
    .dims = "RC",
    .role = { ASSAY_ROLE_ROWS },
    .split = 'R',
    .flops = flops,
};
