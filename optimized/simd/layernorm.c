/* SPDX-License-Identifier: MIT
 * layernorm: three passes per row: mean, variance, result. */
#include "assay/params/layernorm.h"
#include "../isa/mean.h"

static assay_status run(const assay_args *a)
{
    const assay_layernorm_params *p = a->params;
    const float *w = a->operand[1].data, *bias = a->operand[2].data;
    const int64_t C = a->dim[1];

    for (int64_t r = a->begin; r < a->end; r++) {
        const float *x = tensor_row(&a->operand[0], r);
        const vec m = vec_set(mean(x, C, vec_zero(), 1)), s = vec_set(1.0f / sqrtf(mean(x, C, m, 2) + p->eps));
        normed(tensor_row(&a->operand[3], r), x, C, m, s, w, bias);
    }
    return ASSAY_OK;
}

SIMD_KERNEL(layernorm) = {
    SIMD_ROWS,
    .op = "layernorm",
    .flags = SIMD_PROMISES,
    .contract = &mean_contract,
};
