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

#endif
