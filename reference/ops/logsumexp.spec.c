/* SPDX-License-Identifier: MIT */
#include "logits.spec.h"

static const assay_operand operands[] = {
    { .name = "x", .shape = "RC", .types = TYPES(FLOATS) },
    { .name = "mask", .shape = "RC", .types = TYPES(T(f32)), .flags = ASSAY_OPTIONAL | ASSAY_MASK },
    { .name = "lse", .shape = "R", .types = TYPES(T(f32)), .access = ASSAY_OUT },
};
static const assay_plane planes[] = { LOGITS_PLANES };
static const assay_said says[] = {
    LOGITS_SAID,
    { NULL, "a row without any element above -inf is -inf; with +inf it is NaN, as a softmax's" },
    LOGITS_SCALED,
};

/* maximum, difference, exponential (one), sum */
FLOPS(4 * DIM(0) * DIM(1))

SPEC(logsumexp) = {
    USUAL(logsumexp),
    BOUNDED(logsumexp),
    .formula = "lse = ln sum exp(scale x + mask)",
    .dims = "RC",
    .role = { ASSAY_ROLE_ROWS, ASSAY_ROLE_SUM },
    .split = 'R',
    FIELDS(fields, assay_softmax_params),
    .resolve = resolve,
    .flops = flops,
};
