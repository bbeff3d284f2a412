/* SPDX-License-Identifier: MIT */
#include "spec.h"
#include "../core/status.h"

static const assay_operand operands[] = {
    { .name = "x", .shape = "RV", .types = TYPES(T(f32)) },
    { .name = "ids", .shape = "RK", .types = TYPES(T(i32)), .access = ASSAY_OUT, .verdict = ASSAY_EXACT },
    { .name = "values",
      .shape = "RK",
      .types = TYPES(T(f32)),
      .access = ASSAY_OUT,
      .verdict = ASSAY_EXACT,
      .flags = ASSAY_OPTIONAL },
};
static const assay_said says[] = {
    { "R", "rows" },
    { "V", "scores of a row" },
    { "K", "how many of them are named, the largest first" },
    { "x", "the scores" },
    { "ids", "of equal scores the lower index first, NaN before all; -1 where K is larger than V" },
    { "values", "the scores themselves; -inf where K is larger than V" },
    { NULL, "V is at most 2^24: ids stay exact in f32" },
};

static assay_status resolve(const assay_args *a, void *params, assay_why *why)
{
    (void)params;
    if (a->dim[1] > 1 << 24)
        return assay_fail(why, ASSAY_ERR_SHAPE, "topk: V=%lld is more than 2^24, the ids that f32 holds",
                          (long long)a->dim[1]);
    return ASSAY_OK;
}

/* each element is compared with the least that is kept */
FLOPS(DIM(0) * DIM(1))

SPEC(topk) = {
    USUAL(topk),        .formula = "ids, values = the K largest, in descending order",
    .dims = "RVK",      .role = { ASSAY_ROLE_ROWS, ASSAY_ROLE_SUM, ASSAY_ROLE_KEPT },
    .split = 'R',       BOUNDS(topk),
    .resolve = resolve, .flops = flops,
};
