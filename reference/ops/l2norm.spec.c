/* SPDX-License-Identifier: MIT */
#include "assay/params/l2norm.h"
#include "spec.h"

static const assay_operand operands[] = {
    { .name = "x", .shape = "RC", .types = TYPES(FLOATS) },
    { .name = "y", .shape = "RC", .types = TYPES(FLOATS), .access = ASSAY_OUT },
};
static const char *const forms[] = { "max", "sum", NULL };
static const assay_field fields[] = {
    ASSAY_FIELD(assay_l2norm_params, eps, 0, 1),
    ASSAY_FIELD_ENUM(assay_l2norm_params, form, forms),
};
static const assay_plane planes[] = { { "squares", "R" }, { "argument", "R" } };
static const assay_said says[] = {
    ROWS_AND_ELEMENTS,
    { "eps", "the least divisor (max), or added to the sum of the squares (sum)" },
    { "form",
      "max: x / max(|x|, eps), as torch.nn.functional.normalize; sum: x / sqrt(sum(x^2) + eps), as Qwen3-Next" },
    { NULL, "Llama-4's \"L2 norm\" divides by the root of the mean: rmsnorm with weights of 1" },
};

/* square and its sum, product */
FLOPS(3 * DIM(0) * DIM(1))

SPEC(l2norm) = {
    USUAL(l2norm),
    BOUNDED(l2norm),
    .formula = "y = x / max(sqrt(sum(x^2)), eps), or x / sqrt(sum(x^2) + eps)",
    .dims = "RC",
    .role = { ASSAY_ROLE_ROWS, ASSAY_ROLE_SUM },
    .split = 'R',
    FIELDS(fields, assay_l2norm_params),
    .flops = flops,
};
