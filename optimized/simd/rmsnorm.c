/* SPDX-License-Identifier: MIT
 * rmsnorm: two passes per row: mean of the squares, result. */
#include "assay/params/rmsnorm.h"
#include "../isa/mean.h"

static assay_status run(const assay_args *a)
{
    const assay_rmsnorm_params *p = a->params;
    const float *w = a->operand[1].data;
    const int64_t C = a->dim[1];
    const vec one = vec_set(p->plus_one ? 1.0f : 0.0f);

    for (int64_t r = a->begin; r < a->end; r++) {
        const float *x = tensor_row(&a->operand[0], r);
        const vec s = vec_set(1.0f / sqrtf(mean(x, C, vec_zero(), 2) + p->eps));
        scaled(tensor_row(&a->operand[2], r), x, C, s, one, w);
    }
    return ASSAY_OK;
}

SIMD_KERNEL(rmsnorm) = {
    SIMD_ROWS,
    .op = "rmsnorm",
    .flags = SIMD_PROMISES,
    .contract = &mean_contract,
};
