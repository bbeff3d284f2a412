/* SPDX-License-Identifier: MIT
 * t5_bias: by one unit first the bucket of each distance and the table by heads, in f32; then a query's row: the
 * buckets of its keys once, for all heads. */
#include "assay/params/t5_bias.h"
#include "../isa/decode.h"
#include "../isa/rows.h"
#include <math.h>

enum { MOST = 1 << 16 }; /* distances that are tabulated: 256 KiB */

static bool accepts(const assay_args *a)
{
    return ((const assay_t5_bias_params *)a->params)->max_distance <= MOST;
}
static uint32_t phases(const assay_args *a)
{
    (void)a;
    return 2;
}
static int64_t units(const assay_args *a)
{
    return a->phase == 0 ? 1 : a->dim[1];
}
/* Table by heads (H,N), a row of it as it stands, and the buckets of distances 0 .. max_distance */
static size_t shared(const assay_args *a)
{
    const int64_t H = a->dim[0], N = a->dim[3];
    return (size_t)(H * N + H + ((const assay_t5_bias_params *)a->params)->max_distance + 1) * sizeof(float);
}
static size_t scratch(const assay_args *a)
{
    return (size_t)a->dim[2] * sizeof(int32_t);
}
static int32_t *buckets(const assay_args *a)
{
    return (int32_t *)a->shared + a->dim[0] * a->dim[3] + a->dim[0];
}

static void prepare(const assay_args *a)
{
    const assay_t5_bias_params *p = a->params;
    const assay_tensor *table = &a->operand[0];
    const int64_t H = a->dim[0], N = a->dim[3], n = p->causal ? N : N / 2, e = n / 2, most = p->max_distance;
    float *by_head = a->shared, *row = by_head + H * N;
    int32_t *bucket = buckets(a);
    for (int64_t b = 0; b < N; b++) {
        row_decode(row, tensor_row(table, b), table->type, H);
        for (int64_t h = 0; h < H; h++)
            by_head[h * N + b] = row[h];
    }
    const double all = log1p((double)(most - e) / (double)e);
    for (int64_t d = 0; d <= most; d++) { /* on an edge: the upper one */
        const double step = d < e ? 0 : log1p((double)(d - e) / (double)e) / all * (double)(n - e) + 0x1p-33;
        const int64_t at = d < e ? d : e + (int64_t)step;
        bucket[d] = (int32_t)(at < n ? at : n - 1);
    }
}

static void place_keys(const assay_args *a, int64_t q, int32_t *at)
{
    const assay_t5_bias_params *p = a->params;
    const int32_t *kpos = a->operand[2].data, *bucket = buckets(a);
    const int64_t most = p->max_distance;
    const int32_t side = p->causal ? 0 : (int32_t)(a->dim[3] / 2);
    for (int64_t s = 0; s < a->dim[2]; s++) {
        const int64_t ahead = kpos[s] - q, d = ahead <= 0 ? -ahead : p->causal ? 0 : ahead;
        at[s] = bucket[d < most ? d : most] + (ahead > 0 ? side : 0);
    }
}

static assay_status run(const assay_args *a)
{
    const int64_t H = a->dim[0], S = a->dim[2], N = a->dim[3];
    const int32_t *qpos = a->operand[1].data;
    const assay_tensor *out = &a->operand[3];
    int32_t *at = a->scratch;
    if (a->phase == 0) {
        if (a->begin < a->end)
            prepare(a);
        return ASSAY_OK;
    }
    for (int64_t t = a->begin; t < a->end; t++) {
        place_keys(a, qpos[t], at);
        for (int64_t h = 0; h < H; h++) {
            float *y = (float *)(void *)((char *)out->data + h * out->stride[0] + t * out->stride[1]);
            const float *from = (const float *)a->shared + h * N;
            for (int64_t s = 0; s < S; s++)
                y[s] = from[at[s]];
        }
    }
    return ASSAY_OK;
}

static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(f32) | ASSAY_T(f16) | ASSAY_T(bf16)),
                                       ASSAY_TYPES(ASSAY_T(i32)), ASSAY_TYPES(ASSAY_T(i32)),
                                       ASSAY_TYPES(ASSAY_T(f32)) };

SIMD_KERNEL(t5_bias) = {
    .op = "t5_bias",
    .name = SIMD_TIER,
    .isa = SIMD_ISA,
    .flags = ASSAY_BITEXACT | ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .accepts = accepts,
    .run = run,
    .phases = phases,
    .units = units,
    .shared = shared,
    .scratch = scratch,
};
