/* SPDX-License-Identifier: MIT */
#include "assay/params/moe_gate.h"
#include "spec.h"
#include "../core/status.h"

static const assay_operand operands[] = {
    { .name = "z", .shape = "TX", .types = TYPES(T(f32)) },
    { .name = "bias", .shape = "X", .types = TYPES(T(f32)), .flags = ASSAY_WEIGHT | ASSAY_OPTIONAL },
    { .name = "ids", .shape = "TK", .types = TYPES(T(i32)), .access = ASSAY_OUT, .verdict = ASSAY_DISCRETE },
    { .name = "weights", .shape = "TK", .types = TYPES(T(f32)), .access = ASSAY_OUT, .verdict = ASSAY_DISCRETE },
};
static const char *const scores[] = { "softmax", "sigmoid", "chosen", NULL }; /* softmax's bound serves here, too */
static const char *const bests[] = { "two", "most", NULL };
static const assay_field fields[] = {
    ASSAY_FIELD_ENUM(assay_moe_gate_params, score, scores), ASSAY_FIELD(assay_moe_gate_params, groups, 0, 64),
    ASSAY_FIELD(assay_moe_gate_params, keep, 0, 64),        ASSAY_FIELD_ENUM(assay_moe_gate_params, best, bests),
    ASSAY_FIELD(assay_moe_gate_params, norm, 0, 1),         ASSAY_FIELD(assay_moe_gate_params, scale, 0, 1e6),
};
static const assay_said says[] = {
    { "T", "tokens" },
    { "X", "experts" },
    { "K", "how many of them a token has" },
    { "z", "the router's logits" },
    { "bias", "added to the scores for the choice alone; left out: nothing" },
    { "ids", "the chosen, by score + bias in descending order; of equal ones the lower; -1 beyond all that the groups "
             "kept hold" },
    { "weights", "of the chosen; 0 where there is none" },
    { "score", "softmax of all logits, sigmoid, or softmax of the chosen logits alone (the choice is then by logits)" },
    { "groups", "the experts stand in so many groups of one size; 0: in one" },
    { "keep", "experts are chosen from so many groups, those with the best scores; 0: from all" },
    { "best", "a group's score: the sum of its two largest, or its largest" },
    { "norm", "1: weights are divided by their sum + 1e-20; softmax of the chosen sums to 1 without" },
    { "scale", "of the weights, after all else; 0: 1" },
    { NULL, "a row with NaN or +inf, in the bias too, has no answer: ids of -1, weights of 0" },
    { NULL, "-inf is a score of 0; of the chosen logits, and in the bias, it comes last, but is chosen before -1 is" },
    { NULL,
      "noisy top-k is a list: activation (softplus) of x Wn, mul by the noise, add to z, and the choice by logits" },
    { NULL, "X is at most 2^24, for ids stay exact in f32; groups divides X; keep is at most groups" },
};

static assay_status resolve(const assay_args *a, void *params, assay_why *why)
{
    assay_moe_gate_params *p = params;
    const long long X = a->dim[1];
    p->groups = p->groups ? p->groups : 1;
    p->keep = p->keep ? p->keep : p->groups;
    p->scale = p->scale == 0 ? 1 : p->scale;
    if (X > 1 << 24)
        return assay_fail(why, ASSAY_ERR_SHAPE, "moe_gate: X=%lld is more than 2^24, the ids that f32 holds", X);
    if (X % p->groups)
        return assay_fail(why, ASSAY_ERR_PARAM, "moe_gate: X=%lld experts do not make groups=%d of one size", X,
                          p->groups);
    if (p->keep > p->groups)
        return assay_fail(why, ASSAY_ERR_PARAM, "moe_gate: keep=%d is more than groups=%d", p->keep, p->groups);
    return ASSAY_OK;
}

/* maximum, difference, exponential as one, sum, quotient; and each of the K choices looks at each expert */
FLOPS(DIM(0) * DIM(1) * (5 + DIM(2)))

VERIFY(moe_gate);
SPEC(moe_gate) = {
    USUAL(moe_gate),    .formula = "ids = the K largest of s(z) + bias;  weights = scale s(z) of these [/ their sum]",
    .dims = "TXK",      .role = { ASSAY_ROLE_ROWS, ASSAY_ROLE_FEW, ASSAY_ROLE_KEPT },
    .split = 'T',       FIELDS(fields, assay_moe_gate_params),
    BOUNDS(moe_gate),   .verify = assay_moe_gate_verify,
    .resolve = resolve, .flops = flops,
};
