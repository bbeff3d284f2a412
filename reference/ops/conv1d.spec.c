/* SPDX-License-Identifier: MIT */
#include "spec.h"

static const assay_operand operands[] = {
    { .name = "x", .shape = "BTD", .types = TYPES(FLOATS) },
    { .name = "w", .shape = "DK", .types = TYPES(FLOATS), .flags = ASSAY_WEIGHT },
    { .name = "bias", .shape = "D", .types = TYPES(T(f32)), .flags = ASSAY_OPTIONAL | ASSAY_WEIGHT },
    { .name = "state", .shape = "BKD", .types = TYPES(T(f32)), .flags = ASSAY_OPTIONAL },
    { .name = "y", .shape = "BTD", .types = TYPES(FLOATS), .access = ASSAY_OUT },
    { .name = "last",
      .shape = "BKD",
      .types = TYPES(T(f32)),
      .access = ASSAY_OUT,
      .flags = ASSAY_OPTIONAL,
      .verdict = ASSAY_EXACT },
};
static const assay_plane planes[] = { { "terms", "BTD" }, { "sizes", "BTD" } };
static const assay_said says[] = {
    { "B", "sequences" },
    { "T", "tokens" },
    { "D", "channels" },
    { "K", "taps" },
    { "x", "the tokens" },
    { "w", "taps of each channel, the last one for the newest token" },
    { "bias", "per channel; left out: none" },
    { "state", "the K tokens before the first, the newest last; left out: zeros" },
    { "last", "the state after the last token, if asked for" },
    { NULL, "a sequence in pieces, each with the state that the one before left, is the whole" },
};

FLOPS(2 * DIM(0) * DIM(1) * DIM(2) * DIM(3))

SPEC(conv1d) = {
    USUAL(conv1d),
    BOUNDED(conv1d),
    .formula = "y[b,t,d] = bias[d] + sum_k w[d,k] x[b,t-K+1+k,d], x of the state before the first token",
    .dims = "BTDK",
    .role = { ASSAY_ROLE_ROWS, ASSAY_ROLE_ANY, ASSAY_ROLE_ANY, ASSAY_ROLE_SUM },
    .split = 'B',
    .flops = flops,
};
