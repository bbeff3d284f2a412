/* SPDX-License-Identifier: MIT
 * rmsnorm: two passes per row, four independent sums; of the last vector only what is there, so no byte past the row is
 * read or written. */
#include "assay/params/rmsnorm.h"
#include "../isa/simd.h"

static assay_status run(const assay_args *a)
{
    const assay_rmsnorm_params *p = a->params;
    const float *w = a->operand[1].data;
    const int64_t C = a->dim[1], tail = C % LANES, body = C - tail, wide = C - C % (4 * LANES);
    const vec one = vec_set(p->plus_one ? 1.0f : 0.0f);

    for (int64_t r = a->begin; r < a->end; r++) {
        const float *x = tensor_row(&a->operand[0], r);
        float *y = tensor_row(&a->operand[2], r);
        const vec last = vec_load_n(x + body, tail);
        vec s0 = vec_zero(), s1 = s0, s2 = s0, s3 = vec_mul(last, last);
        int64_t c = 0;
        for (; c < wide; c += 4 * LANES) {
            const vec v0 = vec_load(x + c), v1 = vec_load(x + c + LANES);
            const vec v2 = vec_load(x + c + 2 * LANES), v3 = vec_load(x + c + 3 * LANES);
            s0 = vec_fma(v0, v0, s0), s1 = vec_fma(v1, v1, s1);
            s2 = vec_fma(v2, v2, s2), s3 = vec_fma(v3, v3, s3);
        }
        for (; c < body; c += LANES) {
            const vec v = vec_load(x + c);
            s0 = vec_fma(v, v, s0);
        }
        const float ss = vec_sum(vec_add(vec_add(s0, s1), vec_add(s2, s3)));
        const vec s = vec_set(1.0f / sqrtf(ss / (float)C + p->eps));
        for (c = 0; c < body; c += LANES)
            vec_store(y + c, vec_mul(vec_add(one, vec_load(w + c)), vec_mul(s, vec_load(x + c))));
        vec_store_n(y + body, vec_mul(vec_add(one, vec_load_n(w + body, tail)), vec_mul(s, last)), tail);
    }
    return ASSAY_OK;
}

static const assay_contract contract = { .h = { ASSAY_DEPTH_LANES, 4 * LANES, 0 } };

SIMD_KERNEL(rmsnorm) = {
    SIMD_ROWS,
    .op = "rmsnorm",
    .flags = SIMD_PROMISES,
    .contract = &contract,
};
