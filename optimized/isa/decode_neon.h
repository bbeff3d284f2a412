/* SPDX-License-Identifier: MIT
 * decode_neon.h - from every element type to f32, for the kernels that dequantize, look up rows or multiply.
 * *_codes: the integer codes of 32 elements in their order; neon_decode: n elements of a row. */
#ifndef ASSAY_ISA_DECODE_NEON_H
#define ASSAY_ISA_DECODE_NEON_H
#include "blocks.h"
#include "neon.h"

static inline int8x16x2_t neon_nibbles(const uint8_t q[16]) /* 0 .. 15: low halves first */
{
    const uint8x16_t v = vld1q_u8(q);
    const int8x16x2_t r = { { vreinterpretq_s8_u8(vandq_u8(v, vdupq_n_u8(15))),
                              vreinterpretq_s8_u8(vshrq_n_u8(v, 4)) } };
    return r;
}
static inline int8x16x2_t neon_minus(int8x16x2_t q, int8_t offset)
{
    const int8x16_t o = vdupq_n_s8(offset);
    const int8x16x2_t r = { { vsubq_s8(q.val[0], o), vsubq_s8(q.val[1], o) } };
    return r;
}
static inline int8x16x2_t neon_q4_0_codes(const assay_q4_0 *b) /* -8 .. 7 */
{
    return neon_minus(neon_nibbles(b->q), 8);
}
static inline int8x16x2_t neon_q4_1_codes(const assay_q4_1 *b) /* 0 .. 15 */
{
    return neon_nibbles(b->q);
}
static inline int8x16x2_t neon_five_bits(const uint8_t h[4],
                                         const uint8_t q[16]) /* 0 .. 31: the bits of h are the fifth */
{
    const uint8x16_t each = vreinterpretq_u8_u64(vdupq_n_u64(0x8040201008040201));
    int8x16x2_t r = neon_nibbles(q);
    for (int i = 0; i < 2; i++) {
        const uint8x16_t byte = vcombine_u8(vdup_n_u8(h[2 * i]), vdup_n_u8(h[2 * i + 1]));
        const uint8x16_t fifth = vandq_u8(vtstq_u8(byte, each), vdupq_n_u8(16));
        r.val[i] = vorrq_s8(r.val[i], vreinterpretq_s8_u8(fifth));
    }
    return r;
}
static inline int8x16x2_t neon_q5_0_codes(const assay_q5_0 *b) /* -16 .. 15 */
{
    return neon_minus(neon_five_bits(b->h, b->q), 16);
}
static inline int8x16x2_t neon_q5_1_codes(const assay_q5_1 *b) /* 0 .. 31 */
{
    return neon_five_bits(b->h, b->q);
}
static inline int8x16x2_t neon_i8_codes(const int8_t q[32])
{
    const int8x16x2_t r = { { vld1q_s8(q), vld1q_s8(q + 16) } };
    return r;
}
static inline int8x16x2_t neon_q4_k_codes(const assay_q4_k *b, int g) /* group g = 0 .. 7: 0 .. 15 */
{
    int8x16x2_t r;
    for (int i = 0; i < 2; i++) {
        const uint8x16_t v = vld1q_u8(b->q + 32 * (g / 2) + 16 * i);
        r.val[i] = vreinterpretq_s8_u8(g % 2 ? vshrq_n_u8(v, 4) : vandq_u8(v, vdupq_n_u8(15)));
    }
    return r;
}
static inline int8x16x2_t neon_q6_k_codes(const assay_q6_k *b, int g) /* elements 32 g .. 32 g + 31: -32 .. 31 */
{
    const int h = g / 4, k = g % 4;
    const int8x16_t shift = vdupq_n_s8((int8_t)(4 - 2 * k));
    int8x16x2_t r;
    for (int i = 0; i < 2; i++) {
        const uint8x16_t lo = vld1q_u8(b->ql + 64 * h + 32 * (k & 1) + 16 * i);
        const uint8x16_t hi = vshlq_u8(vld1q_u8(b->qh + 32 * h + 16 * i), shift); /* negative: to the right */
        const uint8x16_t l = k >> 1 ? vshrq_n_u8(lo, 4) : vandq_u8(lo, vdupq_n_u8(15));
        r.val[i] = vreinterpretq_s8_u8(vorrq_u8(l, vandq_u8(hi, vdupq_n_u8(48))));
    }
    return neon_minus(r, 32);
}
static inline float neon_f16(uint16_t h)
{
    return vgetq_lane_f32(vcvt_f32_f16(vreinterpret_f16_u16(vdup_n_u16(h))), 0);
}
/* y[0 .. 15] = code d */
static inline void neon_scaled(float *y, int8x16_t q, float d)
{
    const int16x8_t a = vmovl_s8(vget_low_s8(q)), b = vmovl_s8(vget_high_s8(q));
    vst1q_f32(y, vmulq_n_f32(vcvtq_f32_s32(vmovl_s16(vget_low_s16(a))), d));
    vst1q_f32(y + 4, vmulq_n_f32(vcvtq_f32_s32(vmovl_s16(vget_high_s16(a))), d));
    vst1q_f32(y + 8, vmulq_n_f32(vcvtq_f32_s32(vmovl_s16(vget_low_s16(b))), d));
    vst1q_f32(y + 12, vmulq_n_f32(vcvtq_f32_s32(vmovl_s16(vget_high_s16(b))), d));
}
static inline void neon_scaled2(float *y, int8x16x2_t q, float d0, float d1)
{
    neon_scaled(y, q.val[0], d0);
    neon_scaled(y + 16, q.val[1], d1);
}
/* y[0 .. 31] = code d + m */
static inline void neon_affine(float *y, int8x16x2_t q, float d, float m)
{
    const float32x4_t o = vdupq_n_f32(m);
    for (int i = 0; i < 2; i++, y += 16) {
        const int16x8_t a = vmovl_s8(vget_low_s8(q.val[i])), b = vmovl_s8(vget_high_s8(q.val[i]));
        vst1q_f32(y, vfmaq_n_f32(o, vcvtq_f32_s32(vmovl_s16(vget_low_s16(a))), d));
        vst1q_f32(y + 4, vfmaq_n_f32(o, vcvtq_f32_s32(vmovl_s16(vget_high_s16(a))), d));
        vst1q_f32(y + 8, vfmaq_n_f32(o, vcvtq_f32_s32(vmovl_s16(vget_low_s16(b))), d));
        vst1q_f32(y + 12, vfmaq_n_f32(o, vcvtq_f32_s32(vmovl_s16(vget_high_s16(b))), d));
    }
}
static inline void neon_decode_q4_k(float *y, const assay_q4_k *b)
{
    uint8_t sc[8], mn[8];
    q4_k_scales(b->sc, sc, mn);
    const float d = neon_f16(b->d), dmin = neon_f16(b->dmin);
    for (int g = 0; g < 8; g++)
        neon_affine(y + 32 * g, neon_q4_k_codes(b, g), d * sc[g], -(dmin * mn[g]));
}
static inline void neon_decode_q6_k(float *y, const assay_q6_k *b)
{
    const float d = neon_f16(b->d);
    for (int g = 0; g < 8; g++)
        neon_scaled2(y + 32 * g, neon_q6_k_codes(b, g), d * b->sc[2 * g], d * b->sc[2 * g + 1]);
}

/* n elements of type t (whole blocks) at x, which may have any alignment */
static inline void neon_decode(float *y, const void *x, assay_dtype t, int64_t n)
{
    int64_t i = 0;
    switch (t) {
    case ASSAY_f16: {
        const uint16_t *h = x;
        for (; i + 4 <= n; i += 4)
            vst1q_f32(y + i, vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(h + i))));
        for (; i < n; i++)
            y[i] = neon_f16(h[i]);
        break;
    }
    case ASSAY_bf16: {
        const uint16_t *h = x;
        for (; i + 4 <= n; i += 4)
            vst1q_f32(y + i, vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(h + i), 16)));
        for (; i < n; i++)
            y[i] = f32_from_bits((uint32_t)h[i] << 16);
        break;
    }
    case ASSAY_q8_0:
        for (const assay_q8_0 *b = x; i < n; i += 32, b++)
            neon_scaled2(y + i, neon_i8_codes(b->q), neon_f16(b->d), neon_f16(b->d));
        break;
    case ASSAY_q8_1:
        for (const assay_q8_1 *b = x; i < n; i += 32, b++)
            neon_scaled2(y + i, neon_i8_codes(b->q), neon_f16(b->d), neon_f16(b->d));
        break;
    case ASSAY_q4_0:
        for (const assay_q4_0 *b = x; i < n; i += 32, b++)
            neon_scaled2(y + i, neon_q4_0_codes(b), neon_f16(b->d), neon_f16(b->d));
        break;
    case ASSAY_q4_1:
        for (const assay_q4_1 *b = x; i < n; i += 32, b++)
            neon_affine(y + i, neon_q4_1_codes(b), neon_f16(b->d), neon_f16(b->m));
        break;
    case ASSAY_q5_0:
        for (const assay_q5_0 *b = x; i < n; i += 32, b++)
            neon_scaled2(y + i, neon_q5_0_codes(b), neon_f16(b->d), neon_f16(b->d));
        break;
    case ASSAY_q5_1:
        for (const assay_q5_1 *b = x; i < n; i += 32, b++)
            neon_affine(y + i, neon_q5_1_codes(b), neon_f16(b->d), neon_f16(b->m));
        break;
    case ASSAY_q4_k:
        for (const assay_q4_k *b = x; i < n; i += 256, b++)
            neon_decode_q4_k(y + i, b);
        break;
    case ASSAY_q6_k:
        for (const assay_q6_k *b = x; i < n; i += 256, b++)
            neon_decode_q6_k(y + i, b);
        break;
    default:
        memcpy(y, x, (size_t)n * sizeof *y); /* f32 */
    }
}
#endif
