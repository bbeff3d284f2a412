/* SPDX-License-Identifier: MIT
 * decode_neon.h - what decode.h asks of a tier, 4 results per instruction.  The codes of 32 elements are their bytes in
 * order, 16 and 16. */
#ifndef ASSAY_ISA_DECODE_NEON_H
#define ASSAY_ISA_DECODE_NEON_H
#include "blocks.h"
#include "neon.h"

typedef int8x16x2_t codes32;

static inline codes32 nibbles(const uint8_t q[16]) /* 0 .. 15: low halves first */
{
    const uint8x16_t v = vld1q_u8(q);
    const codes32 r = { { vreinterpretq_s8_u8(vandq_u8(v, vdupq_n_u8(15))), vreinterpretq_s8_u8(vshrq_n_u8(v, 4)) } };
    return r;
}
static inline codes32 minus(codes32 q, int8_t offset)
{
    const int8x16_t o = vdupq_n_s8(offset);
    const codes32 r = { { vsubq_s8(q.val[0], o), vsubq_s8(q.val[1], o) } };
    return r;
}
static inline codes32 five_bits(const uint8_t h[4], const uint8_t q[16]) /* 0 .. 31: the bits of h are the fifth */
{
    const uint8x16_t each = vreinterpretq_u8_u64(vdupq_n_u64(0x8040201008040201));
    codes32 r = nibbles(q);
    for (int i = 0; i < 2; i++) {
        const uint8x16_t byte = vcombine_u8(vdup_n_u8(h[2 * i]), vdup_n_u8(h[2 * i + 1]));
        const uint8x16_t fifth = vandq_u8(vtstq_u8(byte, each), vdupq_n_u8(16));
        r.val[i] = vorrq_s8(r.val[i], vreinterpretq_s8_u8(fifth));
    }
    return r;
}
static inline codes32 i8_codes(const int8_t q[32])
{
    const codes32 r = { { vld1q_s8(q), vld1q_s8(q + 16) } };
    return r;
}
static inline codes32 four_bits(const uint8_t q[32], int k) /* the low (k 0) or high nibbles of 32 bytes: 0 .. 15 */
{
    codes32 r;
    for (int i = 0; i < 2; i++) {
        const uint8x16_t v = vld1q_u8(q + 16 * i);
        r.val[i] = vreinterpretq_s8_u8(k ? vshrq_n_u8(v, 4) : vandq_u8(v, vdupq_n_u8(15)));
    }
    return r;
}
static inline codes32 q6_k_codes(const assay_q6_k *b, int g) /* elements 32 g .. 32 g + 31: -32 .. 31 */
{
    const int h = g / 4, k = g % 4;
    const int8x16_t shift = vdupq_n_s8((int8_t)(4 - 2 * k));
    codes32 r = four_bits(b->ql + 64 * h + 32 * (k & 1), k >> 1);
    for (int i = 0; i < 2; i++) {
        const uint8x16_t hi = vshlq_u8(vld1q_u8(b->qh + 32 * h + 16 * i), shift); /* negative: to the right */
        r.val[i] = vorrq_s8(r.val[i], vreinterpretq_s8_u8(vandq_u8(hi, vdupq_n_u8(48))));
    }
    return minus(r, 32);
}
static inline codes32 table_codes(const int8_t table[16], const uint8_t q[16]) /* numbers of the table */
{
    const int8x16_t v = vld1q_s8(table);
    const codes32 n = nibbles(q);
    const codes32 r = { { vqtbl1q_s8(v, vreinterpretq_u8_s8(n.val[0])),
                          vqtbl1q_s8(v, vreinterpretq_u8_s8(n.val[1])) } };
    return r;
}
static inline codes32 two_bits(const uint8_t q[32], int k) /* bits 2 k and 2 k + 1 of 32 bytes: 0 .. 3 */
{
    const int8x16_t down = vdupq_n_s8((int8_t)(-2 * k));
    codes32 r;
    for (int i = 0; i < 2; i++)
        r.val[i] = vreinterpretq_s8_u8(vandq_u8(vshlq_u8(vld1q_u8(q + 16 * i), down), vdupq_n_u8(3)));
    return r;
}
static inline codes32 or_bit(codes32 c, const uint8_t h[32], int k, int8_t value) /* where bit k of a byte is set */
{
    for (int i = 0; i < 2; i++) {
        const uint8x16_t set = vtstq_u8(vld1q_u8(h + 16 * i), vdupq_n_u8((uint8_t)(1 << k)));
        c.val[i] = vorrq_s8(c.val[i], vreinterpretq_s8_u8(vandq_u8(set, vdupq_n_u8((uint8_t)value))));
    }
    return c;
}
static inline void neon_scaled16(float *y, int8x16_t q, float d)
{
    const int16x8_t a = vmovl_s8(vget_low_s8(q)), b = vmovl_s8(vget_high_s8(q));
    vst1q_f32(y, vmulq_n_f32(vcvtq_f32_s32(vmovl_s16(vget_low_s16(a))), d));
    vst1q_f32(y + 4, vmulq_n_f32(vcvtq_f32_s32(vmovl_s16(vget_high_s16(a))), d));
    vst1q_f32(y + 8, vmulq_n_f32(vcvtq_f32_s32(vmovl_s16(vget_low_s16(b))), d));
    vst1q_f32(y + 12, vmulq_n_f32(vcvtq_f32_s32(vmovl_s16(vget_high_s16(b))), d));
}
/* y[0 .. 31] = code d, d of its own for either half */
static inline void neon_scaled(float *y, codes32 c, float d0, float d1)
{
    neon_scaled16(y, c.val[0], d0);
    neon_scaled16(y + 16, c.val[1], d1);
}
static inline void neon_affine16(float *y, int8x16_t q, float d, float m)
{
    const float32x4_t o = vdupq_n_f32(m);
    const int16x8_t a = vmovl_s8(vget_low_s8(q)), b = vmovl_s8(vget_high_s8(q));
    vst1q_f32(y, vfmaq_n_f32(o, vcvtq_f32_s32(vmovl_s16(vget_low_s16(a))), d));
    vst1q_f32(y + 4, vfmaq_n_f32(o, vcvtq_f32_s32(vmovl_s16(vget_high_s16(a))), d));
    vst1q_f32(y + 8, vfmaq_n_f32(o, vcvtq_f32_s32(vmovl_s16(vget_low_s16(b))), d));
    vst1q_f32(y + 12, vfmaq_n_f32(o, vcvtq_f32_s32(vmovl_s16(vget_high_s16(b))), d));
}
/* y[0 .. 31] = code d + m, both of their own for either half */
static inline void neon_affine(float *y, codes32 c, float d0, float m0, float d1, float m1)
{
    neon_affine16(y, c.val[0], d0, m0);
    neon_affine16(y + 16, c.val[1], d1, m1);
}
static inline float half_to_f32(uint16_t h)
{
    return vgetq_lane_f32(vcvt_f32_f16(vreinterpret_f16_u16(vdup_n_u16(h))), 0);
}
static inline float32x4_t neon_from_bf16(const uint16_t *p)
{
    return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(p), 16));
}
static inline void neon_from_halves(float *y, const uint16_t *x, bool f16, int64_t n)
{
    int64_t i = 0;
    for (; i + 4 <= n; i += 4)
        vst1q_f32(y + i, f16 ? vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(x + i))) : neon_from_bf16(x + i));
    for (; i < n; i++)
        y[i] = f16 ? half_to_f32(x[i]) : f32_from_bits((uint32_t)x[i] << 16);
}
/* Floats of 8 bits, 8 at a time, are the upper bytes of f16; e4m3's exponent has a bit less, and its bias is 8 below */
static inline void decode_eight(float y[8], const uint8_t x[8], bool e4m3)
{
    const uint16x8_t v = vshll_n_u8(vld1_u8(x), 8), size = vandq_u16(v, vdupq_n_u16(0x7fff));
    const uint16x8_t nan = vandq_u16(vceqq_u16(size, vdupq_n_u16(0x7f00)), vdupq_n_u16(0x7e00));
    const uint16x8_t sign = vandq_u16(v, vdupq_n_u16(0x8000));
    const uint16x8_t h = e4m3 ? vorrq_u16(vorrq_u16(sign, vshrq_n_u16(size, 1)), nan) : v;
    const float by = e4m3 ? 256 : 1;
    vst1q_f32(y, vmulq_n_f32(vcvt_f32_f16(vreinterpret_f16_u16(vget_low_u16(h))), by));
    vst1q_f32(y + 4, vmulq_n_f32(vcvt_f32_f16(vreinterpret_f16_u16(vget_high_u16(h))), by));
}
/* Nibble j of each of 4 words */
static inline float32x4_t neon_nibbles_of_words(const uint8_t *q, int j)
{
    const uint32x4_t v = vshlq_u32(vreinterpretq_u32_u8(vld1q_u8(q)), vdupq_n_s32(-4 * j));
    return vcvtq_f32_u32(vandq_u32(v, vdupq_n_u32(15)));
}
/* The nibble in a word's upper byte names what is twice the number, 2^24 times: the other bytes name 0. */
static inline float32x4_t neon_e2m1_of_words(const uint8_t *q, int j)
{
    const uint32x4_t v = vshlq_u32(vreinterpretq_u32_u8(vld1q_u8(q)), vdupq_n_s32(24 - 4 * j));
    const uint8x16_t at = vreinterpretq_u8_u32(vandq_u32(v, vdupq_n_u32(15u << 24)));
    return vcvtq_n_f32_s32(vreinterpretq_s32_s8(vqtbl1q_s8(vld1q_s8(e2m1_values), at)), 25);
}
static inline float32x4_t neon_twice(const float *p)
{
    const float32x2_t v = vld1_f32(p);
    return vcombine_f32(vdup_lane_f32(v, 0), vdup_lane_f32(v, 1));
}
/* Of each of 4 words of nibbles the sum of 8 products with codes of x: those of the low halves at x, then the high */
static inline float32x4_t neon_nibble_dots(const uint8_t *q, const int8_t *x)
{
    const uint8x16_t v = vld1q_u8(q);
    const int8x16_t low = vreinterpretq_s8_u8(vandq_u8(v, vdupq_n_u8(15))),
                    high = vreinterpretq_s8_u8(vshrq_n_u8(v, 4));
    const int8x16_t even = vld1q_s8(x), odd = vld1q_s8(x + 16);
    const int16x8_t a = vmlal_s8(vmull_s8(vget_low_s8(low), vget_low_s8(even)), vget_low_s8(high), vget_low_s8(odd));
    const int16x8_t b = vmlal_high_s8(vmull_high_s8(low, even), high, odd);
    return vcvtq_f32_s32(vpaddq_s32(vpaddlq_s16(a), vpaddlq_s16(b)));
}
#endif
