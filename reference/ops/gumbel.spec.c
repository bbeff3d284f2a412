/* SPDX-License-Identifier: MIT */
#include "assay/params/gumbel.h"
#include "spec.h"
#include "../core/status.h"

static const assay_operand operands[] = {
    { .name = "logits", .shape = "RV", .types = TYPES(T(f32)) },
    { .name = "id", .shape = "R", .types = TYPES(T(i32)), .access = ASSAY_OUT, .verdict = ASSAY_DISCRETE },
};
static const assay_field fields[] = {
    ASSAY_FIELD(assay_gumbel_params, key, 0, 0x1p53),
    ASSAY_FIELD(assay_gumbel_params, step, 0, 0x1p53),
    ASSAY_FIELD(assay_gumbel_params, temp, 0, 1e6),
};
static const assay_said says[] = {
    { "R", "rows, one id each" },
    { "V", "entries of a row" },
    { "key", "of Philox4x32-10" },
    { "step", "upper half of its counter; the lower half is id / 4, then the row (its lower 32 bits), and id % 4 picks "
              "the word x: u = (2 (x >> 9) + 1) 2^-24, which is neither 0 nor 1" },
    { "temp", "temperature, of the logits and not of the noise; 0: greedy, the lowest id of the maximum" },
    { NULL, "an id at -inf is never drawn, so what truncate leaves can be drawn from as it is" },
    { NULL, "of equal sums the lower id; a row with NaN or inf, or of -inf alone, has no answer: -1" },
    { NULL, "the noise of an id depends on row and id alone: more ids change none of it" },
    { NULL, "V is at least 1 and at most 2^24: an empty row has no answer, and ids stay exact in f32" },
};

/* 2^24: ids stay exact in the float reference */
static assay_status resolve(const assay_args *a, void *params, assay_why *why)
{
    (void)params;
    if (a->dim[1] < 1 || a->dim[1] > 1 << 24)
        return assay_fail(why, ASSAY_ERR_SHAPE, "gumbel: rows of V=%lld have no answer: 1 to 2^24",
                          (long long)a->dim[1]);
    return ASSAY_OK;
}

/* quotient, two logarithms as one each, sum, maximum */
static double flops(const assay_args *a)
{
    const assay_gumbel_params *p = a->params;
    return (p->temp > 0 ? 5.0 : 1.0) * (double)a->dim[0] * (double)a->dim[1];
}

VERIFY(gumbel);
SPEC(gumbel) = {
    USUAL(gumbel),
    .formula = "id = the lowest index of the maximum of logits / temp - ln(-ln u), u by Philox4x32-10",
    .dims = "RV",
    .role = { ASSAY_ROLE_ROWS, ASSAY_ROLE_SUM },
    .split = 'R',
    FIELDS(fields, assay_gumbel_params),
    BOUNDS(gumbel),
    .verify = assay_gumbel_verify,
    .resolve = resolve,
    .flops = flops,
};
