/* SPDX-License-Identifier: MIT
 * layernorm: three passes per row: mean, variance, result. */
#include "assay/params/layernorm.h"
#include "../isa/mean.h"

static assay_status run(const assay_args *a)
{
    const assay_layernorm_params *p = a->params;
    const float *w = a->operand[1].data, *bias = a->operand[2].data;
    const int64_t C = a->dim[1], tail = C % LANES, body = C - tail;
    const vec one = vec_set(1.0f), zero = vec_zero();

    for (int64_t r = a->begin; r < a->end; r++) {
        const float *x = tensor_row(&a->operand[0], r);
        float *y = tensor_row(&a->operand[3], r);
        const vec m = vec_set(mean(x, C, zero, 1)), s = vec_set(1.0f / sqrtf(mean(x, C, m, 2) + p->eps));
        for (int64_t c = 0; c < body; c += LANES)
            vec_store(y + c, vec_fma(vec_mul(s, vec_sub(vec_load(x + c), m)), w ? vec_load(w + c) : one,
                                     bias ? vec_load(bias + c) : zero));
        const vec last = vec_mul(s, vec_sub(vec_load_n(x + body, tail), m));
        vec_store_n(y + body,
                    vec_fma(last, w ? vec_load_n(w + body, tail) : one, bias ? vec_load_n(bias + body, tail) : zero),
                    tail);
    }
    return ASSAY_OK;
}

SIMD_KERNEL(layernorm) = {
    SIMD_ROWS,
    .op = "layernorm",
    .flags = SIMD_PROMISES,
    .contract = &mean_contract,
};
