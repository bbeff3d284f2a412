/* SPDX-License-Identifier: MIT
 * softmax: maximum; exponentials, kept in the output row, and their sum; scaling by its reciprocal.  The maximum passes
 * a NaN over: it comes back with the exponentials.  A sink joins the maximum and, first of all, the sum. */
#include "../isa/logits.h"

LOGITS_INLINE void softmax_row(const logits *l, float *y, int64_t C)
{
    const vec zero = vec_zero();
    const int64_t tail = C % LANES, body = C - tail, wide = C - C % (4 * LANES);
    const float most = logits_top(l, C), sink = l->sink, top = sink > most ? sink : most;
    int64_t c;
    if (!(top > -INFINITY)) {
        const float none = logits_hollow(l, C, sink != sink ? NAN : 0);
        for (c = 0; c < C; c++)
            y[c] = none;
        return;
    }
    const vec m = vec_set(top);
    vec s0 = zero, s1 = zero, s2 = zero, s3 = vec_exp(vec_first_n(vec_set(sink - top), 1, vec_set(-INFINITY)));
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
    return logits_rows(a, a->operand[2].data ? &a->operand[2] : NULL, &a->operand[3], softmax_row);
}

SIMD_KERNEL(softmax) = {
    SIMD_ROWS,
    .op = "softmax",
    .flags = SIMD_PROMISES,
    .contract = &logits_contract,
};
