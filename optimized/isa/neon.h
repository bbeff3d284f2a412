/* SPDX-License-Identifier: MIT
 * neon.h - helpers that every Arm kernel may use: static inline only. */
#ifndef ASSAY_ISA_NEON_H
#define ASSAY_ISA_NEON_H
#include "assay/blocks.h"
#include "rows.h"
#include <arm_neon.h>
#include <math.h>
#include <string.h>

/* The first n of 4 lanes (0 <= n < 4); the others are zero.  No byte past p[n - 1] is touched. */
static inline float32x4_t neon_load_tail(const float *p, int64_t n)
{
    float t[4] = { 0, 0, 0, 0 };
    for (int64_t i = 0; i < n && i < 4; i++)
        t[i] = p[i];
    return vld1q_f32(t);
}
static inline void neon_store_tail(float *p, float32x4_t v, int64_t n)
{
    float t[4];
    vst1q_f32(t, v);
    for (int64_t i = 0; i < n && i < 4; i++)
        p[i] = t[i];
}
static inline float neon_sum(float32x4_t v)
{
    return vaddvq_f32(v);
}

/* e^x within 1.3 u over all of f32: subnormal results are rounded once, below 2^-150 it is 0, above FLT_MAX infinity,
 * -inf gives 0, NaN stays.  x = n ln 2 + r, |r| <= ln 2 / 2; e^r by a minimax polynomial of degree 6 (0.05 u).
 * 2^n is applied in two halves, so that neither overflows where the result does not. */
static inline float32x4_t neon_exp(float32x4_t x)
{
    const float32x4_t one = vdupq_n_f32(1.0f);
    x = vmaxq_f32(vdupq_n_f32(-104.0f), vminq_f32(vdupq_n_f32(89.0f), x));
    const float32x4_t n = vrndnq_f32(vmulq_n_f32(x, 0x1.715476p+0f));
    float32x4_t r = vfmsq_n_f32(x, n, 0x1.62e430p-1f);
    r = vfmsq_n_f32(r, n, -0x1.05c610p-29f);
    float32x4_t p = vfmaq_f32(vdupq_n_f32(0x1.1239e2p-7f), vdupq_n_f32(0x1.6a2434p-10f), r);
    p = vfmaq_f32(vdupq_n_f32(0x1.5558f2p-5f), p, r);
    p = vfmaq_f32(vdupq_n_f32(0x1.555492p-3f), p, r);
    p = vfmaq_f32(vdupq_n_f32(0x1.fffffcp-2f), p, r);
    p = vfmaq_f32(one, p, r);
    p = vfmaq_f32(one, p, r);
    const int32x4_t i = vcvtq_s32_f32(n), half = vshrq_n_s32(i, 1), bias = vdupq_n_s32(127);
    const int32x4_t a = vshlq_n_s32(vaddq_s32(half, bias), 23);
    const int32x4_t b = vshlq_n_s32(vaddq_s32(vsubq_s32(i, half), bias), 23);
    return vmulq_f32(vmulq_f32(p, vreinterpretq_f32_s32(a)), vreinterpretq_f32_s32(b));
}
#endif
