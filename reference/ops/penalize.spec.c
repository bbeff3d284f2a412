/* SPDX-License-Identifier: MIT */
#include "assay/params/penalize.h"
#include "spec.h"
#include "../core/status.h"

#define MATRIX(title) .name = title, .shape = "RV", .types = TYPES(T(f32))
static const assay_operand operands[] = {
    { MATRIX("logits") },
    { MATRIX("counts") },
    { MATRIX("seen"), .flags = ASSAY_OPTIONAL },
    { MATRIX("bias"), .flags = ASSAY_OPTIONAL },
    { MATRIX("y"), .access = ASSAY_OUT },
};
static const assay_field fields[] = {
    ASSAY_FIELD(assay_penalize_params, repetition, 0, 100),
    ASSAY_FIELD(assay_penalize_params, frequency, -100, 100),
    ASSAY_FIELD(assay_penalize_params, presence, -100, 100),
};
/* the logit that the history changes, what it becomes, counts frequency, the largest sum of two of three terms */
static const assay_plane planes[] = {
    { "biased", "RV" }, { "scaled", "RV" }, { "counted", "RV" }, { "partial", "RV" }
};
static const assay_said says[] = {
    { "R", "rows" },
    { "V", "ids, a logit each" },
    { "logits", "one for each id" },
    { "counts", "how often each id was generated; who counts the prompt, too, or the last 64 tokens alone, counts so" },
    { "seen", "above 0: repetition applies, once; left out: where counts > 0" },
    { "bias", "added before all else; -inf forbids an id; left out: 0" },
    { "repetition", "of a seen id: z < 0 ? z repetition : z / repetition; 0: 1, off" },
    { "frequency", "times counts, taken off" },
    { "presence", "taken off where counts > 0" },
    { NULL, "repetition lies in [0.01, 100]; kernels never see 0: 1 stands there" },
};

static assay_status resolve(const assay_args *a, void *params, assay_why *why)
{
    assay_penalize_params *p = params;
    (void)a;
    if (p->repetition == 0)
        p->repetition = 1;
    if (!(p->repetition >= 0.01f))
        return assay_fail(why, ASSAY_ERR_PARAM, "penalize: repetition=%g is below 0.01", (double)p->repetition);
    return ASSAY_OK;
}

/* bias, quotient, product and two differences */
FLOPS(5 * DIM(0) * DIM(1))

SPEC(penalize) = {
    USUAL(penalize),
    BOUNDED(penalize),
    .formula = "z = logits + bias; seen: z < 0 ? z repetition : z / repetition; y = z - counts frequency - (counts > "
               "0) presence",
    .dims = "RV",
    .role = { ASSAY_ROLE_ROWS },
    .split = 'R',
    FIELDS(fields, assay_penalize_params),
    .resolve = resolve,
    .flops = flops,
};
