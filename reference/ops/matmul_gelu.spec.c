/* SPDX-License-Identifier: MIT
 * matmul_gelu: the projection that opens a feed-forward layer and its gelu, as one op (BERT, GPT-2, ViT, Whisper). */
#include "assay/params/gelu.h"
#include "spec.h"
#include <string.h>

enum { X, W, BIAS, Y };

static const assay_operand operands[] = {
    { .name = "x", .shape = "TK", .types = TYPES(FLOATS) },
    { .name = "w", .shape = "NK", .types = TYPES(FLOATS | T(e4m3) | T(e5m2) | BLOCKS), .flags = ASSAY_WEIGHT },
    { .name = "bias", .shape = "N", .types = TYPES(T(f32)), .flags = ASSAY_WEIGHT | ASSAY_OPTIONAL },
    { .name = "y", .shape = "TN", .types = TYPES(FLOATS), .access = ASSAY_OUT },
};
static const char *const forms[] = { "erf", "tanh", "quick", NULL };
static const assay_field fields[] = { ASSAY_FIELD_ENUM(assay_gelu_params, form, forms) };
static void same(const void *fused, void *part)
{
    memcpy(part, fused, sizeof(assay_gelu_params));
}
static const int8_t product[] = { X, W, BIAS, ASSAY_TEMP(0) };
static const int8_t bent[] = { ASSAY_TEMP(0), Y };
static const assay_part parts[] = {
    { .op = "matmul", .dims = "TNK", .operand = product },
    { .op = "gelu", .dims = "TN", .operand = bent, .params = same },
};
static const char *const temps[] = { "TN" };
static const assay_plane planes[] = { { "p", "TN" }, { "A", "TN" }, { "M", "TN" } };
static const assay_said says[] = {
    { "T", "rows" },
    { "N", "outputs of a row" },
    { "K", "inputs of a row, summed over" },
    { "x", "activations" },
    { "w", "the weights W, an output a row" },
    { "bias", "added to each row before gelu; left out: nothing" },
    { "form", "gelu's: x Phi(x) itself, or its approximation by tanh or by a sigmoid of 1.702 x" },
};

FLOPS(DIM(0) * DIM(1) * (2 * DIM(2) + 5))

DECLARE_BOUNDS(matmul_gelu);
const assay_op assay_op_matmul_gelu = {
    .name = "matmul_gelu",
    .formula = "y = gelu(x W^T + bias)",
    .dims = "TNK",
    .role = { ASSAY_ROLE_ROWS, ASSAY_ROLE_ANY, ASSAY_ROLE_SUM },
    .split = 'N',
    OPERANDS(operands),
    SAYS(says),
    PLANES(planes),
    FIELDS(fields, assay_gelu_params),
    PARTS(parts, temps),
    BOUNDS(matmul_gelu),
    .flops = flops,
};
