/* SPDX-License-Identifier: MIT */
#include "assay/params/t5_bias.h"
#include "spec.h"
#include "../core/status.h"

static const assay_operand operands[] = {
    { .name = "table", .shape = "NH", .types = TYPES(FLOATS), .flags = ASSAY_WEIGHT },
    { .name = "qpos", .shape = "T", .types = TYPES(T(i32)), .flags = ASSAY_POSITION },
    { .name = "kpos", .shape = "S", .types = TYPES(T(i32)), .flags = ASSAY_POSITION },
    { .name = "bias",
      .shape = "HTS",
      .types = TYPES(T(f32)),
      .access = ASSAY_OUT,
      .flags = ASSAY_ANY_ZERO,
      .verdict = ASSAY_EXACT },
};
enum { FURTHEST = 1 << 24, MOST = 1 << 24 };
static const assay_field fields[] = {
    ASSAY_FIELD(assay_t5_bias_params, causal, 0, 1),
    ASSAY_FIELD(assay_t5_bias_params, max_distance, 0, MOST),
};
static const assay_said says[] = {
    { "H", "heads" },
    { "T", "queries" },
    { "S", "keys" },
    { "N", "buckets, those of both sides together" },
    { "table", "bias of each bucket and head" },
    { "qpos", "position of each query, -2^24 .. 2^24" },
    { "kpos", "position of each key, the same" },
    { "bias", "what is added to scores; attention's mask takes it" },
    { "causal", "1: keys ahead are in bucket 0; 0: they have the second half of the table" },
    { "max_distance", "distances from here on are in the last bucket; 0: 128" },
    { NULL, "N is at least 2, without causal even and at least 4; max_distance is more than a quarter of N, with "
            "causal half" },
    { NULL, "kernels never see max_distance=0: 128 stands there" },
};

static assay_status resolve(const assay_args *a, void *params, assay_why *why)
{
    assay_t5_bias_params *p = params;
    const int64_t N = a->dim[3], n = p->causal ? N : N / 2;
    if (p->max_distance == 0)
        p->max_distance = 128;
    if (n < 2 || (!p->causal && N % 2 != 0))
        return assay_fail(why, ASSAY_ERR_SHAPE, "t5_bias: N=%lld buckets: %s", (long long)N,
                          p->causal ? "must be 2 or more" : "of two sides, must be even and 4 or more");
    if (p->max_distance <= n / 2)
        return assay_fail(why, ASSAY_ERR_PARAM,
                          "t5_bias: max_distance %d: must be more than the %lld distances that have a bucket each",
                          p->max_distance, (long long)(n / 2));
    for (int i = 1; i < 3; i++) {
        const int32_t *pos = a->operand[i].data;
        for (int64_t k = 0; pos && k < a->dim[i]; k++)
            if (pos[k] > FURTHEST || pos[k] < -FURTHEST)
                return assay_fail(why, ASSAY_ERR_PARAM, "t5_bias: %s[%lld] = %d is beyond 2^24", operands[i].name,
                                  (long long)k, pos[k]);
    }
    return ASSAY_OK;
}

FLOPS(0)

SPEC(t5_bias) = {
    USUAL(t5_bias),     .formula = "bias[h] = table[bucket(kpos - qpos)][h]",
    .dims = "HTSN",     .role = { ASSAY_ROLE_FEW, ASSAY_ROLE_ROWS, ASSAY_ROLE_ANY, ASSAY_ROLE_TABLE },
    .split = 'T',       FIELDS(fields, assay_t5_bias_params),
    .resolve = resolve, .flops = flops,
};
