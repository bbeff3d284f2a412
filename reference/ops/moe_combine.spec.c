/* SPDX-License-Identifier: MIT */
#include "spec.h"
#include "../core/status.h"

enum { W, SLOTS, X, SHARED, GATE, Y };
static const assay_operand operands[] = {
    { .name = "w", .shape = "TK", .types = TYPES(T(f32)) },
    { .name = "slots", .shape = "TK", .types = TYPES(T(i32)), .flags = ASSAY_POSITION | ASSAY_OPTIONAL },
    { .name = "x", .shape = "TKD", .types = TYPES(FLOATS) },
    { .name = "shared", .shape = "TD", .types = TYPES(FLOATS), .flags = ASSAY_OPTIONAL },
    { .name = "gate", .shape = "T", .types = TYPES(T(f32)), .flags = ASSAY_OPTIONAL },
    { .name = "y", .shape = "TD", .types = TYPES(FLOATS), .access = ASSAY_OUT },
};
static const assay_plane planes[] = { { "terms", "TD" }, { "sizes", "TD" } };
static const assay_said says[] = {
    { "T", "tokens" },
    { "K", "experts of a token" },
    { "D", "elements of what an expert returns" },
    { "w", "weights of its experts" },
    { "slots", "where the term lay among its expert's; negative: it was dropped; left out: none was" },
    { "x", "what each expert of a token returned" },
    { "shared", "what the shared experts returned; left out: there are none" },
    { "gate", "logit of a sigmoid that weighs shared; left out: it counts whole" },
    { NULL, "of a dropped term nothing reaches y, and the other weights stay as they are" },
    { NULL, "gate without shared is refused" },
};

static assay_status resolve(const assay_args *a, void *params, assay_why *why)
{
    (void)params;
    if (a->operand[GATE].rank && !a->operand[SHARED].rank)
        return assay_fail(why, ASSAY_ERR_ARG,
                          "moe_combine: gate is given and shared is not: there is nothing to weigh");
    return ASSAY_OK;
}

FLOPS(2 * DIM(0) * DIM(2) * (DIM(1) + (a->operand[SHARED].rank != 0)))

SPEC(moe_combine) = {
    USUAL(moe_combine),
    BOUNDED(moe_combine),
    .formula = "y[t] = sum_k w[t,k] x[t,k] + sigmoid(gate[t]) shared[t]",
    .dims = "TKD",
    .role = { ASSAY_ROLE_ROWS, ASSAY_ROLE_SUM },
    .split = 'T',
    .resolve = resolve,
    .flops = flops,
};
