/* SPDX-License-Identifier: MIT
 * softmax: maximum; exponentials, kept in the output row, and their sum; scaling by its reciprocal.
 * z = scale x is rounded before the maximum is taken off it, so that no z lies above the maximum, and the largest at
 * it: fma(x, scale, -max) is off by what max was rounded, which for logits of 10^9 is more than exp can bear.  With a
 * mask, z = fma(x, scale, mask). */
#include "assay/params/softmax.h"
#include "../isa/simd.h"

typedef struct logits {
    const float *x, *mask; /* mask may be NULL */
    vec scale;
} logits;

/* z - m; a masked element is -inf, whatever x holds there */
static inline vec shifted(const logits *l, vec x, vec mask, vec m)
{
    const vec none = vec_set(-INFINITY);
    if (!l->mask)
        return vec_sub(vec_mul(x, l->scale), m);
    return vec_pick(vec_eq(mask, none), none, vec_sub(vec_fma(x, l->scale, mask), m));
}
static inline vec exponent(const logits *l, int64_t c, vec m)
{
    return shifted(l, vec_load(l->x + c), l->mask ? vec_load(l->mask + c) : m, m);
}
/* the last n; lanes past them are -inf */
static inline vec exponent_n(const logits *l, int64_t c, vec m, int64_t n)
{
    const vec z = shifted(l, vec_load_n(l->x + c, n), l->mask ? vec_load_n(l->mask + c, n) : m, m);
    return vec_first_n(z, n, vec_set(-INFINITY));
}
/* A row without anything above -inf: 0, or NaN if there is one. */
static void hollow(const logits *l, float *y, int64_t C)
{
    float sum = 0;
    for (int64_t c = 0; c < C; c++)
        sum += l->x[c] != l->x[c] && !(l->mask && l->mask[c] == -INFINITY) ? NAN : 0;
    for (int64_t c = 0; c < C; c++)
        y[c] = sum;
}

static inline __attribute__((always_inline)) void softmax_row(const logits *l, float *y, int64_t C)
{
    const vec zero = vec_zero();
    const int64_t tail = C % LANES, body = C - tail, wide = C - C % (4 * LANES);
    vec m0 = vec_set(-INFINITY), m1 = m0, m2 = m0, m3 = m0;
    int64_t c = 0;
    /* the maximum passes a NaN over: it comes back with the exponentials */
    for (; c < wide; c += 4 * LANES) {
        m0 = vec_max(m0, exponent(l, c, zero)), m1 = vec_max(m1, exponent(l, c + LANES, zero));
        m2 = vec_max(m2, exponent(l, c + 2 * LANES, zero)), m3 = vec_max(m3, exponent(l, c + 3 * LANES, zero));
    }
    for (; c < body; c += LANES)
        m0 = vec_max(m0, exponent(l, c, zero));
    if (tail)
        m1 = vec_max(m1, exponent_n(l, c, zero, tail));
    const float top = vec_top(vec_max(vec_max(m0, m1), vec_max(m2, m3)));
    if (!(top > -INFINITY)) {
        hollow(l, y, C);
        return;
    }
    const vec m = vec_set(top);
    vec s0 = zero, s1 = zero, s2 = zero, s3 = zero;
    for (c = 0; c < wide; c += 4 * LANES) {
        const vec e0 = vec_exp(exponent(l, c, m)), e1 = vec_exp(exponent(l, c + LANES, m));
        const vec e2 = vec_exp(exponent(l, c + 2 * LANES, m)), e3 = vec_exp(exponent(l, c + 3 * LANES, m));
        s0 = vec_add(s0, e0), s1 = vec_add(s1, e1), s2 = vec_add(s2, e2), s3 = vec_add(s3, e3);
        vec_store(y + c, e0), vec_store(y + c + LANES, e1);
        vec_store(y + c + 2 * LANES, e2), vec_store(y + c + 3 * LANES, e3);
    }
    for (; c < body; c += LANES) {
        const vec e = vec_exp(exponent(l, c, m));
        s0 = vec_add(s0, e);
        vec_store(y + c, e);
    }
    if (tail) {
        const vec e = vec_exp(exponent_n(l, c, m, tail));
        s1 = vec_add(s1, e);
        vec_store_n(y + c, e, tail);
    }
    const vec k = vec_set(1.0f / vec_sum(vec_add(vec_add(s0, s1), vec_add(s2, s3))));
    for (c = 0; c < body; c += LANES)
        vec_store(y + c, vec_mul(k, vec_load(y + c)));
    if (tail)
        vec_store_n(y + c, vec_mul(k, vec_load_n(y + c, tail)), tail);
}

static assay_status run(const assay_args *a)
{
    const assay_softmax_params *p = a->params;
    const assay_tensor *mask = &a->operand[1];
    logits l = { .scale = vec_set(p->scale) };
    for (int64_t r = a->begin; r < a->end; r++) {
        l.x = tensor_row(&a->operand[0], r);
        l.mask = NULL;
        if (mask->data) {
            l.mask = tensor_row(mask, r);
            softmax_row(&l, tensor_row(&a->operand[2], r), a->dim[1]);
        } else {
            softmax_row(&l, tensor_row(&a->operand[2], r), a->dim[1]);
        }
    }
    return ASSAY_OK;
}

static const assay_contract contract = { .h = { ASSAY_DEPTH_LANES, 4 * LANES, 0 } };

SIMD_KERNEL(softmax) = {
    SIMD_ROWS,
    .op = "softmax",
    .flags = SIMD_PROMISES,
    .contract = &contract,
};
