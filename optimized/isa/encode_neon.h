/* SPDX-License-Identifier: MIT
 * encode_neon.h - from f32 to blocks and 16-bit floats, bit for bit by the rules of reference/core/dtype_blocks.c;
 * matmul kernels round their activations with these.  One block at a time. */
#ifndef ASSAY_ISA_ENCODE_NEON_H
#define ASSAY_ISA_ENCODE_NEON_H
#include "blocks.h"
#include "neon.h"

enum { F16_QNAN = 0x7e00 };

static inline uint32x4_t neon_abs_bits(const float *x)
{
    return vreinterpretq_u32_f32(vabsq_f32(vld1q_f32(x)));
}
static inline uint32_t neon_amax_bits(const float x[32]) /* a NaN is largest */
{
    uint32x4_t m = neon_abs_bits(x);
    for (int j = 4; j < 32; j += 4)
        m = vmaxq_u32(m, neon_abs_bits(x + j));
    return vmaxvq_u32(m);
}
static inline float neon_inverse(float d)
{
    const float id = 1 / d;
    return fabsf(id) < INFINITY ? id : 0;
}
static inline void neon_inverses(float *y, const float *x, int64_t n) /* for assay primitives */
{
    for (int64_t i = 0; i < n; i++)
        y[i] = neon_inverse(x[i]);
}
static inline uint16_t neon_to_f16(float x)
{
    return vget_lane_u16(vreinterpret_u16_f16(vcvt_f16_f32(vdupq_n_f32(x))), 0);
}
/* 16 bytes from 16 integers of v[0 .. 3] */
static inline int8x16_t neon_pack16(const int32x4_t v[4])
{
    const int16x8_t a = vcombine_s16(vqmovn_s32(v[0]), vqmovn_s32(v[1]));
    const int16x8_t b = vcombine_s16(vqmovn_s32(v[2]), vqmovn_s32(v[3]));
    return vcombine_s8(vqmovn_s16(a), vqmovn_s16(b));
}
/* The first of 32 whose magnitude has these bits, with its sign; there is one */
static inline float neon_first(const float x[32], uint32_t bits)
{
    const uint32x4_t m = vdupq_n_u32(bits);
    static const uint8_t order[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
    uint8x16_t best = vdupq_n_u8(255);
    for (int i = 0; i < 2; i++) {
        const float *v = x + 16 * i;
        const uint16x8_t a =
            vcombine_u16(vmovn_u32(vceqq_u32(neon_abs_bits(v), m)), vmovn_u32(vceqq_u32(neon_abs_bits(v + 4), m)));
        const uint16x8_t b =
            vcombine_u16(vmovn_u32(vceqq_u32(neon_abs_bits(v + 8), m)), vmovn_u32(vceqq_u32(neon_abs_bits(v + 12), m)));
        const uint8x16_t hit = vcombine_u8(vmovn_u16(a), vmovn_u16(b));
        const uint8x16_t at = vaddq_u8(vld1q_u8(order), vdupq_n_u8((uint8_t)(16 * i)));
        best = vminq_u8(best, vornq_u8(at, hit));
    }
    return x[vminvq_u8(best) & 31];
}
static inline int neon_q8_block(int8_t q[32], const float x[32], float id) /* returns the sum of the codes */
{
    int sum = 0;
    for (int i = 0; i < 32; i += 16) {
        int32x4_t v[4];
        for (int j = 0; j < 4; j++)
            v[j] = vcvtaq_s32_f32(vmulq_n_f32(vld1q_f32(x + i + 4 * j), id));
        const int8x16_t c = neon_pack16(v);
        sum += vaddlvq_s8(c);
        vst1q_s8(q + i, c);
    }
    return sum;
}
static inline void neon_encode_q8_0(assay_q8_0 *y, const float *x, int64_t n)
{
    for (int64_t i = 0; i < n; i += 32, x += 32, y++) {
        const uint32_t bits = neon_amax_bits(x);
        const float d = f32_from_bits(bits) / 127;
        const bool bad = bits >= 0x7f800000u;
        y->d = bad ? F16_QNAN : neon_to_f16(d);
        if (bad)
            memset(y->q, 0, 32);
        else
            neon_q8_block(y->q, x, neon_inverse(d));
    }
}
static inline void neon_encode_q8_1(assay_q8_1 *y, const float *x, int64_t n)
{
    for (int64_t i = 0; i < n; i += 32, x += 32, y++) {
        const uint32_t bits = neon_amax_bits(x);
        const float d = f32_from_bits(bits) / 127;
        if (bits >= 0x7f800000u) {
            y->d = y->s = F16_QNAN;
            memset(y->q, 0, 32);
        } else {
            y->d = neon_to_f16(d);
            y->s = neon_to_f16((float)neon_q8_block(y->q, x, neon_inverse(d)) * d);
        }
    }
}
/* (x - o) id + half, truncated, clamped to 15; element j low, j + 16 high */
static inline void neon_q4_block(uint8_t q[16], const float x[32], float o, float id, float half)
{
    uint8x16_t c[2];
    for (int i = 0; i < 2; i++) {
        int32x4_t v[4];
        for (int j = 0; j < 4; j++) {
            const float32x4_t t = vsubq_f32(vld1q_f32(x + 16 * i + 4 * j), vdupq_n_f32(o));
            v[j] = vcvtq_s32_f32(vaddq_f32(vmulq_n_f32(t, id), vdupq_n_f32(half)));
        }
        c[i] = vreinterpretq_u8_s8(vminq_s8(neon_pack16(v), vdupq_n_s8(15)));
    }
    vst1q_u8(q, vorrq_u8(c[0], vshlq_n_u8(c[1], 4)));
}
static inline void neon_encode_q4_0(assay_q4_0 *y, const float *x, int64_t n)
{
    for (int64_t i = 0; i < n; i += 32, x += 32, y++) {
        const uint32_t bits = neon_amax_bits(x);
        if (bits >= 0x7f800000u) {
            y->d = F16_QNAN;
            memset(y->q, 0x88, 16);
            continue;
        }
        const float d = (bits ? neon_first(x, bits) : 0.0f) * -0.125f;
        y->d = neon_to_f16(d);
        neon_q4_block(y->q, x, 0.0f, neon_inverse(d), 8.5f);
    }
}
static inline void neon_encode_q4_1(assay_q4_1 *y, const float *x, int64_t n)
{
    for (int64_t i = 0; i < n; i += 32, x += 32, y++) {
        float32x4_t mn = vld1q_f32(x), mx = mn;
        for (int j = 4; j < 32; j += 4) {
            mn = vminq_f32(mn, vld1q_f32(x + j));
            mx = vmaxq_f32(mx, vld1q_f32(x + j));
        }
        float lo = vminvq_f32(mn);
        const float d = fabsf((vmaxvq_f32(mx) - lo) / 15);
        if (neon_amax_bits(x) >= 0x7f800000u || !(d < INFINITY)) {
            y->d = y->m = F16_QNAN;
            memset(y->q, 0, 16);
            continue;
        }
        if (lo == 0) /* the first zero says which zero is stored */
            lo = neon_first(x, 0);
        y->d = neon_to_f16(d), y->m = neon_to_f16(lo);
        neon_q4_block(y->q, x, lo, neon_inverse(d), 0.5f);
    }
}

/* ---- 16-bit floats ---- */

static inline void neon_encode_f16(uint16_t *y, const float *x, int64_t n)
{
    int64_t i = 0;
    for (; i + 4 <= n; i += 4)
        vst1_u16(y + i, vreinterpret_u16_f16(vcvt_f16_f32(vld1q_f32(x + i))));
    for (; i < n; i++)
        y[i] = neon_to_f16(x[i]);
}
static inline void neon_encode_bf16(uint16_t *y, const float *x, int64_t n)
{
    int64_t i = 0;
    for (; i + 4 <= n; i += 4) {
        const float32x4_t f = vld1q_f32(x + i);
        const uint32x4_t u = vreinterpretq_u32_f32(f), odd = vandq_u32(vshrq_n_u32(u, 16), vdupq_n_u32(1));
        const uint32x4_t r = vaddq_u32(vaddq_u32(u, vdupq_n_u32(0x7fff)), odd);
        const uint32x4_t quiet = vorrq_u32(u, vdupq_n_u32(0x400000));
        vst1_u16(y + i, vshrn_n_u32(vbslq_u32(vceqq_f32(f, f), r, quiet), 16));
    }
    for (; i < n; i++)
        y[i] = bf16_from_bits(f32_bits(x[i]));
}
#endif
