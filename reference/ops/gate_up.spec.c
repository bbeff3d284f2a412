/* SPDX-License-Identifier: MIT
 * gate_up: the two projections that open a gated feed-forward layer and their SwiGLU, as one op. */
#include "spec.h"

enum { X, GATE, UP, Y };

static const assay_operand operands[] = {
    { .name = "x", .shape = "TK", .types = TYPES(T(f32)) },
    { .name = "gate", .shape = "NK", .types = TYPES(FLOATS | BLOCKS), .flags = ASSAY_WEIGHT },
    { .name = "up", .shape = "NK", .types = TYPES(FLOATS | BLOCKS), .flags = ASSAY_WEIGHT },
    { .name = "y", .shape = "TN", .types = TYPES(T(f32)), .access = ASSAY_OUT },
};
static const int8_t gate[] = { X, GATE, ASSAY_LEFT_OUT, ASSAY_TEMP(0) };
static const int8_t up[] = { X, UP, ASSAY_LEFT_OUT, ASSAY_TEMP(1) };
static const int8_t product[] = { ASSAY_TEMP(0), ASSAY_TEMP(1), Y };
static const assay_part parts[] = {
    { .op = "matmul", .dims = "TNK", .operand = gate },
    { .op = "matmul", .dims = "TNK", .operand = up },
    { .op = "swiglu", .dims = "TN", .operand = product },
};
static const char *const temps[] = { "TN", "TN" };
static const assay_plane planes[] = {
    { "g", "TN" }, { "u", "TN" }, { "Ag", "TN" }, { "Au", "TN" }, { "Mg", "TN" }, { "Mu", "TN" },
};
static const assay_said says[] = {
    { "T", "rows" },
    { "N", "outputs of a row" },
    { "K", "inputs of a row, summed over" },
    { "x", "activations" },
    { "gate", "weights whose product goes through silu" },
    { "up", "weights of the other product" },
};

static double flops(const assay_args *a)
{
    const double TN = (double)a->dim[0] * (double)a->dim[1];
    return TN * (4.0 * (double)a->dim[2] + 4.0);
}

DECLARE_BOUNDS(gate_up);
const assay_op assay_op_gate_up = {
    .name = "gate_up",
    .formula = "y = silu(x gate^T) (x up^T)",
    .dims = "TNK",
    .role = { ASSAY_ROLE_ROWS, ASSAY_ROLE_ANY, ASSAY_ROLE_SUM },
    .split = 'N',
    OPERANDS(operands),
    SAYS(says),
    PLANES(planes),
    PARTS(parts, temps),
    BOUNDS(gate_up),
    .flops = flops,
};
