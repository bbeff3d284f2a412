/* SPDX-License-Identifier: MIT
 * NEON: its primitives. */
#include "../isa/decode_neon.h"
#include "../isa/encode_neon.h"
#include "../isa/neon_sincos.h"

#define TIER        neon
#define HAS_INVERSE 1
static inline void exp_of(const float *x, float *y, int64_t n)
{
    for (int64_t i = 0; i < n; i += 4)
        vst1q_f32(y + i, neon_exp(vld1q_f32(x + i)));
}
static inline void sincos_of(float p, const float *x, float *y, int64_t n, int cosine)
{
    float32x4_t sc[2];
    for (int64_t i = 0; i < n; i += 4) {
        neon_sincos(p, vld1q_f32(x + i), &sc[0], &sc[1]);
        vst1q_f32(y + i, sc[cosine]);
    }
}
static inline void inverse_of(const float *x, float *y, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = neon_inverse(x[i]);
}
#include "../isa/primitives.h"
