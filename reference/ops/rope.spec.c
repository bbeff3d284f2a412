/* SPDX-License-Identifier: MIT */
#include "assay/params/rope.h"
#include "spec.h"
#include "../core/status.h"

enum { X, POS, FREQ, AXIS, COS, SIN, Y };
static const assay_operand operands[] = {
    { .name = "x", .shape = "THD", .types = TYPES(T(f32)) },
    { .name = "pos", .shape = "ST", .types = TYPES(T(i32)), .flags = ASSAY_POSITION },
    { .name = "inv_freq", .shape = "F", .types = TYPES(T(f32)), .flags = ASSAY_OPTIONAL },
    { .name = "axis", .shape = "F", .types = TYPES(T(i32)), .flags = ASSAY_OPTIONAL | ASSAY_INDEX, .index_of = 'S' },
    { .name = "cos", .shape = "PF", .types = TYPES(T(f32)), .flags = ASSAY_OPTIONAL },
    { .name = "sin", .shape = "PF", .types = TYPES(T(f32)), .flags = ASSAY_OPTIONAL },
    { .name = "y", .shape = "THD", .types = TYPES(T(f32)), .access = ASSAY_OUT },
};
static const char *const modes[] = { "interleaved", "half", NULL };
enum { FURTHEST = 1 << 24, MOST_DIMS = 1 << 24 }; /* a position beyond has no name in f32 */
static const assay_field fields[] = {
    ASSAY_FIELD_ENUM(assay_rope_params, mode, modes),
    ASSAY_FIELD_ALONG(assay_rope_params, n_dims, 0, MOST_DIMS, 'D'),
    ASSAY_FIELD(assay_rope_params, base, 0, 1e9),
    ASSAY_FIELD(assay_rope_params, magnitude, 0, 1000),
};
/* terms: the absolute values of the two products of each output, summed; theta: the angle of each element, 0 where
 * cosine and sine are given */
static const assay_plane planes[] = { { "terms", "THD" }, { "theta", "TD" } };
static const assay_said says[] = {
    { "T", "rows, a position of each axis each" },
    { "H", "heads" },
    { "D", "length of a head" },
    { "F", "pairs, where something is given of each" },
    { "S", "axes of positions: one, or time, height, width (M-RoPE)" },
    { "P", "positions of the tables" },
    { "x", "heads to be rotated" },
    { "pos", "position of each row on each axis, -2^24 .. 2^24; with tables a row of theirs" },
    { "inv_freq", "angle of each pair per position; left out: base^(-2r / n_dims)" },
    { "axis", "the axis by whose position each pair turns; left out: the first" },
    { "cos", "a table of cosines, by position and pair, instead of angles" },
    { "sin", "the sines" },
    { "y", "the heads, rotated" },
    { "mode", "which elements are a pair: (2r, 2r + 1), or (r, r + n_dims / 2)" },
    { "n_dims", "elements of a head that are rotated, the others are copied; 0: D" },
    { "base", "of the default angles; 0: 10000" },
    { "magnitude", "what cosine and sine are multiplied by (YaRN, LongRoPE); 0: 1" },
    { NULL, "n_dims is even and at most D; with inv_freq, axis or tables F = n_dims / 2" },
    { NULL, "cos and sin are both given, without inv_freq, or neither" },
    { NULL, "kernels never see n_dims=0, base=0 or magnitude=0: D, 10000 and 1 stand there" },
};

static assay_status check_places(const assay_args *a, assay_why *why)
{
    const bool table = a->operand[COS].rank != 0;
    const int32_t least = table ? 0 : -FURTHEST;
    const int64_t T = a->dim[0], most = table ? a->dim[5] - 1 : FURTHEST;
    for (int64_t s = 0; a->operand[POS].data && s < a->dim[4]; s++) {
        const int32_t *pos = (const void *)((const char *)a->operand[POS].data + s * a->operand[POS].stride[0]);
        for (int64_t t = 0; t < T; t++)
            if (pos[t] < least || pos[t] > most)
                return assay_fail(why, ASSAY_ERR_PARAM,
                                  table ? "rope: pos[%lld,%lld] = %d, of tables of P=%lld rows"
                                        : "rope: pos[%lld,%lld] = %d is beyond 2^24",
                                  (long long)s, (long long)t, pos[t], (long long)a->dim[5]);
    }
    return ASSAY_OK;
}

static assay_status resolve(const assay_args *a, void *params, assay_why *why)
{
    assay_rope_params *p = params;
    const int64_t D = a->dim[2], F = a->dim[3], R = p->n_dims ? p->n_dims : D;
    if (R % 2 != 0 || R > D || R > MOST_DIMS)
        return assay_fail(why, ASSAY_ERR_PARAM,
                          "rope: %lld rotated elements of D=%lld: must be even, at most D and 2^24", (long long)R,
                          (long long)D);
    if (a->dim[4] < 1)
        return assay_fail(why, ASSAY_ERR_SHAPE, "rope: pos has S=0 axes, 1 at least are needed");
    for (int i = FREQ; i <= SIN; i++)
        if (a->operand[i].rank && F != R / 2)
            return assay_fail(why, ASSAY_ERR_SHAPE, "rope: %s has F=%lld entries, %lld rotated elements need %lld",
                              operands[i].name, (long long)F, (long long)R, (long long)(R / 2));
    if (!a->operand[COS].rank != !a->operand[SIN].rank)
        return assay_fail(why, ASSAY_ERR_ARG, "rope: cos %s and sin %s given: both or neither",
                          a->operand[COS].rank ? "is" : "is not", a->operand[SIN].rank ? "is" : "is not");
    if (a->operand[COS].rank && a->operand[FREQ].rank)
        return assay_fail(why, ASSAY_ERR_ARG, "rope: cos, sin and inv_freq are given: the tables hold all angles");
    if (p->base <= 0)
        p->base = 10000;
    if (p->magnitude <= 0)
        p->magnitude = 1;
    p->n_dims = (int32_t)R;
    return check_places(a, why);
}

static double flops(const assay_args *a)
{
    const assay_rope_params *p = a->params;
    return 3.0 * (double)a->dim[0] * (double)a->dim[1] * (double)(p->n_dims ? p->n_dims : a->dim[2]);
}

/* Of tables only the rows of these positions; axes beyond the first only where something turns by them. */
static double bytes(const assay_args *a)
{
    const assay_rope_params *p = a->params;
    const double T = (double)a->dim[0], F = (double)(p->n_dims ? p->n_dims : a->dim[2]) / 2;
    const double axes = a->operand[AXIS].rank ? (double)a->dim[4] : 1, list = a->operand[AXIS].rank ? F : 0;
    const double angles = a->operand[COS].rank ? 2 * T * F : a->operand[FREQ].rank ? F : 0;
    return 4 * (2 * T * (double)a->dim[1] * (double)a->dim[2] + axes * T + list + angles);
}

SPEC(rope) = {
    USUAL(rope),
    BOUNDED(rope),
    .formula = "(a, b) -> m (a cos - b sin, a sin + b cos), angle pos * inv_freq",
    .dims = "THDFSP",
    .role = { ASSAY_ROLE_ROWS, ASSAY_ROLE_GROUPS, ASSAY_ROLE_HEAD, ASSAY_ROLE_DERIVED, ASSAY_ROLE_GROUPS,
              ASSAY_ROLE_DERIVED },
    .split = 'T',
    FIELDS(fields, assay_rope_params),
    .resolve = resolve,
    .flops = flops,
    .bytes = bytes,
};
