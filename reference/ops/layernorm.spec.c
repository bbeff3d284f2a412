/* SPDX-License-Identifier: MIT */
#include "assay/params/layernorm.h"
#include "spec.h"

static const assay_operand operands[] = {
    { .name = "x", .shape = "RC", .types = TYPES(FLOATS) },
    { .name = "w", .shape = "C", .types = TYPES(FLOATS), .flags = ASSAY_OPTIONAL | ASSAY_WEIGHT },
    { .name = "bias", .shape = "C", .types = TYPES(FLOATS), .flags = ASSAY_OPTIONAL | ASSAY_WEIGHT },
    { .name = "y", .shape = "RC", .types = TYPES(FLOATS), .access = ASSAY_OUT },
};
static const assay_field fields[] = { ASSAY_FIELD(assay_layernorm_params, eps, 0, 1) };
static const assay_plane planes[] = { { "mean", "R" }, { "variance", "R" }, { "size", "R" } };
static const assay_said says[] = {
    ROWS_AND_ELEMENTS,
    { "w", "a factor per element; left out: 1" },
    { "bias", "added last" },
    { "eps", "added to the variance" },
    { NULL, "nothing is asked of a row whose elements are equal where eps is 0" },
};

/* mean (one), difference, square and its sum, two products, sum */
FLOPS(7 * DIM(0) * DIM(1))

SPEC(layernorm) = { USUAL(layernorm),
                    BOUNDED(layernorm),
                    .formula = "y = w (x - mean(x)) / sqrt(variance(x) + eps) + bias",
                    .dims = "RC",
                    .role = { ASSAY_ROLE_ROWS, ASSAY_ROLE_SUM },
                    .split = 'R',
                    FIELDS(fields, assay_layernorm_params),
                    .flops = flops };
