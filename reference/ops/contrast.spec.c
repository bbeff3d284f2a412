/* SPDX-License-Identifier: MIT */
#include "assay/params/contrast.h"
#include "spec.h"
#include "../core/status.h"

static const assay_operand operands[] = {
    { .name = "p", .shape = "K", .types = TYPES(T(f32)) },
    { .name = "h", .shape = "KD", .types = TYPES(T(f32)) },
    { .name = "context", .shape = "SD", .types = TYPES(T(f32)) },
    { .name = "score", .shape = "K", .types = TYPES(T(f32)), .access = ASSAY_OUT },
};
static const assay_field fields[] = { ASSAY_FIELD(assay_contrast_params, alpha, 0, 1) };
/* size of a cosine, how far it is below the largest, sum of |products|; sums of squares and of sizes */
static const assay_plane planes[] = { { "cosine", "KS" },      { "below", "KS" },          { "terms", "KS" },
                                      { "squares h", "K" },    { "squares context", "S" }, { "sizes h", "K" },
                                      { "sizes context", "S" } };
static const assay_said says[] = {
    { "K", "candidates, as a top-k leaves them" },
    { "S", "tokens so far, the prompt's too" },
    { "D", "length of a hidden row" },
    { "p", "the candidates' chances, of the whole vocabulary" },
    { "h", "their hidden rows: the last layer's, after the final norm" },
    { "context", "those of the tokens so far" },
    { "score", "(1 - alpha) p - alpha times the largest cosine with the context; argmax takes the best" },
    { "alpha", "how much likeness to the context counts; 0: p alone" },
    { NULL, "S is 1 or more; a cosine with a row of zeros is 0, and a NaN among the cosines is the largest" },
};

static assay_status resolve(const assay_args *a, void *params, assay_why *why)
{
    (void)params;
    if (a->dim[1] < 1)
        return assay_fail(why, ASSAY_ERR_SHAPE, "contrast: S=%lld: a context of at least one row",
                          (long long)a->dim[1]);
    return ASSAY_OK;
}

/* a product a pair, the norms, and what is made of p and the largest */
FLOPS(2 * DIM(0) * DIM(1) * DIM(2) + 2 * (DIM(0) + DIM(1)) * DIM(2) + 4 * DIM(0))

SPEC(contrast) = {
    USUAL(contrast),
    BOUNDED(contrast),
    .formula = "score = (1 - alpha) p - alpha max(h context / (|h| |context|))",
    .dims = "KSD",
    .role = { ASSAY_ROLE_GROUPS, ASSAY_ROLE_TABLE, ASSAY_ROLE_SUM },
    .split = 'K',
    FIELDS(fields, assay_contrast_params),
    .resolve = resolve,
    .flops = flops,
};
