/* SPDX-License-Identifier: MIT */
#include "spec.h"

static const assay_operand operands[] = {
    { .name = "x", .shape = "BTD", .types = TYPES(FLOATS) },
    { .name = "dt", .shape = "BTD", .types = TYPES(T(f32)) },
    { .name = "a", .shape = "DN", .types = TYPES(T(f32)), .flags = ASSAY_WEIGHT },
    { .name = "write", .shape = "BTN", .types = TYPES(T(f32)) },
    { .name = "read", .shape = "BTN", .types = TYPES(T(f32)) },
    { .name = "skip", .shape = "D", .types = TYPES(T(f32)), .flags = ASSAY_OPTIONAL | ASSAY_WEIGHT },
    { .name = "bias", .shape = "D", .types = TYPES(T(f32)), .flags = ASSAY_OPTIONAL | ASSAY_WEIGHT },
    { .name = "state", .shape = "BDN", .types = TYPES(T(f32)), .flags = ASSAY_OPTIONAL },
    { .name = "y", .shape = "BTD", .types = TYPES(FLOATS), .access = ASSAY_OUT },
    { .name = "last", .shape = "BDN", .types = TYPES(T(f32)), .access = ASSAY_OUT, .flags = ASSAY_OPTIONAL },
};
static const assay_plane planes[] = { { "step", "BTD" }, { "size", "BTDN" }, { "terms", "BTD" } };
static const assay_said says[] = {
    { "B", "sequences" },
    { "T", "tokens" },
    { "D", "channels" },
    { "N", "numbers of state that a channel has" },
    { "x", "the tokens" },
    { "dt", "the step of each token and channel, before bias and softplus" },
    { "a", "how fast each number of state falls: below 0, in models -e^A_log" },
    { "write", "how a token enters the state (B of the paper), the same for all channels" },
    { "read", "how it is read (C of the paper)" },
    { "skip", "what of x is added to y (D of the paper); left out: nothing" },
    { "bias", "added to dt; left out: none" },
    { "state", "h before the first token; left out: zeros" },
    { "last", "h after the last token, if asked for" },
    { NULL, "a sequence in pieces, each with the state that the one before left, is the whole" },
    { NULL, "the gate of Mamba's block is swiglu of z and y" },
};

/* s a, its exponential, the state's product, what enters and its sum, the product with read and its sum; of a token and
 * channel: sum, exponential, logarithm, sum, s x, and x skip */
FLOPS(DIM(0) * DIM(1) * DIM(2) * (7 * DIM(3) + 7))

SPEC(ssm_scan) = {
    USUAL(ssm_scan),
    BOUNDED(ssm_scan),
    .formula = "h = e^(s a) h + s x write, y = read h + skip x, s = softplus(dt + bias)",
    .dims = "BTDN",
    .role = { ASSAY_ROLE_ROWS, ASSAY_ROLE_ANY, ASSAY_ROLE_ANY, ASSAY_ROLE_SUM },
    .split = 'B',
    .flops = flops,
};
