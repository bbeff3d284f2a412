/* SPDX-License-Identifier: MIT
 * layernorm: three passes per row (mean, variance, result), four independent sums; of the last vector only what is
 * there, so no byte past the row is read or written. */
#include "assay/params/layernorm.h"
#include "../isa/simd.h"

/* The mean of x - m, or of its square. */
static inline __attribute__((always_inline)) float mean(const float *x, int64_t n, vec m, int power)
{
    const vec one = vec_set(1.0f),
              last = vec_first_n(vec_sub(vec_load_n(x + n - n % LANES, n % LANES), m), n % LANES, vec_zero());
    vec s0 = vec_mul(last, power == 2 ? last : one), s1 = vec_zero(), s2 = s1, s3 = s1;
    int64_t c = 0;
    for (; c + 4 * LANES <= n; c += 4 * LANES) {
        const vec d0 = vec_sub(vec_load(x + c), m), d1 = vec_sub(vec_load(x + c + LANES), m);
        const vec d2 = vec_sub(vec_load(x + c + 2 * LANES), m), d3 = vec_sub(vec_load(x + c + 3 * LANES), m);
        s0 = vec_fma(d0, power == 2 ? d0 : one, s0), s1 = vec_fma(d1, power == 2 ? d1 : one, s1);
        s2 = vec_fma(d2, power == 2 ? d2 : one, s2), s3 = vec_fma(d3, power == 2 ? d3 : one, s3);
    }
    for (; c + LANES <= n; c += LANES) {
        const vec d = vec_sub(vec_load(x + c), m);
        s1 = vec_fma(d, power == 2 ? d : one, s1);
    }
    return vec_sum(vec_add(vec_add(s0, s1), vec_add(s2, s3))) / (float)n;
}

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

static const assay_contract contract = { .h = { ASSAY_DEPTH_LANES, 4 * LANES, 0 } };

SIMD_KERNEL(layernorm) = {
    SIMD_ROWS,
    .op = "layernorm",
    .flags = SIMD_PROMISES,
    .contract = &contract,
};
