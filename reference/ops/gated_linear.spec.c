/* SPDX-License-Identifier: MIT */
#include "spec.h"

static const assay_operand operands[] = {
    { .name = "q", .shape = "BTHD", .types = TYPES(FLOATS) },
    { .name = "k", .shape = "BTHD", .types = TYPES(FLOATS) },
    { .name = "v", .shape = "BTHE", .types = TYPES(FLOATS) },
    { .name = "decay", .shape = "H", .types = TYPES(T(f32)), .flags = ASSAY_OPTIONAL | ASSAY_WEIGHT },
    { .name = "gate", .shape = "BTHD", .types = TYPES(T(f32)), .flags = ASSAY_OPTIONAL },
    { .name = "state", .shape = "BHDE", .types = TYPES(T(f32)), .flags = ASSAY_OPTIONAL },
    { .name = "y", .shape = "BTHE", .types = TYPES(FLOATS), .access = ASSAY_OUT },
    { .name = "last", .shape = "BHDE", .types = TYPES(T(f32)), .access = ASSAY_OUT, .flags = ASSAY_OPTIONAL },
};
static const assay_plane planes[] = { { "factor", "BTHD" }, { "size", "BTHDE" }, { "terms", "BTHE" } };
static const assay_said says[] = {
    { "B", "sequences" },
    { "T", "tokens" },
    { "H", "heads" },
    { "D", "length of a key" },
    { "E", "length of a value" },
    { "q", "queries, already scaled" },
    { "k", "keys" },
    { "v", "values" },
    { "decay", "what a head's state is multiplied by at each token (RetNet); left out: 1" },
    { "gate", "the logarithm of what each row of the state is multiplied by, too (GLA); left out: 0" },
    { "state", "before the first token; left out: zeros" },
    { "last", "the state after the last token, if asked for" },
    { NULL, "a sequence in pieces, each with the state that the one before left, is the whole" },
};

/* The state's product, k v and its sum, q S and its sum; of each row a factor */
FLOPS(DIM(0) * DIM(1) * DIM(2) * DIM(3) * (5 * DIM(4) + (a->operand[4].rank ? 2 : 0)))

SPEC(gated_linear) = {
    USUAL(gated_linear),
    BOUNDED(gated_linear),
    .formula = "S = decay e^gate S + k v^T, y = q S",
    .dims = "BTHDE",
    .role = { ASSAY_ROLE_ROWS, ASSAY_ROLE_ANY, ASSAY_ROLE_GROUPS, ASSAY_ROLE_HEAD, ASSAY_ROLE_HEAD },
    .split = 'H',
    .flops = flops,
};
