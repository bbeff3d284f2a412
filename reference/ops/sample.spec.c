/* SPDX-License-Identifier: MIT */
#include "assay/params/sample.h"
#include "spec.h"
#include "../core/status.h"

static const assay_operand operands[] = {
    { .name = "logits", .shape = "RV", .types = TYPES(T(f32)) },
    { .name = "id", .shape = "R", .types = TYPES(T(i32)), .access = ASSAY_OUT, .verdict = ASSAY_DISCRETE },
};
static const assay_field fields[] = {
    ASSAY_FIELD(assay_sample_params, key, 0, 0x1p53),
    ASSAY_FIELD(assay_sample_params, step, 0, 0x1p53),
    ASSAY_FIELD(assay_sample_params, temp, 0, 1e6),
    ASSAY_FIELD(assay_sample_params, top_p, 0, 1),
    ASSAY_FIELD_ALONG(assay_sample_params, top_k, 0, 1 << 24, 'V'),
};
static const assay_said says[] = {
    { "R", "rows, one id each" },
    { "V", "entries of a row" },
    { "key", "of Philox4x32-10" },
    { "step",
      "upper half of its counter; the lower half is row / 4, and row % 4 picks the word: its upper 24 bits are u" },
    { "temp", "temperature; 0: greedy, the lowest id of the maximum" },
    { "top_p", "keep the likeliest ids until their sum reaches it; 0 or 1: all" },
    { "top_k", "keep the k likeliest ids; 0: all" },
    { NULL, "an id is drawn in the order of ids, not of likelihood: the first with u sum < the sum up to it, of what "
            "is kept" },
    { NULL,
      "of equal logits the lower id is the likelier; a row with NaN or inf, or of -inf alone, has no answer: -1" },
    { NULL, "V is at least 1 and at most 2^24: an empty row has no answer, and ids stay exact in f32" },
};

/* 2^24: ids stay exact in the float reference */
static assay_status resolve(const assay_args *a, void *params, assay_why *why)
{
    (void)params;
    if (a->dim[1] < 1 || a->dim[1] > 1 << 24)
        return assay_fail(why, ASSAY_ERR_SHAPE, "sample: rows of V=%lld have no answer: 1 to 2^24",
                          (long long)a->dim[1]);
    return ASSAY_OK;
}

/* maximum, difference and quotient, exponential as one, sum, cumulated sum */
static double flops(const assay_args *a)
{
    const assay_sample_params *p = a->params;
    return (p->temp > 0 ? 6.0 : 1.0) * (double)a->dim[0] * (double)a->dim[1];
}

VERIFY(sample);
SPEC(sample) = {
    USUAL(sample),
    .formula = "id ~ softmax(logits / temp) over top-k, then top-p, by inverse CDF with Philox4x32-10",
    .dims = "RV",
    .role = { ASSAY_ROLE_ROWS, ASSAY_ROLE_SUM },
    .split = 'R',
    FIELDS(fields, assay_sample_params),
    BOUNDS(sample),
    .verify = assay_sample_verify,
    .resolve = resolve,
    .flops = flops,
};
