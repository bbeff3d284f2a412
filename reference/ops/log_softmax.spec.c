/* SPDX-License-Identifier: MIT */
#include "assay/params/softmax.h"
#include "spec.h"

static const assay_operand operands[] = {
    { .name = "x", .shape = "RC", .types = TYPES(FLOATS) },
    { .name = "mask", .shape = "RC", .types = TYPES(T(f32)), .flags = ASSAY_OPTIONAL | ASSAY_MASK },
    { .name = "y", .shape = "RC", .types = TYPES(FLOATS), .access = ASSAY_OUT },
};
static const assay_field fields[] = { ASSAY_FIELD(assay_softmax_params, scale, 0, 1e6) };
static const assay_plane planes[] = { { "arg", "RC" }, { "sum", "R" }, { "most", "R" }, { "raised", "RC" } };
static const assay_said says[] = {
    ROWS_AND_ELEMENTS,
    { "mask", "added to x; -inf hides the element" },
    { "scale", "of x; 0: 1" },
    { NULL, "y is (z - m) - ln sum e^(z - m), m the maximum: not the logarithm of a rounded softmax" },
    { NULL, "kernels never see scale=0: 1 stands there" },
};

static assay_status resolve(const assay_args *a, void *params, assay_why *why)
{
    assay_softmax_params *p = params;
    (void)a, (void)why;
    if (p->scale == 0)
        p->scale = 1;
    return ASSAY_OK;
}

/* maximum, difference, exponential (one), sum, two differences */
FLOPS(6 * DIM(0) * DIM(1))

SPEC(log_softmax) = {
    USUAL(log_softmax),
    BOUNDED(log_softmax),
    .formula = "y = ln softmax(scale x + mask)",
    .dims = "RC",
    .role = { ASSAY_ROLE_ROWS, ASSAY_ROLE_SUM },
    .split = 'R',
    FIELDS(fields, assay_softmax_params),
    .resolve = resolve,
    .flops = flops,
};
