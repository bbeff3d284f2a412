/* SPDX-License-Identifier: MIT
 * rmsnorm: two passes per row: mean of the squares, result. */
#include "assay/params/rmsnorm.h"
#include "../isa/mean.h"

static assay_status run(const assay_args *a)
{
    const assay_rmsnorm_params *p = a->params;
    const float *w = a->operand[1].data;
    const int64_t C = a->dim[1], tail = C % LANES, body = C - tail;
    const vec one = vec_set(p->plus_one ? 1.0f : 0.0f);

    for (int64_t r = a->begin; r < a->end; r++) {
        const float *x = tensor_row(&a->operand[0], r);
        float *y = tensor_row(&a->operand[2], r);
        const vec last = vec_load_n(x + body, tail), s = vec_set(1.0f / sqrtf(mean(x, C, vec_zero(), 2) + p->eps));
        for (int64_t c = 0; c < body; c += LANES)
            vec_store(y + c, vec_mul(vec_add(one, vec_load(w + c)), vec_mul(s, vec_load(x + c))));
        vec_store_n(y + body, vec_mul(vec_add(one, vec_load_n(w + body, tail)), vec_mul(s, last)), tail);
    }
    return ASSAY_OK;
}

SIMD_KERNEL(rmsnorm) = {
    SIMD_ROWS,
    .op = "rmsnorm",
    .flags = SIMD_PROMISES,
    .contract = &mean_contract,
};
