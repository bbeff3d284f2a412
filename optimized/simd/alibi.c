/* SPDX-License-Identifier: MIT
 * alibi: slopes and the keys' positions as floats first, by one unit; then a query's row in every head. */
#include "assay/params/alibi.h"
#include "../isa/simd.h"
#include <math.h>

static uint32_t phases(const assay_args *a)
{
    (void)a;
    return 2;
}
static int64_t units(const assay_args *a)
{
    return a->phase == 0 ? 1 : a->dim[1];
}
static size_t shared(const assay_args *a)
{
    return (size_t)(a->dim[0] + a->dim[2]) * sizeof(float);
}

static void prepare(const assay_args *a)
{
    const assay_alibi_params *p = a->params;
    const int64_t H = a->dim[0], S = a->dim[2];
    const int32_t *kpos = a->operand[1].data;
    float *m = a->shared, *k = m + H;
    int64_t P = 1;
    while (2 * P <= H)
        P *= 2;
    for (int64_t h = 0; h < H; h++)
        m[h] = (float)exp2(-(double)p->max_bias * (h < P ? (double)(h + 1) : (double)(h - P) + 0.5) / (double)P);
    for (int64_t s = 0; s < S; s++)
        k[s] = (float)kpos[s];
}

/* y = m (k - q), or -m |k - q| */
static void row(float *y, const float *k, int64_t S, float q, float m, bool symmetric)
{
    const vec at = vec_set(q), by = vec_set(m);
    for (int64_t s = 0; s < S; s += LANES) {
        const int64_t n = S - s < LANES ? S - s : LANES;
        const vec d = vec_sub(vec_load_n(k + s, n), at);
        vec_store_n(y + s, vec_mul(by, symmetric ? vec_minus_abs(d) : d), n);
    }
}

static assay_status run(const assay_args *a)
{
    const assay_alibi_params *p = a->params;
    const int64_t H = a->dim[0];
    const int32_t *qpos = a->operand[0].data;
    const assay_tensor *out = &a->operand[2];
    const float *m = a->shared;
    if (a->phase == 0) {
        if (a->begin < a->end)
            prepare(a);
        return ASSAY_OK;
    }
    for (int64_t t = a->begin; t < a->end; t++)
        for (int64_t h = 0; h < H; h++)
            row((float *)(void *)((char *)out->data + h * out->stride[0] + t * out->stride[1]), m + H, a->dim[2],
                (float)qpos[t], m[h], p->symmetric);
    return ASSAY_OK;
}

static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(i32)), ASSAY_TYPES(ASSAY_T(i32)),
                                       ASSAY_TYPES(ASSAY_T(f32)) };

SIMD_KERNEL(alibi) = {
    .op = "alibi",
    .name = SIMD_TIER,
    .isa = SIMD_ISA,
    .flags = ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .run = run,
    .phases = phases,
    .units = units,
    .shared = shared,
};
