/* SPDX-License-Identifier: MIT
 * penalize: vector by vector, every penalty at once; those that are off change nothing. */
#include "assay/params/penalize.h"
#include "../isa/simd.h"

typedef struct penalties {
    vec repetition, frequency, presence, least; /* least: the smallest number above 0 */
} penalties;

/* Is a lane above 0?  NaN is not. */
static inline vec_mask positive(const penalties *k, vec a)
{
    return vec_eq(vec_at_least(a, k->least), a);
}
static inline vec penalized(const penalties *k, vec z, vec count, vec seen)
{
    const vec scaled = vec_pick(vec_negative(z), vec_mul(z, k->repetition), vec_div(z, k->repetition));
    const vec once = vec_pick(positive(k, count), k->presence, vec_zero());
    return vec_sub(vec_pick(positive(k, seen), scaled, z), vec_fma(count, k->frequency, once));
}
static inline vec load(const float *p, int64_t n)
{
    return n == LANES ? vec_load(p) : vec_load_n(p, n);
}

static assay_status run(const assay_args *a)
{
    const assay_penalize_params *p = a->params;
    const int64_t V = a->dim[1];
    const assay_tensor *seen = &a->operand[2], *bias = &a->operand[3];
    const penalties k = { vec_set(p->repetition), vec_set(p->frequency), vec_set(p->presence), vec_set(0x1p-149f) };
    for (int64_t r = a->begin; r < a->end; r++) {
        const float *x = tensor_row(&a->operand[0], r), *count = tensor_row(&a->operand[1], r);
        const float *s = seen->data ? tensor_row(seen, r) : count, *plus = bias->data ? tensor_row(bias, r) : NULL;
        float *y = tensor_row(&a->operand[4], r);
        for (int64_t v = 0; v < V; v += LANES) {
            const int64_t n = V - v < LANES ? V - v : LANES;
            const vec z = load(x + v, n), biased = plus ? vec_add(z, load(plus + v, n)) : z;
            const vec out = penalized(&k, biased, load(count + v, n), load(s + v, n));
            if (n == LANES)
                vec_store(y + v, out);
            else
                vec_store_n(y + v, out, n);
        }
    }
    return ASSAY_OK;
}

SIMD_KERNEL(penalize) = {
    SIMD_ROWS,
    .op = "penalize",
    .flags = SIMD_PROMISES,
};
