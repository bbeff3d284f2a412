/* SPDX-License-Identifier: MIT */
#include "assay/params/sinusoid.h"
#include "spec.h"
#include "../core/status.h"

static const assay_operand operands[] = {
    { .name = "x", .shape = "TD", .types = TYPES(T(f32)) },
    { .name = "pos", .shape = "T", .types = TYPES(T(i32)), .flags = ASSAY_POSITION },
    { .name = "y", .shape = "TD", .types = TYPES(T(f32)), .access = ASSAY_OUT },
};
static const char *const layouts[] = { "interleaved", "concatenated", NULL };
static const char *const spacings[] = { "paper", "tensor2tensor", NULL };
enum { FURTHEST = 1 << 24 }; /* a position beyond has no name in f32 */
static const assay_field fields[] = {
    ASSAY_FIELD_ENUM(assay_sinusoid_params, layout, layouts),
    ASSAY_FIELD_ENUM(assay_sinusoid_params, spacing, spacings),
};
static const assay_plane planes[] = { { "theta", "TD" } }; /* the angle of each element */
static const assay_said says[] = {
    { "T", "rows, a position each" },
    { "D", "elements of a row, even" },
    { "x", "what positions are added to" },
    { "pos", "position of each row, -2^24 .. 2^24" },
    { "y", "x plus sines and cosines of the position" },
    { "layout", "sine and cosine side by side (2r, 2r + 1), or all sines first (r, D/2 + r)" },
    { "spacing", "a pair's angle per position: 10000^(-r/(D/2)), or 10000^(-r/(D/2 - 1))" },
    { NULL, "D is even" },
};

static assay_status resolve(const assay_args *a, void *params, assay_why *why)
{
    const int32_t *pos = a->operand[1].data;
    (void)params;
    if (a->dim[1] % 2 != 0)
        return assay_fail(why, ASSAY_ERR_SHAPE, "sinusoid: D=%lld is odd: each pair is a sine and a cosine",
                          (long long)a->dim[1]);
    for (int64_t t = 0; pos && t < a->dim[0]; t++)
        if (pos[t] > FURTHEST || pos[t] < -FURTHEST)
            return assay_fail(why, ASSAY_ERR_PARAM, "sinusoid: pos[%lld] = %d is beyond 2^24", (long long)t, pos[t]);
    return ASSAY_OK;
}

/* an angle for two, a sine or cosine (one), a sum */
FLOPS(2.5 * DIM(0) * DIM(1))

SPEC(sinusoid) = {
    USUAL(sinusoid),
    BOUNDED(sinusoid),
    .formula = "y = x + (sin, cos)(pos 10000^(-r/N))",
    .dims = "TD",
    .role = { ASSAY_ROLE_ROWS },
    .split = 'T',
    FIELDS(fields, assay_sinusoid_params),
    .resolve = resolve,
    .flops = flops,
};
