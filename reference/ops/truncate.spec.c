/* SPDX-License-Identifier: MIT */
#include "assay/params/truncate.h"
#include "spec.h"
#include "../core/status.h"

static const assay_operand operands[] = {
    { .name = "logits", .shape = "RV", .types = TYPES(T(f32)) },
    { .name = "y", .shape = "RV", .types = TYPES(T(f32)), .access = ASSAY_OUT, .verdict = ASSAY_DISCRETE },
};
static const char *const rules[] = { "top_k", "top_p", "min_p", "typical", "surprise", NULL };
static const assay_field fields[] = {
    ASSAY_FIELD_ENUM(assay_truncate_params, rule, rules),
    ASSAY_FIELD_ALONG(assay_truncate_params, k, 0, 1 << 24, 'V'),
    ASSAY_FIELD(assay_truncate_params, amount, 0, 64),
    ASSAY_FIELD(assay_truncate_params, temp, 0, 1e6),
};
static const assay_said says[] = {
    { "R", "rows" },
    { "V", "ids, a logit each" },
    { "y", "the logit of an id that stays, bit for bit; -inf for the others" },
    { "rule",
      "top_k: the k largest; top_p: the likeliest, until their sum reaches amount; min_p: at least amount times "
      "as likely as the likeliest; typical: those whose -ln p is nearest to the entropy, until their sum reaches "
      "amount; surprise: -log2 p at most amount, and the likeliest" },
    { "k", "of top_k; 0: all" },
    { "amount", "of the others; 0: all, and so is 1 of top_p and typical" },
    { "temp", "probabilities are those of logits / temp; 0: 1" },
    { NULL, "of equal ones the lower id comes first; who crosses a sum stays" },
    { NULL, "a row with NaN or inf, or of -inf alone, is copied; -inf never stays" },
    { NULL, "several rules are several calls, each of what the one before left; sample draws" },
    { NULL, "amount is at most 1 where rule=min_p; kernels never see temp=0: 1 stands there" },
    { NULL, "V is at most 2^24" },
};

static assay_status resolve(const assay_args *a, void *params, assay_why *why)
{
    assay_truncate_params *p = params;
    if (a->dim[1] > 1 << 24)
        return assay_fail(why, ASSAY_ERR_SHAPE, "truncate: V=%lld is more than 2^24", (long long)a->dim[1]);
    if (p->rule == ASSAY_MIN_P && p->amount > 1)
        return assay_fail(why, ASSAY_ERR_PARAM, "truncate: amount=%g of min_p is above 1: nothing would stay",
                          (double)p->amount);
    if (p->temp == 0)
        p->temp = 1;
    return ASSAY_OK;
}

/* maximum, difference and quotient, exponential as one, sum, comparison */
FLOPS(6 * DIM(0) * DIM(1))

VERIFY(truncate);
SPEC(truncate) = {
    USUAL(truncate),    .formula = "y = the logits of the ids that stay by one rule, -inf for the others",
    .dims = "RV",       .role = { ASSAY_ROLE_ROWS, ASSAY_ROLE_SUM },
    .split = 'R',       FIELDS(fields, assay_truncate_params),
    BOUNDS(truncate),   .verify = assay_truncate_verify,
    .resolve = resolve, .flops = flops,
};
