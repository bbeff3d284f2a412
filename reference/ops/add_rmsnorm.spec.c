/* SPDX-License-Identifier: MIT
 * add_rmsnorm: the residual sum and the norm of the layer that follows, as one op.  The norm is that of the sum as add
 * defines it, a number of f32, whatever type the sum is written in. */
#include "assay/params/rmsnorm.h"
#include "spec.h"
#include <string.h>

enum { X, RESIDUAL, W, Y, SUM };

static const assay_operand operands[] = {
    { .name = "x", .shape = "RC", .types = TYPES(FLOATS) },
    { .name = "residual", .shape = "RC", .types = TYPES(FLOATS) },
    { .name = "w", .shape = "C", .types = TYPES(FLOATS), .flags = ASSAY_WEIGHT },
    { .name = "y", .shape = "RC", .types = TYPES(FLOATS), .access = ASSAY_OUT },
    { .name = "sum", .shape = "RC", .types = TYPES(FLOATS), .access = ASSAY_OUT, .verdict = ASSAY_EXACT },
};
static const assay_field fields[] = {
    ASSAY_FIELD(assay_rmsnorm_params, eps, 0, 1),
    ASSAY_FIELD(assay_rmsnorm_params, plus_one, 0, 1),
};
static void same(const void *fused, void *part)
{
    memcpy(part, fused, sizeof(assay_rmsnorm_params));
}
static const int8_t added[] = { X, RESIDUAL, SUM };
static const int8_t normed[] = { SUM, W, Y };
static const assay_part parts[] = {
    { .op = "add", .dims = "RC", .operand = added },
    { .op = "rmsnorm", .dims = "RC", .operand = normed, .params = same },
};
static const assay_plane planes[] = { { "sum", "RC" }, { "share", "R" }, { "inverse", "R" } };
static const assay_said says[] = {
    ROWS_AND_ELEMENTS,
    { "x", "what a layer adds" },
    { "residual", "what it is added to" },
    { "w", "a factor per element" },
    { "sum", "x + residual, rounded to f32, then to its type; y is the norm of the former" },
    { "eps", "added to the mean of the squares" },
    { "plus_one", "1: the factor is 1 + w (Gemma)" },
};

FLOPS(5 * DIM(0) * DIM(1))

DECLARE_BOUNDS(add_rmsnorm);
const assay_op assay_op_add_rmsnorm = {
    .name = "add_rmsnorm",
    .formula = "sum = x + residual, y = w * sum / sqrt(mean(sum^2) + eps)",
    .dims = "RC",
    .role = { ASSAY_ROLE_ROWS, ASSAY_ROLE_SUM },
    .split = 'R',
    OPERANDS(operands),
    SAYS(says),
    BOUNDED(add_rmsnorm),
    FIELDS(fields, assay_rmsnorm_params),
    .parts = parts,
    .n_parts = COUNT_OF(parts),
    .flops = flops,
};
