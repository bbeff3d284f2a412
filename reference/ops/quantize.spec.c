/* SPDX-License-Identifier: MIT */
#include "spec.h"

static const assay_operand operands[] = {
    { .name = "x", .shape = "RC", .types = TYPES(T(f32)) },
    { .name = "y",
      .shape = "RC",
      .types = TYPES(T(f16) | T(bf16) | FLOATS_8 | ACTIVATIONS | FILE_BLOCKS | OCP_BLOCKS | GRIDS),
      .access = ASSAY_OUT,
      .verdict = ASSAY_EXACT },
};
static const assay_said says[] = {
    ROWS_AND_ELEMENTS,
    { "y", "of a type to be written: rounded to nearest, ties to even; blocks by the rule of their format" },
};

/* scale, round */
FLOPS(2 * DIM(0) * DIM(1))

VERIFY(quantize);
SPEC(quantize) = {
    USUAL(quantize), .formula = "y = x in the element type of y",
    .dims = "RC",    .role = { ASSAY_ROLE_ROWS },
    .split = 'R',    .verify = assay_quantize_verify,
    .flops = flops,
};
