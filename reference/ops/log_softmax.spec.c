/* SPDX-License-Identifier: MIT */
#include "logits.spec.h"

static const assay_operand operands[] = {
    { .name = "x", .shape = "RC", .types = TYPES(FLOATS) },
    { .name = "mask", .shape = "RC", .types = TYPES(T(f32)), .flags = ASSAY_OPTIONAL | ASSAY_MASK },
    { .name = "y", .shape = "RC", .types = TYPES(FLOATS), .access = ASSAY_OUT },
};
static const assay_plane planes[] = { LOGITS_PLANES };
static const assay_said says[] = {
    LOGITS_SAID,
    { NULL, "y is (z - m) - ln sum e^(z - m), m the maximum: not the logarithm of a rounded softmax" },
    LOGITS_SCALED,
};

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
