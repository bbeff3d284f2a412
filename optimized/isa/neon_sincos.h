/* SPDX-License-Identifier: MIT
 * neon_sincos.h - sine and cosine of p * f in 4 lanes; sincos.h says how. */
#ifndef ASSAY_ISA_NEON_SINCOS_H
#define ASSAY_ISA_NEON_SINCOS_H
#include "neon.h"
#include "sincos.h"

/* Returns whether any lane's angle is beyond SINCOS_FAR (or NaN): then no lane is to be used. */
static inline bool neon_sincos(float p, float32x4_t f, float32x4_t *sine, float32x4_t *cosine)
{
    const float32x4_t hi = vmulq_n_f32(f, p), lo = vnegq_f32(vfmsq_n_f32(hi, f, p)), magic = vdupq_n_f32(SINCOS_MAGIC);
    const float32x4_t m = vfmaq_n_f32(magic, hi, SINCOS_2_PI), k = vsubq_f32(m, magic);
    const uint32x4_t q = vreinterpretq_u32_f32(m), two = vdupq_n_u32(2);
    float32x4_t r = vfmsq_n_f32(hi, k, SINCOS_PI_2A);
    r = vaddq_f32(vfmsq_n_f32(r, k, SINCOS_PI_2B), lo);
    const float32x4_t z = vmulq_f32(r, r);
    float32x4_t s = vfmaq_n_f32(vdupq_n_f32(SINCOS_S1), z, SINCOS_S2);
    s = vfmaq_f32(vdupq_n_f32(SINCOS_S0), s, z);
    s = vfmaq_f32(r, vmulq_f32(s, z), r);
    float32x4_t c = vfmaq_n_f32(vdupq_n_f32(SINCOS_C1), z, SINCOS_C2);
    c = vfmaq_f32(vdupq_n_f32(SINCOS_C0), c, z);
    c = vfmaq_f32(vfmaq_n_f32(vdupq_n_f32(1.0f), z, -0.5f), vmulq_f32(c, z), z);
    const uint32x4_t odd = vtstq_u32(q, vdupq_n_u32(1));
    const uint32x4_t flip_s = vshlq_n_u32(vandq_u32(q, two), 30);
    const uint32x4_t flip_c = vshlq_n_u32(vandq_u32(vaddq_u32(q, vdupq_n_u32(1)), two), 30);
    *sine = vreinterpretq_f32_u32(veorq_u32(vreinterpretq_u32_f32(vbslq_f32(odd, c, s)), flip_s));
    *cosine = vreinterpretq_f32_u32(veorq_u32(vreinterpretq_u32_f32(vbslq_f32(odd, s, c)), flip_c));
    return vminvq_u32(vcaleq_f32(hi, vdupq_n_f32(SINCOS_FAR))) == 0;
}
#endif
