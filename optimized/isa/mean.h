/* SPDX-License-Identifier: MIT
 * mean.h - a sum over a row in four vectors, and the row made with it, for kernels that divide a row by its size. */
#ifndef ASSAY_ISA_MEAN_H
#define ASSAY_ISA_MEAN_H
#include "simd.h"

/* The sum of x - m, or (power 2) of its square; of the last vector only what is there.  Where m is vec_zero() a
 * compiler drops the difference. */
static inline __attribute__((always_inline)) float total(const float *x, int64_t n, vec m, int power)
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
    return vec_sum(vec_add(vec_add(s0, s1), vec_add(s2, s3)));
}
static inline __attribute__((always_inline)) float mean(const float *x, int64_t n, vec m, int power)
{
    return total(x, n, m, power) / (float)n;
}

/* y = s (x - m) w + bias over n columns; w, bias may be NULL, y may be x */
static inline void normed(float *y, const float *x, int64_t n, vec m, vec s, const float *w, const float *bias)
{
    const int64_t tail = n % LANES, body = n - tail;
    const vec one = vec_set(1.0f), zero = vec_zero();
    for (int64_t c = 0; c < body; c += LANES)
        vec_store(y + c, vec_fma(vec_mul(s, vec_sub(vec_load(x + c), m)), w ? vec_load(w + c) : one,
                                 bias ? vec_load(bias + c) : zero));
    const vec last = vec_mul(s, vec_sub(vec_load_n(x + body, tail), m));
    const vec by = w ? vec_load_n(w + body, tail) : one, plus = bias ? vec_load_n(bias + body, tail) : zero;
    vec_store_n(y + body, vec_fma(last, by, plus), tail);
}
/* y = (one + w) s x over n columns; y may be x */
static inline void scaled(float *y, const float *x, int64_t n, vec s, vec one, const float *w)
{
    const int64_t tail = n % LANES, body = n - tail;
    for (int64_t c = 0; c < body; c += LANES)
        vec_store(y + c, vec_mul(vec_add(one, vec_load(w + c)), vec_mul(s, vec_load(x + c))));
    const vec last = vec_mul(s, vec_load_n(x + body, tail));
    vec_store_n(y + body, vec_mul(vec_add(one, vec_load_n(w + body, tail)), last), tail);
}

/* Four chains of LANES, and what they sum to */
static const assay_contract mean_contract = { .h = { ASSAY_DEPTH_LANES, 4 * LANES, 0 } };
#endif
