/* SPDX-License-Identifier: MIT */
#include "assay/params/add_layernorm.h"
#include "spec.h"

static const assay_operand operands[] = {
    { .name = "x", .shape = "RC", .types = TYPES(FLOATS) },
    { .name = "residual", .shape = "RC", .types = TYPES(FLOATS) },
    { .name = "w", .shape = "C", .types = TYPES(FLOATS), .flags = ASSAY_OPTIONAL | ASSAY_WEIGHT },
    { .name = "bias", .shape = "C", .types = TYPES(FLOATS), .flags = ASSAY_OPTIONAL | ASSAY_WEIGHT },
    { .name = "y", .shape = "RC", .types = TYPES(FLOATS), .access = ASSAY_OUT },
    { .name = "sum", .shape = "RC", .types = TYPES(FLOATS), .access = ASSAY_OUT, .flags = ASSAY_OPTIONAL },
};
static const assay_field fields[] = {
    ASSAY_FIELD(assay_add_layernorm_params, eps, 0, 1),
    ASSAY_FIELD(assay_add_layernorm_params, alpha, 0, 1024),
};
static const assay_plane planes[] = { { "sum", "RC" }, { "mean", "R" }, { "variance", "R" }, { "size", "R" } };
static const assay_said says[] = {
    ROWS_AND_ELEMENTS,
    { "x", "what a layer adds" },
    { "residual", "what it is added to, times alpha" },
    { "w", "a factor per element; left out: 1" },
    { "bias", "added last" },
    { "sum", "x + alpha residual; y is the norm of this number, not of what its type holds" },
    { "eps", "added to the variance" },
    { "alpha", "of the residual (DeepNorm); 0: 1" },
    { NULL, "kernels never see alpha=0: 1 stands there" },
    { NULL, "nothing is asked of a row whose sums are equal where eps is 0" },
};

static assay_status resolve(const assay_args *a, void *params, assay_why *why)
{
    assay_add_layernorm_params *p = params;
    (void)a, (void)why;
    if (p->alpha == 0)
        p->alpha = 1;
    return ASSAY_OK;
}

/* product and sum, layernorm's */
FLOPS(9 * DIM(0) * DIM(1))

SPEC(add_layernorm) = {
    USUAL(add_layernorm),
    BOUNDED(add_layernorm),
    .formula = "sum = x + alpha residual, y = w (sum - mean(sum)) / sqrt(variance(sum) + eps) + bias",
    .dims = "RC",
    .role = { ASSAY_ROLE_ROWS, ASSAY_ROLE_SUM },
    .split = 'R',
    FIELDS(fields, assay_add_layernorm_params),
    .resolve = resolve,
    .flops = flops,
};
