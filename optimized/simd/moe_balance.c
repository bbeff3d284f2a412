/* SPDX-License-Identifier: MIT
 * moe_balance: the columns of p are summed by vectors, a token at a time; experts are counted one by one. */
#include "assay/params/moe_balance.h"
#include "../isa/rows.h"
#include "../isa/simd.h"

enum { P, IDS, LSE, LOSS, Z };

static inline const float *at(const assay_tensor *t, int64_t b, int64_t i)
{
    return (const float *)(const void *)((const char *)tensor_row(t, b) + i * t->stride[1]);
}

/* mass[e] = sum of p of all tokens; chosen[e] = how often e was */
static void gather(const assay_args *a, int64_t b, float *mass, int32_t *chosen)
{
    const int64_t T = a->dim[1], X = a->dim[2], K = a->dim[3];
    for (int64_t e = 0; e < X; e++)
        mass[e] = 0, chosen[e] = 0;
    for (int64_t t = 0; t < T; t++) {
        const float *p = at(&a->operand[P], b, t);
        const int32_t *ids = (const int32_t *)(const void *)at(&a->operand[IDS], b, t);
        for (int64_t e = 0; e < X; e += LANES) {
            const int64_t n = X - e < LANES ? X - e : LANES;
            vec_store_n(mass + e, vec_add(vec_load_n(mass + e, n), vec_load_n(p + e, n)), n);
        }
        for (int64_t k = 0; k < K; k++)
            chosen[ids[k]]++;
    }
}

static assay_status run(const assay_args *a)
{
    const assay_moe_balance_params *par = a->params;
    const int64_t T = a->dim[1], X = a->dim[2], K = a->dim[3];
    const float tokens = (float)T, choices = (float)(par->share == ASSAY_BALANCE_K ? T : T * K);
    float *mass = a->scratch;
    int32_t *chosen = (int32_t *)(void *)(mass + X);
    for (int64_t b = a->begin; b < a->end; b++) {
        float sum = 0, squares = 0;
        gather(a, b, mass, chosen);
        for (int64_t e = 0; e < X; e++)
            sum += (float)chosen[e] / choices * (mass[e] / tokens);
        *(float *)tensor_row(&a->operand[LOSS], b) = T == 0 || K == 0 ? 0 : sum * (float)X;
        for (int64_t t = 0; a->operand[LSE].data && t < T; t++)
            squares += *at(&a->operand[LSE], b, t) * *at(&a->operand[LSE], b, t);
        if (a->operand[Z].data)
            *(float *)tensor_row(&a->operand[Z], b) = T == 0 ? 0 : squares / tokens;
    }
    return ASSAY_OK;
}

static size_t scratch(const assay_args *a)
{
    return 2 * (size_t)a->dim[2] * sizeof(float);
}

#define F32 ASSAY_TYPES(ASSAY_T(f32))
static const assay_typeset types[] = { F32, ASSAY_TYPES(ASSAY_T(i32)), F32, F32, F32 };

SIMD_KERNEL(moe_balance) = {
    .op = "moe_balance",
    .name = SIMD_TIER,
    .isa = SIMD_ISA,
    .flags = ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .run = run,
    .scratch = scratch,
};
