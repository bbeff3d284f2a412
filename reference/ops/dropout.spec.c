/* SPDX-License-Identifier: MIT */
#include "assay/params/dropout.h"
#include "spec.h"

static const assay_operand operands[] = {
    { .name = "x", .shape = "RC", .types = TYPES(FLOATS) },
    { .name = "y", .shape = "RC", .types = TYPES(FLOATS), .access = ASSAY_OUT },
};
static const assay_field fields[] = {
    ASSAY_FIELD(assay_dropout_params, key, 0, 0x1p53),
    ASSAY_FIELD(assay_dropout_params, step, 0, 0x1p53),
    ASSAY_FIELD(assay_dropout_params, offset, 0, 0x1p53),
    ASSAY_FIELD(assay_dropout_params, p, 0, 1),
};
static const assay_said says[] = {
    ROWS_AND_ELEMENTS,
    { "key", "of Philox4x32-10: its lower half, then its upper" },
    { "step", "upper half of its counter, for what draws of its own: a layer, a step of training" },
    { "offset", "lower half of its counter for the first four elements; at most 2^53, so that no block wraps" },
    { "p", "the chance to be dropped; 0: y is x; 1: y is 0, and nothing is divided" },
    { NULL,
      "element i, counted through all rows whatever their strides, takes word i % 4 of block offset + i / 4: rows "
      "do not begin a block of their own" },
    { NULL, "kept if the word's upper 24 bits are at least floor(p 2^24 + 1/2), then divided by 1 - p" },
    { NULL, "dropped is 0, NaN and inf too; the zero's sign is not asked" },
    { NULL, "the backward pass is this op over dy, by the same parameters" },
};

/* a product */
FLOPS(DIM(0) * DIM(1))

SPEC(dropout) = {
    USUAL(dropout),
    BOUNDS(dropout),
    .formula = "y = x / (1 - p) where u >= p, else 0, u by Philox4x32-10",
    .dims = "RC",
    .role = { ASSAY_ROLE_ROWS },
    .split = 'R',
    FIELDS(fields, assay_dropout_params),
    .flops = flops,
};
