/* SPDX-License-Identifier: MIT */
#include "assay/params/glu.h"
#include "spec.h"

static const assay_operand operands[] = {
    { .name = "gate", .shape = "RC", .types = TYPES(FLOATS) },
    { .name = "up", .shape = "RC", .types = TYPES(FLOATS) },
    { .name = "y", .shape = "RC", .types = TYPES(FLOATS), .access = ASSAY_OUT },
};
static const char *const forms[] = { "sigmoid", "relu", "gelu", "gelu_tanh", "clamped", NULL };
static const assay_field fields[] = {
    ASSAY_FIELD_ENUM(assay_glu_params, form, forms),
    ASSAY_FIELD(assay_glu_params, alpha, 0, 1e3),
    ASSAY_FIELD(assay_glu_params, limit, 0, 1e6),
};
static const assay_plane planes[] = { { "follows", "RC" } };
static const assay_said says[] = {
    ROWS_AND_ELEMENTS,
    { "gate", "goes through the activation" },
    { "up", "the other factor" },
    { "form",
      "the activation; clamped: gpt-oss, (u + 1) g sigmoid(alpha g), g = min(gate, limit), u = up within +-limit; "
      "silu has an op of its own, swiglu" },
    { "alpha", "clamped: of gate in the sigmoid; 0: 1.702" },
    { "limit", "clamped: of gate from above, of up from both sides; 0: 7" },
    { NULL, "kernels never see alpha=0 or limit=0: 1.702 and 7 stand there" },
};

static assay_status resolve(const assay_args *a, void *params, assay_why *why)
{
    assay_glu_params *p = params;
    (void)a, (void)why;
    p->alpha = p->alpha == 0 ? 1.702f : p->alpha;
    p->limit = p->limit == 0 ? 7 : p->limit;
    return ASSAY_OK;
}

/* Each exponential, error function, tanh, comparison, sum, product and quotient is one. */
static double flops(const assay_args *a)
{
    static const double each[] = { 4, 2, 6, 9, 10 };
    const assay_glu_params *p = a->params;
    return each[p->form] * DIM(0) * DIM(1);
}

SPEC(glu) = {
    USUAL(glu),
    BOUNDED(glu),
    .formula = "y = f(gate) up",
    .dims = "RC",
    .role = { ASSAY_ROLE_ROWS },
    .split = 'R',
    FIELDS(fields, assay_glu_params),
    .resolve = resolve,
    .flops = flops,
};
