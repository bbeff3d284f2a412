/* SPDX-License-Identifier: MIT */
#include "assay/params/moe_balance.h"
#include "spec.h"
#include "../core/status.h"

enum { P, IDS, LSE, LOSS, Z };
static const assay_operand operands[] = {
    { .name = "p", .shape = "BTX", .types = TYPES(T(f32)) },
    { .name = "ids", .shape = "BTK", .types = TYPES(T(i32)), .flags = ASSAY_INDEX, .index_of = 'X' },
    { .name = "lse", .shape = "BT", .types = TYPES(T(f32)), .flags = ASSAY_OPTIONAL },
    { .name = "loss", .shape = "B", .types = TYPES(T(f32)), .access = ASSAY_OUT },
    { .name = "z", .shape = "B", .types = TYPES(T(f32)), .access = ASSAY_OUT, .flags = ASSAY_OPTIONAL },
};
static const char *const shares[] = { "one", "k", NULL };
static const assay_field fields[] = { ASSAY_FIELD_ENUM(assay_moe_balance_params, share, shares) };
static const assay_plane planes[] = { { "terms", "B" }, { "squares", "B" }, { "most", "B" } };
static const assay_said says[] = {
    { "B", "layers, or sequences: a loss each" },
    { "T", "tokens" },
    { "X", "experts" },
    { "K", "experts of a token" },
    { "p", "softmax of the router's logits (op softmax)" },
    { "ids", "which experts a token chose (op moe_gate)" },
    { "lse", "the logits' logsumexp (op logsumexp); left out with z" },
    { "loss",
      "X times the sum over experts of share and mean probability: 1 where all is even; without tokens or choices 0" },
    { "z", "mean of the squares of lse: the router's z-loss; without tokens 0" },
    { "share", "the shares of the experts sum to one (Switch), or to K (Mixtral in transformers)" },
    { NULL, "lse and z are both given, or neither; counts are exact: T K is at most 2^24" },
};

static assay_status resolve(const assay_args *a, void *params, assay_why *why)
{
    (void)params;
    const bool lse = a->operand[LSE].rank != 0, z = a->operand[Z].rank != 0;
    if (lse != z)
        return assay_fail(why, ASSAY_ERR_ARG, "moe_balance: lse %s and z %s given: both or neither",
                          lse ? "is" : "is not", z ? "is" : "is not");
    if (a->dim[3] && a->dim[1] > (1 << 24) / a->dim[3])
        return assay_fail(why, ASSAY_ERR_SHAPE, "moe_balance: T=%lld times K=%lld is more than 2^24, the counts of f32",
                          (long long)a->dim[1], (long long)a->dim[3]);
    return ASSAY_OK;
}

FLOPS(DIM(0) * (DIM(1) * DIM(2) + DIM(1) * DIM(3) + 4 * DIM(2) + (a->operand[LSE].rank ? 2 * DIM(1) : 0)))

SPEC(moe_balance) = {
    USUAL(moe_balance),
    BOUNDED(moe_balance),
    .formula = "loss = X sum_e f[e] mean p[,e];  z = mean lse^2",
    .dims = "BTXK",
    .role = { ASSAY_ROLE_ROWS, ASSAY_ROLE_SUM, ASSAY_ROLE_FEW, ASSAY_ROLE_KEPT },
    .split = 'B',
    FIELDS(fields, assay_moe_balance_params),
    .resolve = resolve,
    .flops = flops,
};
