/* SPDX-License-Identifier: MIT */
#include "assay/params/rope.h"
#include "spec.h"
#include "../core/status.h"

static const assay_operand operands[] = {
    { .name = "x", .shape = "THD", .types = TYPES(T(f32)) },
    { .name = "pos", .shape = "T", .types = TYPES(T(i32)), .flags = ASSAY_POSITION },
    { .name = "inv_freq", .shape = "F", .types = TYPES(T(f32)), .flags = ASSAY_OPTIONAL },
    { .name = "y", .shape = "THD", .types = TYPES(T(f32)), .access = ASSAY_OUT },
};
static const char *const modes[] = { "interleaved", "half", NULL };
enum { FURTHEST = 1 << 24, MOST_DIMS = 1 << 24 }; /* a position beyond has no name in f32 */
static const assay_field fields[] = {
    ASSAY_FIELD_ENUM(assay_rope_params, mode, modes),
    ASSAY_FIELD_ALONG(assay_rope_params, n_dims, 0, MOST_DIMS, 'D'),
    ASSAY_FIELD(assay_rope_params, base, 0, 1e9),
};
/* terms: the absolute values of the two products of each output, summed; theta: the angle of each element */
static const assay_plane planes[] = { { "terms", "THD" }, { "theta", "TD" } };
static const assay_said says[] = {
    { "T", "rows, a position each" },
    { "H", "heads" },
    { "D", "length of a head" },
    { "F", "entries of inv_freq" },
    { "x", "heads to be rotated" },
    { "pos", "position of each row, -2^24 .. 2^24" },
    { "inv_freq", "angle of each pair per position; left out: base^(-2r / n_dims)" },
    { "y", "the heads, rotated" },
    { "mode", "which elements are a pair: (2r, 2r + 1), or (r, r + n_dims / 2)" },
    { "n_dims", "elements of a head that are rotated, the others are copied; 0: D" },
    { "base", "of the default angles; 0: 10000" },
    { NULL, "n_dims is even and at most D; with inv_freq F = n_dims / 2" },
    { NULL, "kernels never see n_dims=0 or base=0: D and 10000 stand there" },
};

static assay_status resolve(const assay_args *a, void *params, assay_why *why)
{
    assay_rope_params *p = params;
    const int64_t T = a->dim[0], D = a->dim[2], F = a->dim[3], R = p->n_dims ? p->n_dims : D;
    const int32_t *pos = a->operand[1].data;
    if (R % 2 != 0 || R > D || R > MOST_DIMS)
        return assay_fail(why, ASSAY_ERR_PARAM,
                          "rope: %lld rotated elements of D=%lld: must be even, at most D and 2^24", (long long)R,
                          (long long)D);
    if (a->operand[2].rank && F != R / 2)
        return assay_fail(why, ASSAY_ERR_SHAPE, "rope: inv_freq has F=%lld entries, %lld rotated elements need %lld",
                          (long long)F, (long long)R, (long long)(R / 2));
    for (int64_t t = 0; pos && t < T; t++)
        if (pos[t] > FURTHEST || pos[t] < -FURTHEST)
            return assay_fail(why, ASSAY_ERR_PARAM, "rope: pos[%lld] = %d is beyond 2^24", (long long)t, pos[t]);
    if (p->base <= 0)
        p->base = 10000;
    p->n_dims = (int32_t)R;
    return ASSAY_OK;
}

static double flops(const assay_args *a)
{
    const assay_rope_params *p = a->params;
    return 3.0 * (double)a->dim[0] * (double)a->dim[1] * (double)(p->n_dims ? p->n_dims : a->dim[2]);
}

SPEC(rope) = {
    USUAL(rope),
    BOUNDED(rope),
    .formula = "(a, b) -> (a cos - b sin, a sin + b cos), angle pos * inv_freq",
    .dims = "THDF",
    .role = { ASSAY_ROLE_ROWS, ASSAY_ROLE_ANY, ASSAY_ROLE_HEAD, ASSAY_ROLE_DERIVED },
    .split = 'T',
    FIELDS(fields, assay_rope_params),
    .resolve = resolve,
    .flops = flops,
};
