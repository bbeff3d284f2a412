/* SPDX-License-Identifier: MIT */
#include "logits.spec.h"

static const assay_operand operands[] = {
    { .name = "x", .shape = "RC", .types = TYPES(FLOATS) },
    { .name = "mask", .shape = "RC", .types = TYPES(T(f32)), .flags = ASSAY_OPTIONAL | ASSAY_MASK },
    { .name = "sinks", .shape = "R", .types = TYPES(T(f32)), .flags = ASSAY_OPTIONAL },
    { .name = "y", .shape = "RC", .types = TYPES(FLOATS), .access = ASSAY_OUT },
};
static const assay_plane planes[] = { LOGITS_PLANES, { "away", "R" }, { "sunk", "R" } };
static const assay_said says[] = {
    LOGITS_SAID,
    { "sinks", "a logit per row that takes its part of the sum and is dropped; not scaled" },
    LOGITS_SCALED,
};

/* maximum, difference, exponential (one), sum, quotient */
FLOPS(5 * DIM(0) * DIM(1))

SPEC(softmax) = {
    USUAL(softmax),
    BOUNDED(softmax),
    .formula = "y = softmax(scale x + mask, sinks) without the column of the sinks",
    .dims = "RC",
    .role = { ASSAY_ROLE_ROWS, ASSAY_ROLE_SUM },
    .split = 'R',
    FIELDS(fields, assay_softmax_params),
    .resolve = resolve,
    .flops = flops,
};
