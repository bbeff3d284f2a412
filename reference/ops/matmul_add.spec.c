/* SPDX-License-Identifier: MIT
 * matmul_add: a projection and the residual sum that follows it, as one op: GEMM with beta = 1.  The sum is add's, a
 * number of f32. */
#include "spec.h"

enum { X, W, BIAS, RESIDUAL, Y };

static const assay_operand operands[] = {
    { .name = "x", .shape = "TK", .types = TYPES(FLOATS) },
    { .name = "w", .shape = "NK", .types = TYPES(FLOATS | T(e4m3) | T(e5m2) | BLOCKS), .flags = ASSAY_WEIGHT },
    { .name = "bias", .shape = "N", .types = TYPES(T(f32)), .flags = ASSAY_WEIGHT | ASSAY_OPTIONAL },
    { .name = "residual", .shape = "TN", .types = TYPES(FLOATS) },
    { .name = "y", .shape = "TN", .types = TYPES(FLOATS), .access = ASSAY_OUT },
};
static const int8_t product[] = { X, W, BIAS, ASSAY_TEMP(0) };
static const int8_t sum[] = { ASSAY_TEMP(0), RESIDUAL, Y };
static const assay_part parts[] = {
    { .op = "matmul", .dims = "TNK", .operand = product },
    { .op = "add", .dims = "TN", .operand = sum },
};
static const char *const temps[] = { "TN" };
static const assay_plane planes[] = { { "A", "TN" }, { "M", "TN" } };
static const assay_said says[] = {
    { "T", "rows" },
    { "N", "outputs of a row" },
    { "K", "inputs of a row, summed over" },
    { "x", "activations" },
    { "w", "the weights W, an output a row" },
    { "bias", "added to each row; left out: nothing" },
    { "residual", "what the layer's output is added to; y may be the same tensor" },
};

FLOPS(DIM(0) * DIM(1) * (2 * DIM(2) + 1))

DECLARE_BOUNDS(matmul_add);
const assay_op assay_op_matmul_add = {
    .name = "matmul_add",
    .formula = "y = x W^T + bias + residual",
    .dims = "TNK",
    .role = { ASSAY_ROLE_ROWS, ASSAY_ROLE_ANY, ASSAY_ROLE_SUM },
    .split = 'N',
    OPERANDS(operands),
    SAYS(says),
    PLANES(planes),
    PARTS(parts, temps),
    BOUNDS(matmul_add),
    .flops = flops,
};
