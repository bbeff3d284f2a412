/* SPDX-License-Identifier: MIT
 * logits.h - a row of logits z = scale x + mask: their maximum, and z less anything, for softmax, log_softmax and
 * logsumexp.  z = scale x is rounded before the maximum is taken off it, so that no z lies above the maximum, and the
 * largest at it: fma(x, scale, -max) is off by what max was rounded, which for logits of 10^9 is more than exp can
 * bear.  With a mask, z = fma(x, scale, mask). */
#ifndef ASSAY_ISA_LOGITS_H
#define ASSAY_ISA_LOGITS_H
#include "assay/params/softmax.h"
#include "simd.h"

#define LOGITS_INLINE static inline __attribute__((always_inline))

typedef struct logits {
    const float *x, *mask; /* mask may be NULL */
    vec scale;
    float sink; /* -inf: none */
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
/* The largest z of a row; passes a NaN over */
LOGITS_INLINE float logits_top(const logits *l, int64_t C)
{
    const vec zero = vec_zero();
    const int64_t tail = C % LANES, body = C - tail, wide = C - C % (4 * LANES);
    vec m0 = vec_set(-INFINITY), m1 = m0, m2 = m0, m3 = m0;
    int64_t c = 0;
    for (; c < wide; c += 4 * LANES) {
        m0 = vec_max(m0, exponent(l, c, zero)), m1 = vec_max(m1, exponent(l, c + LANES, zero));
        m2 = vec_max(m2, exponent(l, c + 2 * LANES, zero)), m3 = vec_max(m3, exponent(l, c + 3 * LANES, zero));
    }
    for (; c < body; c += LANES)
        m0 = vec_max(m0, exponent(l, c, zero));
    if (tail)
        m1 = vec_max(m1, exponent_n(l, c, zero, tail));
    return vec_top(vec_max(vec_max(m0, m1), vec_max(m2, m3)));
}

/* What a row without anything above -inf holds: `none`, or NaN if there is one. */
static inline float logits_hollow(const logits *l, int64_t C, float none)
{
    for (int64_t c = 0; c < C; c++)
        if (l->x[c] != l->x[c] && !(l->mask && l->mask[c] == -INFINITY))
            return NAN;
    return none;
}

/* The sum of e^(z - top), in four vectors */
LOGITS_INLINE float logits_sum(const logits *l, int64_t C, float top)
{
    const vec m = vec_set(top);
    const int64_t tail = C % LANES, body = C - tail, wide = C - C % (4 * LANES);
    vec s0 = vec_zero(), s1 = s0, s2 = s0, s3 = s0;
    int64_t c = 0;
    for (; c < wide; c += 4 * LANES) {
        s0 = vec_add(s0, vec_exp(exponent(l, c, m))), s1 = vec_add(s1, vec_exp(exponent(l, c + LANES, m)));
        s2 = vec_add(s2, vec_exp(exponent(l, c + 2 * LANES, m))),
        s3 = vec_add(s3, vec_exp(exponent(l, c + 3 * LANES, m)));
    }
    for (; c < body; c += LANES)
        s0 = vec_add(s0, vec_exp(exponent(l, c, m)));
    if (tail)
        s1 = vec_add(s1, vec_exp(exponent_n(l, c, m, tail)));
    return vec_sum(vec_add(vec_add(s0, s1), vec_add(s2, s3)));
}

/* One row of logits after the other, with its sink (sinks: NULL: none have one), by `row`, which is inlined twice:
 * without a mask it asks for none. */
typedef void (*logits_fn)(const logits *l, float *y, int64_t C);
LOGITS_INLINE assay_status logits_rows(const assay_args *a, const assay_tensor *sinks, const assay_tensor *out,
                                       logits_fn row)
{
    const assay_softmax_params *p = a->params;
    const assay_tensor *mask = &a->operand[1];
    logits l = { .scale = vec_set(p->scale) };
    for (int64_t r = a->begin; r < a->end; r++) {
        float *y = tensor_row(out, r);
        l.x = tensor_row(&a->operand[0], r);
        l.mask = NULL;
        l.sink = sinks ? *(const float *)tensor_row(sinks, r) : -INFINITY;
        if (mask->data) {
            l.mask = tensor_row(mask, r);
            row(&l, y, a->dim[1]);
        } else {
            row(&l, y, a->dim[1]);
        }
    }
    return ASSAY_OK;
}

/* Of their sums: four chains of LANES */
static const assay_contract logits_contract = { .h = { ASSAY_DEPTH_LANES, 4 * LANES, 0 } };
#endif
