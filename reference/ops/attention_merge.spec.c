/* SPDX-License-Identifier: MIT */
#include "spec.h"

static const assay_operand operands[] = {
    { .name = "lse", .shape = "PR", .types = TYPES(T(f32)) },
    { .name = "o", .shape = "PRE", .types = TYPES(FLOATS) },
    { .name = "y", .shape = "RE", .types = TYPES(FLOATS), .access = ASSAY_OUT },
    { .name = "lse_out", .shape = "R", .types = TYPES(T(f32)), .access = ASSAY_OUT, .flags = ASSAY_OPTIONAL },
};
static const assay_plane planes[] = { { "weight", "PR" }, { "below", "PR" }, { "sizes", "RE" } };
static const assay_said says[] = {
    { "P", "parts of the keys" },
    { "R", "rows: a query and a head each" },
    { "E", "length of a value" },
    { "lse", "natural logarithm of the sum of exponentials of a part's scores; -inf: the part is empty" },
    { "o", "attention over the keys of a part" },
    { "y", "attention over all of them" },
    { "lse_out", "the logarithm for all of them" },
    { NULL, "of an empty part nothing reaches y, whatever stands in its o; if all are empty y is 0 and lse_out -inf" },
    { NULL, "an lse that is NaN or +inf makes its row NaN; +inf for an empty part, as FlashAttention 2 has it, is the "
            "caller's to turn round" },
    { NULL, "a sink belongs to one part alone, of whose lse it is a term; here it is nothing apart" },
};

/* difference, exponential (one) and sum of each weight; product and sum of each element, and its quotient */
FLOPS(DIM(1) * (4 * DIM(0) + DIM(2) * (2 * DIM(0) + 1)))

SPEC(attention_merge) = {
    USUAL(attention_merge),
    BOUNDED(attention_merge),
    .formula = "y = sum_p exp(lse[p] - lse_out) o[p],  lse_out = ln sum_p exp(lse[p])",
    .dims = "PRE",
    .role = { ASSAY_ROLE_PARTS, ASSAY_ROLE_ROWS, ASSAY_ROLE_HEAD },
    .split = 'R',
    .flops = flops,
};
