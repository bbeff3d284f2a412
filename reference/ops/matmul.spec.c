/* SPDX-License-Identifier: MIT */
#include "spec.h"

static const assay_operand operands[] = {
    { .name = "x", .shape = "TK", .types = TYPES(FLOATS) },
    { .name = "w", .shape = "NK", .types = TYPES(FLOATS | T(e4m3) | T(e5m2) | BLOCKS), .flags = ASSAY_WEIGHT },
    { .name = "bias", .shape = "N", .types = TYPES(T(f32)), .flags = ASSAY_WEIGHT | ASSAY_OPTIONAL },
    { .name = "y", .shape = "TN", .types = TYPES(FLOATS), .access = ASSAY_OUT },
};
static const assay_plane planes[] = { { "A", "TN" }, { "s", "TN" }, { "M", "TN" }, { "s apart", "TN" } };
static const assay_said says[] = {
    { "T", "rows" },
    { "N", "outputs of a row" },
    { "K", "inputs of a row, summed over" },
    { "x", "activations" },
    { "w", "the weights W, an output a row" },
    { "bias", "added to each row; left out: nothing" },
};

FLOPS(2 * DIM(0) * DIM(1) * DIM(2))

SPEC(matmul) = {
    USUAL(matmul),
    BOUNDED(matmul),
    .formula = "y = x W^T + bias",
    .dims = "TNK",
    .role = { ASSAY_ROLE_ROWS, ASSAY_ROLE_ANY, ASSAY_ROLE_SUM },
    .split = 'N',
    .spread = 2,
    .flops = flops,
};
