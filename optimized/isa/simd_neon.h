/* SPDX-License-Identifier: MIT
 * simd_neon.h - the vectors of simd.h: 4 floats, NEON.  The first n lanes go through memory. */
#ifndef ASSAY_ISA_SIMD_NEON_H
#define ASSAY_ISA_SIMD_NEON_H
#include "neon.h"

enum { LANES = 4 };
typedef float32x4_t vec;
typedef uint32x4_t vec_mask;

static inline vec vec_zero(void)
{
    return vdupq_n_f32(0);
}
static inline vec vec_set(float x)
{
    return vdupq_n_f32(x);
}
static inline vec vec_all(const float *p)
{
    return vld1q_dup_f32(p);
}
static inline vec vec_load(const float *p)
{
    return vld1q_f32(p);
}
static inline vec vec_load_once(const float *p)
{
    vec v = vec_load(p);
    __asm__("" : "+w"(v));
    return v;
}
static inline vec vec_load_n(const float *p, int64_t n)
{
    return n < LANES ? neon_load_tail(p, n) : vld1q_f32(p);
}
static inline void vec_store(float *p, vec v)
{
    vst1q_f32(p, v);
}
static inline void vec_store_n(float *p, vec v, int64_t n)
{
    if (n < LANES)
        neon_store_tail(p, v, n);
    else
        vst1q_f32(p, v);
}
static inline vec vec_add(vec a, vec b)
{
    return vaddq_f32(a, b);
}
static inline vec vec_sub(vec a, vec b)
{
    return vsubq_f32(a, b);
}
static inline vec vec_mul(vec a, vec b)
{
    return vmulq_f32(a, b);
}
static inline vec vec_div(vec a, vec b)
{
    return vdivq_f32(a, b);
}
static inline vec vec_fma(vec a, vec b, vec c)
{
    return vfmaq_f32(c, a, b);
}
static inline vec vec_fms(vec a, vec b, vec c)
{
    return vfmaq_f32(vnegq_f32(c), a, b);
}
static inline vec vec_fnma(vec a, vec b, vec c)
{
    return vfmsq_f32(c, a, b);
}
static inline vec vec_max(vec a, vec b)
{
    return vmaxnmq_f32(a, b);
}
static inline vec vec_at_least(vec a, vec least)
{
    return vmaxq_f32(a, least);
}
static inline vec vec_at_most(vec a, vec most)
{
    return vminq_f32(a, most);
}
static inline vec vec_abs(vec a)
{
    return vabsq_f32(a);
}
static inline vec vec_minus_abs(vec a)
{
    return vnegq_f32(vabsq_f32(a));
}
static inline vec_mask vec_eq(vec a, vec b)
{
    return vceqq_f32(a, b);
}
static inline vec_mask vec_unordered(vec a, vec b) /* this maximum is NaN where either is */
{
    const float32x4_t m = vmaxq_f32(a, b);
    return vmvnq_u32(vceqq_f32(m, m));
}
static inline vec_mask vec_negative(vec a)
{
    return vcltzq_f32(a);
}
static inline vec_mask vec_either(vec_mask a, vec_mask b)
{
    return vorrq_u32(a, b);
}
static inline vec_mask vec_none(void)
{
    return vdupq_n_u32(0);
}
static inline bool vec_any(vec_mask m)
{
    return vmaxvq_u32(m) != 0;
}
static inline vec vec_pick(vec_mask m, vec yes, vec no)
{
    return vbslq_f32(m, yes, no);
}
static inline vec vec_first_n(vec a, int64_t n, vec b)
{
    static const uint32_t index[4] = { 0, 1, 2, 3 };
    return vbslq_f32(vcltq_u32(vld1q_u32(index), vdupq_n_u32((uint32_t)n)), a, b);
}
static inline bool vec_all_within(vec a, float limit)
{
    return vminvq_u32(vcaleq_f32(a, vdupq_n_f32(limit))) != 0;
}
static inline float vec_sum(vec a)
{
    return vaddvq_f32(a);
}
static inline float vec_top(vec a)
{
    return vmaxnmvq_f32(a);
}
static inline vec vec_swap(vec a)
{
    return vrev64q_f32(a);
}
static inline vec vec_twice(vec a, int half)
{
    return half ? vzip2q_f32(a, a) : vzip1q_f32(a, a);
}
static inline vec vec_clamp(vec a, float low, float high)
{
    return vmaxq_f32(vec_set(low), vminq_f32(vec_set(high), a));
}
static inline vec vec_ln2s(vec a, vec *n)
{
    return *n = vrndnq_f32(vmulq_n_f32(a, 0x1.715476p+0f));
}
static inline vec vec_scale(vec p, vec by) /* in two halves, so that neither overflows where the result does not */
{
    const int32x4_t i = vcvtq_s32_f32(by), half = vshrq_n_s32(i, 1), bias = vdupq_n_s32(127);
    const int32x4_t a = vshlq_n_s32(vaddq_s32(half, bias), 23);
    const int32x4_t b = vshlq_n_s32(vaddq_s32(vsubq_s32(i, half), bias), 23);
    return vmulq_f32(vmulq_f32(p, vreinterpretq_f32_s32(a)), vreinterpretq_f32_s32(b));
}
static inline void vec_turn(vec m, vec s, vec c, vec *sine, vec *cosine)
{
    const uint32x4_t q = vreinterpretq_u32_f32(m), two = vdupq_n_u32(2);
    const uint32x4_t odd = vtstq_u32(q, vdupq_n_u32(1));
    const uint32x4_t flip_s = vshlq_n_u32(vandq_u32(q, two), 30);
    const uint32x4_t flip_c = vshlq_n_u32(vandq_u32(vaddq_u32(q, vdupq_n_u32(1)), two), 30);
    *sine = vreinterpretq_f32_u32(veorq_u32(vreinterpretq_u32_f32(vbslq_f32(odd, c, s)), flip_s));
    *cosine = vreinterpretq_f32_u32(veorq_u32(vreinterpretq_u32_f32(vbslq_f32(odd, s, c)), flip_c));
}
static inline vec vec_f16(const uint16_t *p)
{
    return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
}
static inline vec vec_bf16_even(const uint32_t *p)
{
    return vreinterpretq_f32_u32(vshlq_n_u32(vld1q_u32(p), 16));
}
static inline vec vec_bf16_odd(const uint32_t *p)
{
    return vreinterpretq_f32_u32(vandq_u32(vld1q_u32(p), vdupq_n_u32(0xffff0000u)));
}
static inline vec vec_float8(const uint16_t *p, int v, bool e4m3)
{
    const uint16x8_t w = vld1q_u16(p), top = v / 2 ? w : vshlq_n_u16(w, 8);
    const int16x8_t half = vshrq_n_s16(vreinterpretq_s16_u16(top), 1); /* the sign is doubled */
    const uint16x8_t of_e4m3 = vandq_u16(vreinterpretq_u16_s16(half), vdupq_n_u16(0xbf80));
    const uint16x8_t h = e4m3 ? of_e4m3 : vandq_u16(top, vdupq_n_u16(0xff00));
    return vcvt_f32_f16(vreinterpret_f16_u16(v % 2 ? vget_high_u16(h) : vget_low_u16(h)));
}
#endif
