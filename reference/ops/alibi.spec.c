/* SPDX-License-Identifier: MIT */
#include "assay/params/alibi.h"
#include "spec.h"
#include "../core/status.h"

static const assay_operand operands[] = {
    { .name = "qpos", .shape = "T", .types = TYPES(T(i32)), .flags = ASSAY_POSITION },
    { .name = "kpos", .shape = "S", .types = TYPES(T(i32)), .flags = ASSAY_POSITION },
    { .name = "bias", .shape = "HTS", .types = TYPES(T(f32)), .access = ASSAY_OUT },
};
enum { FURTHEST = 1 << 24 }; /* a position beyond has no name in f32 */
static const assay_field fields[] = {
    ASSAY_FIELD(assay_alibi_params, max_bias, 0, 64),
    ASSAY_FIELD(assay_alibi_params, symmetric, 0, 1),
};
static const assay_plane planes[] = { { "power", "H" }, { "exponent", "H" } };
static const assay_said says[] = {
    { "H", "heads, any number" },
    { "T", "queries" },
    { "S", "keys" },
    { "qpos", "position of each query, -2^24 .. 2^24" },
    { "kpos", "position of each key, the same" },
    { "bias", "what is added to scores; attention's mask takes it" },
    { "max_bias", "slopes go down to 2^-max_bias; 0: 8" },
    { "symmetric", "1: by the distance; 0: by how far the key lies behind, below 0 if it lies ahead" },
    { NULL, "kernels never see max_bias=0: 8 stands there" },
};

static assay_status resolve(const assay_args *a, void *params, assay_why *why)
{
    assay_alibi_params *p = params;
    for (int i = 0; i < 2; i++) {
        const int32_t *pos = a->operand[i].data;
        for (int64_t k = 0; pos && k < a->dim[1 + i]; k++)
            if (pos[k] > FURTHEST || pos[k] < -FURTHEST)
                return assay_fail(why, ASSAY_ERR_PARAM, "alibi: %s[%lld] = %d is beyond 2^24", operands[i].name,
                                  (long long)k, pos[k]);
    }
    if (p->max_bias <= 0)
        p->max_bias = 8;
    return ASSAY_OK;
}

/* a difference, a product */
FLOPS(2 * DIM(0) * DIM(1) * DIM(2))

SPEC(alibi) = {
    USUAL(alibi),
    BOUNDED(alibi),
    .formula = "bias = -slope (qpos - kpos)",
    .dims = "HTS",
    .role = { ASSAY_ROLE_FEW, ASSAY_ROLE_ROWS },
    .split = 'T',
    FIELDS(fields, assay_alibi_params),
    .resolve = resolve,
    .flops = flops,
};
