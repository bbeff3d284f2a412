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
static inline int8x16x2_t neon_table_codes(const int8_t table[16], const uint8_t q[16]) /* numbers of the table */
{
    const int8x16_t v = vld1q_s8(table);
    const int8x16x2_t n = neon_nibbles(q);
    const int8x16x2_t r = { { vqtbl1q_s8(v, vreinterpretq_u8_s8(n.val[0])),
                              vqtbl1q_s8(v, vreinterpretq_u8_s8(n.val[1])) } };
    return r;
}
static inline int8x16x2_t neon_two_bits(const uint8_t *q, int k) /* bits 2 k and 2 k + 1 of 32 bytes: 0 .. 3 */
{
    const int8x16_t down = vdupq_n_s8((int8_t)(-2 * k));
    int8x16x2_t r;
    for (int i = 0; i < 2; i++)
        r.val[i] = vreinterpretq_s8_u8(vandq_u8(vshlq_u8(vld1q_u8(q + 16 * i), down), vdupq_n_u8(3)));
    return r;
}
static inline int8x16x2_t neon_or_bit(int8x16x2_t c, const uint8_t h[32], int k,
                                      uint8_t value) /* where bit k of a byte is set */
{
    for (int i = 0; i < 2; i++) {
        const uint8x16_t set = vtstq_u8(vld1q_u8(h + 16 * i), vdupq_n_u8((uint8_t)(1 << k)));
        c.val[i] = vorrq_s8(c.val[i], vreinterpretq_s8_u8(vandq_u8(set, vdupq_n_u8(value))));
    }
    return c;
}
static inline int8x16x2_t neon_q3_k_codes(const assay_q3_k *b, int g) /* elements 32 g .. 32 g + 31: -4 .. 3 */
{
    return neon_minus(neon_or_bit(neon_two_bits(b->q + 32 * (g / 4), g % 4), b->h, g, 4), 4);
}
static inline int8x16x2_t neon_q5_k_codes(const assay_q5_k *b, int g) /* group g: 0 .. 31 */
{
    int8x16x2_t r;
    for (int i = 0; i < 2; i++) {
        const uint8x16_t v = vld1q_u8(b->q + 32 * (g / 2) + 16 * i);
        r.val[i] = vreinterpretq_s8_u8(g % 2 ? vshrq_n_u8(v, 4) : vandq_u8(v, vdupq_n_u8(15)));
    }
    return neon_or_bit(r, b->h, g, 16);
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
/* y[0 .. 15] = code d + m */
static inline void neon_affine16(float *y, int8x16_t q, float d, float m)
{
    const float32x4_t o = vdupq_n_f32(m);
    const int16x8_t a = vmovl_s8(vget_low_s8(q)), b = vmovl_s8(vget_high_s8(q));
    vst1q_f32(y, vfmaq_n_f32(o, vcvtq_f32_s32(vmovl_s16(vget_low_s16(a))), d));
    vst1q_f32(y + 4, vfmaq_n_f32(o, vcvtq_f32_s32(vmovl_s16(vget_high_s16(a))), d));
    vst1q_f32(y + 8, vfmaq_n_f32(o, vcvtq_f32_s32(vmovl_s16(vget_low_s16(b))), d));
    vst1q_f32(y + 12, vfmaq_n_f32(o, vcvtq_f32_s32(vmovl_s16(vget_high_s16(b))), d));
}
/* y[0 .. 31] = code d + m */
static inline void neon_affine(float *y, int8x16x2_t q, float d, float m)
{
    neon_affine16(y, q.val[0], d, m);
    neon_affine16(y + 16, q.val[1], d, m);
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

static inline void neon_decode_q5_k(float *y, const assay_q5_k *b)
{
    uint8_t sc[8], mn[8];
    q4_k_scales(b->sc, sc, mn);
    const float d = neon_f16(b->d), dmin = neon_f16(b->dmin);
    for (int g = 0; g < 8; g++)
        neon_affine(y + 32 * g, neon_q5_k_codes(b, g), d * sc[g], -(dmin * mn[g]));
}
static inline void neon_decode_q3_k(float *y, const assay_q3_k *b)
{
    int8_t sc[16];
    q3_k_scales(b->sc, sc);
    const float d = neon_f16(b->d);
    for (int g = 0; g < 8; g++)
        neon_scaled2(y + 32 * g, neon_q3_k_codes(b, g), d * sc[2 * g], d * sc[2 * g + 1]);
}
static inline void neon_decode_q2_k(float *y, const assay_q2_k *b)
{
    const float d = neon_f16(b->d), dmin = neon_f16(b->dmin);
    for (int h = 0; h < 16; h += 2) {
        const int8x16x2_t c = neon_two_bits(b->q + 32 * (h / 8), h / 2 % 4);
        for (int i = 0; i < 2; i++)
            neon_affine16(y + 16 * (h + i), c.val[i], d * (float)(b->sc[h + i] & 15),
                          -(dmin * (float)(b->sc[h + i] >> 4)));
    }
}
/* Floats of 8 bits are the upper bytes of f16; e4m3's exponent has a bit less, and its bias is 8 below */
static inline void neon_decode_8(float *y, const uint8_t *x, int64_t n, bool e4m3)
{
    int64_t i = 0;
    for (; i + 8 <= n; i += 8) {
        const uint16x8_t v = vshll_n_u8(vld1_u8(x + i), 8), size = vandq_u16(v, vdupq_n_u16(0x7fff));
        const uint16x8_t nan = vandq_u16(vceqq_u16(size, vdupq_n_u16(0x7f00)), vdupq_n_u16(0x7e00));
        const uint16x8_t sign = vandq_u16(v, vdupq_n_u16(0x8000));
        const uint16x8_t h = e4m3 ? vorrq_u16(vorrq_u16(sign, vshrq_n_u16(size, 1)), nan) : v;
        const float by = e4m3 ? 256 : 1;
        vst1q_f32(y + i, vmulq_n_f32(vcvt_f32_f16(vreinterpret_f16_u16(vget_low_u16(h))), by));
        vst1q_f32(y + i + 4, vmulq_n_f32(vcvt_f32_f16(vreinterpret_f16_u16(vget_high_u16(h))), by));
    }
    for (; i < n; i++)
        y[i] = e4m3 ? e4m3_from_bits(x[i]) : neon_f16((uint16_t)(x[i] << 8));
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
    case ASSAY_e4m3:
    case ASSAY_e5m2:
        neon_decode_8(y, x, n, t == ASSAY_e4m3);
        break;
    case ASSAY_iq4_nl:
        for (const assay_iq4_nl *b = x; i < n; i += 32, b++)
            neon_scaled2(y + i, neon_table_codes(iq4_values, b->q), neon_f16(b->d), neon_f16(b->d));
        break;
    case ASSAY_mxfp4:
        for (const assay_mxfp4 *b = x; i < n; i += 32, b++)
            neon_scaled2(y + i, neon_table_codes(e2m1_values, b->q), e8m0_half(b->e), e8m0_half(b->e));
        break;
    case ASSAY_q2_k:
        for (const assay_q2_k *b = x; i < n; i += 256, b++)
            neon_decode_q2_k(y + i, b);
        break;
    case ASSAY_q3_k:
        for (const assay_q3_k *b = x; i < n; i += 256, b++)
            neon_decode_q3_k(y + i, b);
        break;
    case ASSAY_q5_k:
        for (const assay_q5_k *b = x; i < n; i += 256, b++)
            neon_decode_q5_k(y + i, b);
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
