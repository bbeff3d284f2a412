/* SPDX-License-Identifier: MIT */
#include "assay/params/moe_slots.h"
#include "spec.h"
#include "../core/status.h"

enum { MOST = 1 << 24 };
#define PLACES(title, letters) .name = title, .shape = letters, .types = TYPES(T(i32))
#define OUTPUT                 .access = ASSAY_OUT, .verdict = ASSAY_EXACT
static const assay_operand operands[] = {
    { PLACES("ids", "BTK"), .flags = ASSAY_INDEX | ASSAY_POSITION, .index_of = 'X' },
    { PLACES("slots", "BTK"), OUTPUT },
    { PLACES("count", "BX"), OUTPUT, .flags = ASSAY_OPTIONAL },
};
static const char *const orders[] = { "tokens", "choices", NULL };
static const assay_field fields[] = {
    ASSAY_FIELD_ALONG(assay_moe_slots_params, capacity, 0, MOST, 'T'),
    ASSAY_FIELD_ENUM(assay_moe_slots_params, order, orders),
};
static const assay_said says[] = {
    { "B", "groups of tokens, each with slots of its own: sequences (Switch in transformers), or parts of a batch" },
    { "T", "tokens of a group" },
    { "X", "experts" },
    { "K", "experts of a token" },
    { "ids",
      "which experts a token chose (op moe_gate), the first choice first; negative: none, and no slot is taken" },
    { "slots", "where the choice lies among those of its expert; -1: it was dropped, or there was none (op moe_combine "
               "takes them)" },
    { "count", "how many chose each expert, those that were dropped among them" },
    { "capacity", "slots of an expert in each group: ceil(factor T K / X) in most models; 0: as many as choose it" },
    { "order", "who comes first: tokens: all choices of a token before those of the next; choices: the first of all "
               "tokens before any second (GShard)" },
    { NULL, "an expert that a token names twice gives it two slots; weights are no operand: no order by them, and "
            "nothing is made to sum to 1 again" },
    { NULL, "X is at most 2^24, for ids stay exact in f32, and so is T K, for counts do" },
};

static assay_status resolve(const assay_args *a, void *params, assay_why *why)
{
    const long long T = a->dim[1], X = a->dim[2], K = a->dim[3];
    (void)params;
    if (X > MOST)
        return assay_fail(why, ASSAY_ERR_SHAPE, "moe_slots: X=%lld is more than 2^24, the ids that f32 holds", X);
    if (K && T > MOST / K)
        return assay_fail(why, ASSAY_ERR_SHAPE, "moe_slots: T=%lld times K=%lld is more than 2^24, the counts of f32",
                          T, K);
    return ASSAY_OK;
}

/* one is added to a count */
FLOPS(DIM(0) * DIM(1) * DIM(3))

SPEC(moe_slots) = {
    USUAL(moe_slots),   .formula = "slots = how many choices before it have its id; at capacity or beyond: -1",
    .dims = "BTXK",     .role = { ASSAY_ROLE_ROWS, ASSAY_ROLE_SUM, ASSAY_ROLE_FEW, ASSAY_ROLE_KEPT },
    .split = 'B',       FIELDS(fields, assay_moe_slots_params),
    .resolve = resolve, .flops = flops,
};
