/* SPDX-License-Identifier: MIT */
#include "spec.h"
#include "../core/status.h"

#define CHANCES(title, letters) .name = title, .shape = letters, .types = TYPES(T(f32))
#define IDS(title, letters)     .name = title, .shape = letters, .types = TYPES(T(i32))
#define OUTPUT                  .access = ASSAY_OUT, .verdict = ASSAY_DISCRETE
static const assay_operand operands[] = {
    { CHANCES("p", "RTV") },       { CHANCES("q", "RTV") },
    { CHANCES("last", "RV") },     { IDS("draft", "RT"), .flags = ASSAY_INDEX, .index_of = 'V' },
    { CHANCES("u", "RT") },        { CHANCES("w", "R") },
    { IDS("count", "R"), OUTPUT }, { IDS("token", "R"), OUTPUT },
};
static const assay_said says[] = {
    { "R", "sequences" },
    { "T", "drafted ids of each" },
    { "V", "ids that there are" },
    { "p", "the model's chances of the ids at each drafted place, after whatever changes them" },
    { "q", "those of the draft, by which it drew" },
    { "last", "the model's chances behind the last drafted id" },
    { "draft", "the drafted ids" },
    { "u", "numbers at random in [0, 1), by which each is accepted: if p is not 0 and u q <= p" },
    { "w", "the same, by which the next is drawn" },
    { "count", "how many are accepted: those before the first that is not; -1: there is no answer" },
    { "token",
      "the id that follows them, drawn by what p has more than q there, by p where it has nothing more, behind all by "
      "last: the first id with w sum < the sum up to it; -1: there is no answer" },
    { NULL, "chances need not sum to 1; one that is read and is negative, inf or NaN, a u or w that is not in [0, 1), "
            "and chances of 0 alone leave no answer; what is behind the first that is not accepted is not read" },
    { NULL, "V is 1 to 2^24: ids stay exact in f32" },
};

static assay_status resolve(const assay_args *a, void *params, assay_why *why)
{
    (void)params;
    if (a->dim[2] < 1 || a->dim[2] > 1 << 24)
        return assay_fail(why, ASSAY_ERR_SHAPE, "speculate: rows of V=%lld have no answer: 1 to 2^24",
                          (long long)a->dim[2]);
    return ASSAY_OK;
}

/* of one row difference, sum, product and sum again */
FLOPS(4 * DIM(0) * DIM(2))

VERIFY(speculate);
SPEC(speculate) = {
    USUAL(speculate),
    .formula = "count = drafted ids before the first with u q > p; token ~ max(0, p - q) there, or ~ last",
    .dims = "RTV",
    .role = { ASSAY_ROLE_ROWS, ASSAY_ROLE_GROUPS, ASSAY_ROLE_SUM },
    .split = 'R',
    BOUNDS(speculate),
    .verify = assay_speculate_verify,
    .resolve = resolve,
    .flops = flops,
};
