/* SPDX-License-Identifier: MIT */
#include "assay/params/rmsnorm.h"
#include "spec.h"

static const assay_operand operands[] = {
    { .name = "x", .shape = "RC", .types = TYPES(FLOATS) },
    { .name = "w", .shape = "C", .types = TYPES(FLOATS), .flags = ASSAY_WEIGHT },
    { .name = "y", .shape = "RC", .types = TYPES(FLOATS), .access = ASSAY_OUT },
};
static const assay_field fields[] = {
    ASSAY_FIELD(assay_rmsnorm_params, eps, 0, 1),
    ASSAY_FIELD(assay_rmsnorm_params, plus_one, 0, 1),
};
static const assay_plane planes[] = { { "share", "R" }, { "inverse", "R" } };
static const assay_said says[] = {
    ROWS_AND_ELEMENTS,
    { "w", "a factor per element" },
    { "eps", "added to the mean of the squares" },
    { "plus_one", "1: the factor is 1 + w (Gemma)" },
    { NULL,
      "norms of queries and keys per head (Qwen3, Gemma-3): a head is a row, with any distance from one to the next" },
};

FLOPS(4 * DIM(0) * DIM(1))

SPEC(rmsnorm) = {
    USUAL(rmsnorm),
    BOUNDED(rmsnorm),
    .formula = "y = w * x / sqrt(mean(x^2) + eps)",
    .dims = "RC",
    .role = { ASSAY_ROLE_ROWS, ASSAY_ROLE_SUM },
    .split = 'R',
    FIELDS(fields, assay_rmsnorm_params),
    .flops = flops,
};
