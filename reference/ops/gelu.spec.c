/* SPDX-License-Identifier: MIT */
#include "assay/params/gelu.h"
#include "spec.h"

static const assay_operand operands[] = {
    { .name = "x", .shape = "RC", .types = TYPES(FLOATS) },
    { .name = "y", .shape = "RC", .types = TYPES(FLOATS), .access = ASSAY_OUT },
};
static const char *const forms[] = { "erf", "tanh", "quick", NULL };
static const assay_field fields[] = { ASSAY_FIELD_ENUM(assay_gelu_params, form, forms) };
static const assay_plane planes[] = { { "whole", "RC" } };
static const assay_said says[] = {
    ROWS_AND_ELEMENTS,
    { "form", "x Phi(x) itself, or its approximation by tanh or by a sigmoid of 1.702 x" },
};

/* erf: factor, erf, sum, two products; quick: factor, exponential, sum, quotient; tanh has four more */
static double flops(const assay_args *a)
{
    const assay_gelu_params *p = a->params;
    return (p->form == ASSAY_GELU_ERF    ? 5.0
            : p->form == ASSAY_GELU_TANH ? 8.0
                                         : 4.0) *
           (double)a->dim[0] * (double)a->dim[1];
}

SPEC(gelu) = {
    USUAL(gelu),
    BOUNDED(gelu),
    .formula = "y = x Phi(x)",
    .dims = "RC",
    .role = { ASSAY_ROLE_ROWS },
    .split = 'R',
    FIELDS(fields, assay_gelu_params),
    .flops = flops,
};
