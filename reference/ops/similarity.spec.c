/* SPDX-License-Identifier: MIT */
#include "assay/params/similarity.h"
#include "spec.h"

static const assay_operand operands[] = {
    { .name = "a", .shape = "TD", .types = TYPES(T(f32)) },
    { .name = "b", .shape = "ND", .types = TYPES(FLOATS | T(q8_0)), .flags = ASSAY_WEIGHT },
    { .name = "s", .shape = "TN", .types = TYPES(T(f32)), .access = ASSAY_OUT },
};
static const char *const forms[] = { "dot", "cosine", "l2", NULL };
static const assay_field fields[] = { ASSAY_FIELD_ENUM(assay_similarity_params, form, forms) };
static const assay_plane planes[] = { { "terms", "TN" },    { "apart", "TN" },  { "squares a", "T" },
                                      { "squares b", "N" }, { "sizes a", "T" }, { "sizes b", "N" } };
static const assay_said says[] = {
    { "T", "queries" },
    { "N", "rows of the table" },
    { "D", "length of an embedding" },
    { "a", "the queries" },
    { "b", "the table" },
    { "s", "of each query to each row of the table; of l2 the least is the nearest" },
    { "form", "the product, the cosine (0 where either is 0), or the distance" },
};

/* dot: two a pair; cosine: the norms besides; l2: difference, product, sum */
static double flops(const assay_args *a)
{
    const assay_similarity_params *p = a->params;
    const double T = (double)a->dim[0], N = (double)a->dim[1], D = (double)a->dim[2];
    return p->form == ASSAY_SIMILARITY_L2    ? 3 * T * N * D
           : p->form == ASSAY_SIMILARITY_DOT ? 2 * T * N * D
                                             : 2 * T * N * D + 2 * (T + N) * D;
}

SPEC(similarity) = {
    USUAL(similarity),
    BOUNDED(similarity),
    .formula = "s = a b, a b / (|a| |b|), or |a - b|",
    .dims = "TND",
    .role = { ASSAY_ROLE_ROWS, ASSAY_ROLE_ANY, ASSAY_ROLE_SUM },
    .split = 'N',
    FIELDS(fields, assay_similarity_params),
    .flops = flops,
};
