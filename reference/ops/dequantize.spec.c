/* SPDX-License-Identifier: MIT */
#include "spec.h"

static const assay_operand operands[] = {
    { .name = "x",
      .shape = "RC",
      .types = TYPES(T(f16) | T(bf16) | FLOATS_8 | ACTIVATIONS | FILE_BLOCKS | OCP_BLOCKS | GRIDS) },
    { .name = "y",
      .shape = "RC",
      .types = TYPES(T(f32)),
      .access = ASSAY_OUT,
      .flags = ASSAY_ANY_ZERO,
      .verdict = ASSAY_EXACT },
};
static const assay_said says[] = {
    ROWS_AND_ELEMENTS,
    { "x", "of any type that can be read" },
};

/* code times scale */
FLOPS(DIM(0) * DIM(1))

SPEC(dequantize) = {
    USUAL(dequantize), .formula = "y = x, read from the element type of x",
    .dims = "RC",      .role = { ASSAY_ROLE_ROWS },
    .split = 'R',      .flops = flops,
};
