/* SPDX-License-Identifier: MIT */
#include "spec.h"
#include "../core/status.h"

static const assay_operand operands[] = {
    { .name = "x", .shape = "RV", .types = TYPES(T(f32)) },
    { .name = "id", .shape = "R", .types = TYPES(T(i32)), .access = ASSAY_OUT, .verdict = ASSAY_EXACT },
};
static const assay_said says[] = {
    { "R", "rows" },
    { "V", "entries of a row, of which one is named" },
    { "x", "the rows" },
    { NULL, "V is at least 1 and at most 2^24: an empty row has no answer, and ids stay exact in f32" },
};

/* 2^24: ids stay exact in the float reference */
static assay_status resolve(const assay_args *a, void *params, assay_why *why)
{
    (void)params;
    if (a->dim[1] < 1 || a->dim[1] > 1 << 24)
        return assay_fail(why, ASSAY_ERR_SHAPE, "argmax: rows of V=%lld have no answer: 1 to 2^24",
                          (long long)a->dim[1]);
    return ASSAY_OK;
}

FLOPS(DIM(0) * DIM(1))

SPEC(argmax) = {
    USUAL(argmax),      .formula = "id = lowest index of the maximum, or of the first NaN",
    .dims = "RV",       .role = { ASSAY_ROLE_ROWS, ASSAY_ROLE_SUM },
    .split = 'R',       BOUNDS(argmax),
    .resolve = resolve, .flops = flops,
};
