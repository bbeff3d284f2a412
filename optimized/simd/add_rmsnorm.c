/* SPDX-License-Identifier: MIT
 * add_rmsnorm: two passes per row: the sum and the mean of its squares, result. */
#include "assay/params/rmsnorm.h"
#include "../isa/mean.h"

/* t = x + residual, which is written to `to`, too; t^2 is added to s. */
static inline __attribute__((always_inline)) vec add(const float *x, const float *residual, float *to, vec s)
{
    const vec t = vec_add(vec_load(x), vec_load(residual));
    vec_store(to, t);
    return vec_fma(t, t, s);
}

/* The mean of the squares, in the four sums of mean.h; `to` may be x or the residual. */
static float sum_up(const float *x, const float *residual, float *to, int64_t n)
{
    const int64_t tail = n % LANES, body = n - tail;
    const vec last = vec_add(vec_load_n(x + body, tail), vec_load_n(residual + body, tail));
    vec s0 = vec_mul(last, last), s1 = vec_zero(), s2 = s1, s3 = s1;
    int64_t c = 0;
    for (; c + 4 * LANES <= n; c += 4 * LANES) {
        s0 = add(x + c, residual + c, to + c, s0);
        s1 = add(x + c + LANES, residual + c + LANES, to + c + LANES, s1);
        s2 = add(x + c + 2 * LANES, residual + c + 2 * LANES, to + c + 2 * LANES, s2);
        s3 = add(x + c + 3 * LANES, residual + c + 3 * LANES, to + c + 3 * LANES, s3);
    }
    for (; c < body; c += LANES)
        s1 = add(x + c, residual + c, to + c, s1);
    vec_store_n(to + body, last, tail);
    return vec_sum(vec_add(vec_add(s0, s1), vec_add(s2, s3))) / (float)n;
}

static assay_status run(const assay_args *a)
{
    const assay_rmsnorm_params *p = a->params;
    const float *w = a->operand[2].data;
    const int64_t C = a->dim[1];
    const vec one = vec_set(p->plus_one ? 1.0f : 0.0f);

    for (int64_t r = a->begin; r < a->end; r++) {
        float *t = tensor_row(&a->operand[4], r);
        const float mean = sum_up(tensor_row(&a->operand[0], r), tensor_row(&a->operand[1], r), t, C);
        const vec s = vec_set(1.0f / sqrtf(mean + p->eps));
        scaled(tensor_row(&a->operand[3], r), t, C, s, one, w);
    }
    return ASSAY_OK;
}

SIMD_KERNEL(add_rmsnorm) = {
    SIMD_ROWS,
    .op = "add_rmsnorm",
    .flags = SIMD_PROMISES,
    .contract = &mean_contract,
};
