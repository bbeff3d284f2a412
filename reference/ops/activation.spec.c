/* SPDX-License-Identifier: MIT */
#include "assay/params/activation.h"
#include "spec.h"

static const assay_operand operands[] = {
    { .name = "x", .shape = "RC", .types = TYPES(FLOATS) },
    { .name = "y", .shape = "RC", .types = TYPES(FLOATS), .access = ASSAY_OUT },
};
static const char *const forms[] = { "relu",      "relu2", "sigmoid", "tanh",    "softplus",
                                     "hardswish", "elu",   "mish",    "softcap", NULL };
static const assay_field fields[] = {
    ASSAY_FIELD_ENUM(assay_activation_params, form, forms),  ASSAY_FIELD(assay_activation_params, alpha, 0, 1e6),
    ASSAY_FIELD(assay_activation_params, beta, 0, 1e3),      ASSAY_FIELD(assay_activation_params, cap, 0, 1e6),
    ASSAY_FIELD(assay_activation_params, threshold, 0, 1e3),
};
static const assay_plane planes[] = { { "follows", "RC" } };
static const assay_said says[] = {
    ROWS_AND_ELEMENTS,
    { "form", "which function; gelu and silu are ops of their own" },
    { "alpha", "elu: what e^x - 1 is multiplied by; 0: 1" },
    { "beta", "softplus: ln(1 + e^(beta x)) / beta; 0: 1" },
    { "cap", "softcap: cap tanh(x / cap); 0: 30" },
    { "threshold", "softplus and mish: softplus is x itself where beta x is above it; 0: nowhere" },
    { NULL, "kernels never see alpha=0, beta=0 or cap=0: 1, 1 and 30 stand there" },
};

static assay_status resolve(const assay_args *a, void *params, assay_why *why)
{
    assay_activation_params *p = params;
    (void)a, (void)why;
    p->alpha = p->alpha == 0 ? 1 : p->alpha;
    p->beta = p->beta == 0 ? 1 : p->beta;
    p->cap = p->cap == 0 ? 30 : p->cap;
    return ASSAY_OK;
}

/* Each exponential, logarithm, tanh, comparison, sum, product and quotient is one. */
static double flops(const assay_args *a)
{
    static const double each[] = { 1, 2, 3, 1, 6, 5, 3, 7, 3 };
    const assay_activation_params *p = a->params;
    return each[p->form] * DIM(0) * DIM(1);
}

SPEC(activation) = {
    USUAL(activation),
    BOUNDED(activation),
    .formula = "y = f(x)",
    .dims = "RC",
    .role = { ASSAY_ROLE_ROWS },
    .split = 'R',
    FIELDS(fields, assay_activation_params),
    .resolve = resolve,
    .flops = flops,
};
