/* SPDX-License-Identifier: MIT
 * add_layernorm: three passes per row: the sum and its mean, variance, result.  The sum stands in its own operand, or
 * where y will stand. */
#include "assay/params/add_layernorm.h"
#include "../isa/mean.h"

enum { X, RESIDUAL, W, BIAS, Y, SUM };

/* t = x + alpha residual, which is written to `to`, and added to s. */
static inline __attribute__((always_inline)) vec add(const float *x, const float *residual, vec alpha, float *to, vec s)
{
    const vec t = vec_fma(alpha, vec_load(residual), vec_load(x));
    vec_store(to, t);
    return vec_add(s, t);
}

/* The mean of the sums, in the four chains of mean.h; `to` may be x or the residual. */
static float sum_up(const float *x, const float *residual, vec alpha, float *to, int64_t n)
{
    const int64_t tail = n % LANES, body = n - tail;
    const vec last = vec_fma(alpha, vec_load_n(residual + body, tail), vec_load_n(x + body, tail));
    vec s0 = vec_first_n(last, tail, vec_zero()), s1 = vec_zero(), s2 = s1, s3 = s1;
    int64_t c = 0;
    for (; c + 4 * LANES <= n; c += 4 * LANES) {
        s0 = add(x + c, residual + c, alpha, to + c, s0);
        s1 = add(x + c + LANES, residual + c + LANES, alpha, to + c + LANES, s1);
        s2 = add(x + c + 2 * LANES, residual + c + 2 * LANES, alpha, to + c + 2 * LANES, s2);
        s3 = add(x + c + 3 * LANES, residual + c + 3 * LANES, alpha, to + c + 3 * LANES, s3);
    }
    for (; c < body; c += LANES)
        s1 = add(x + c, residual + c, alpha, to + c, s1);
    vec_store_n(to + body, last, tail);
    return vec_sum(vec_add(vec_add(s0, s1), vec_add(s2, s3))) / (float)n;
}

static assay_status run(const assay_args *a)
{
    const assay_add_layernorm_params *p = a->params;
    const float *w = a->operand[W].data, *bias = a->operand[BIAS].data;
    const int64_t C = a->dim[1];
    const vec alpha = vec_set(p->alpha);

    for (int64_t r = a->begin; r < a->end; r++) {
        float *y = tensor_row(&a->operand[Y], r), *t = a->operand[SUM].data ? tensor_row(&a->operand[SUM], r) : y;
        const vec m = vec_set(sum_up(tensor_row(&a->operand[X], r), tensor_row(&a->operand[RESIDUAL], r), alpha, t, C));
        const vec s = vec_set(1.0f / sqrtf(mean(t, C, m, 2) + p->eps));
        normed(y, t, C, m, s, w, bias);
    }
    return ASSAY_OK;
}

SIMD_KERNEL(add_layernorm) = {
    SIMD_ROWS,
    .op = "add_layernorm",
    .flags = SIMD_PROMISES,
    .contract = &mean_contract,
};
