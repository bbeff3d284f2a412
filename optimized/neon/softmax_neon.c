/* SPDX-License-Identifier: MIT
 * softmax, NEON: maximum; exponentials, kept in the output row, and their sum; scaling by its reciprocal.
 * z = scale x is never rounded: the exponent is fma(x, scale, -max).  With a mask, z = fma(x, scale, mask). */
#include "../isa/neon.h"

typedef struct logits {
    const float *x, *mask; /* mask may be NULL */
    float32x4_t scale;
} logits;

/* z - m; a masked element is -inf, whatever x holds there */
static inline float32x4_t shifted(const logits *l, float32x4_t x, float32x4_t mask, float32x4_t m)
{
    const float32x4_t none = vdupq_n_f32(-INFINITY);
    if (!l->mask)
        return vfmaq_f32(vnegq_f32(m), x, l->scale);
    return vbslq_f32(vceqq_f32(mask, none), none, vsubq_f32(vfmaq_f32(mask, x, l->scale), m));
}
static inline float32x4_t exponent(const logits *l, int64_t c, float32x4_t m)
{
    return shifted(l, vld1q_f32(l->x + c), l->mask ? vld1q_f32(l->mask + c) : m, m);
}
/* the last n < 4; lanes past them are -inf */
static inline float32x4_t exponent_tail(const logits *l, int64_t c, float32x4_t m, int64_t n)
{
    static const uint32_t index[4] = { 0, 1, 2, 3 };
    const float32x4_t mask = l->mask ? neon_load_tail(l->mask + c, n) : m;
    const float32x4_t z = shifted(l, neon_load_tail(l->x + c, n), mask, m);
    return vbslq_f32(vcltq_u32(vld1q_u32(index), vdupq_n_u32((uint32_t)n)), z, vdupq_n_f32(-INFINITY));
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
    const float32x4_t zero = vdupq_n_f32(0);
    const int64_t body = C & ~INT64_C(3), wide = C & ~INT64_C(15), tail = C - body;
    float32x4_t m0 = vdupq_n_f32(-INFINITY), m1 = m0, m2 = m0, m3 = m0;
    int64_t c = 0;
    /* vmaxnm takes the number where the other is NaN: NaN comes back with the exponentials */
    for (; c < wide; c += 16) {
        m0 = vmaxnmq_f32(m0, exponent(l, c, zero)), m1 = vmaxnmq_f32(m1, exponent(l, c + 4, zero));
        m2 = vmaxnmq_f32(m2, exponent(l, c + 8, zero)), m3 = vmaxnmq_f32(m3, exponent(l, c + 12, zero));
    }
    for (; c < body; c += 4)
        m0 = vmaxnmq_f32(m0, exponent(l, c, zero));
    if (tail)
        m1 = vmaxnmq_f32(m1, exponent_tail(l, c, zero, tail));
    const float top = vmaxnmvq_f32(vmaxnmq_f32(vmaxnmq_f32(m0, m1), vmaxnmq_f32(m2, m3)));
    if (!(top > -INFINITY)) {
        hollow(l, y, C);
        return;
    }
    const float32x4_t m = vdupq_n_f32(top);
    float32x4_t s0 = zero, s1 = zero, s2 = zero, s3 = zero;
    for (c = 0; c < wide; c += 16) {
        const float32x4_t e0 = neon_exp(exponent(l, c, m)), e1 = neon_exp(exponent(l, c + 4, m));
        const float32x4_t e2 = neon_exp(exponent(l, c + 8, m)), e3 = neon_exp(exponent(l, c + 12, m));
        s0 = vaddq_f32(s0, e0), s1 = vaddq_f32(s1, e1), s2 = vaddq_f32(s2, e2), s3 = vaddq_f32(s3, e3);
        vst1q_f32(y + c, e0), vst1q_f32(y + c + 4, e1);
        vst1q_f32(y + c + 8, e2), vst1q_f32(y + c + 12, e3);
    }
    for (; c < body; c += 4) {
        const float32x4_t e = neon_exp(exponent(l, c, m));
        s0 = vaddq_f32(s0, e);
        vst1q_f32(y + c, e);
    }
    if (tail) {
        const float32x4_t e = neon_exp(exponent_tail(l, c, m, tail));
        s1 = vaddq_f32(s1, e);
        neon_store_tail(y + c, e, tail);
    }
    const float32x4_t k = vdupq_n_f32(1.0f / neon_sum(vaddq_f32(vaddq_f32(s0, s1), vaddq_f32(s2, s3))));
    for (c = 0; c < body; c += 4)
        vst1q_f32(y + c, vmulq_f32(k, vld1q_f32(y + c)));
    neon_store_tail(y + c, vmulq_f32(k, neon_load_tail(y + c, tail)), tail);
}

static assay_status run(const assay_args *a)
{
    const assay_softmax_params *p = a->params;
    const assay_tensor *mask = &a->operand[1];
    logits l = { .scale = vdupq_n_f32(p->scale) };
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

static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)),
                                       ASSAY_TYPES(ASSAY_T(f32)) };
static const assay_contract contract = { .h = { ASSAY_DEPTH_LANES, 16, 0 } };

extern const assay_kernel assay_softmax_neon;
const assay_kernel assay_softmax_neon = {
    .op = "softmax",
    .name = "neon",
    .isa = ASSAY_ISA_neon,
    .flags = ASSAY_INPLACE | ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .contract = &contract,
    .run = run,
};
