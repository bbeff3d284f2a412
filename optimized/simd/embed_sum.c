/* SPDX-License-Identifier: MIT
 * embed_sum: rows of up to three tables of f32, added vector by vector. */
#include "assay/params/embed_sum.h"
#include "../isa/rows.h"
#include "../isa/simd.h"

static int32_t at(const assay_tensor *t, int64_t i)
{
    return *(const int32_t *)tensor_row(t, i);
}

static assay_status run(const assay_args *a)
{
    const assay_embed_sum_params *p = a->params;
    const int64_t D = a->dim[1];
    for (int64_t t = a->begin; t < a->end; t++) {
        const float *x = tensor_row(&a->operand[1], at(&a->operand[0], t));
        const float *q = tensor_row(&a->operand[3], (int64_t)at(&a->operand[2], t) + p->offset);
        const float *s = a->operand[4].rank ? tensor_row(&a->operand[5], at(&a->operand[4], t)) : NULL;
        float *y = tensor_row(&a->operand[6], t);
        for (int64_t d = 0; d < D; d += LANES) {
            const int64_t n = D - d < LANES ? D - d : LANES;
            const vec two = vec_add(vec_load_n(x + d, n), vec_load_n(q + d, n));
            vec_store_n(y + d, s ? vec_add(two, vec_load_n(s + d, n)) : two, n);
        }
    }
    return ASSAY_OK;
}

#define I32 ASSAY_TYPES(ASSAY_T(i32))
#define F32 ASSAY_TYPES(ASSAY_T(f32))
static const assay_typeset types[] = { I32, F32, I32, F32, I32, F32, F32 };

SIMD_KERNEL(embed_sum) = {
    .op = "embed_sum",
    .name = SIMD_TIER,
    .isa = SIMD_ISA,
    .flags = ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .run = run,
};
