/* SPDX-License-Identifier: MIT
 * panel16_neon.h - rows of floats to a K panel. */
#ifndef ASSAY_ISA_PANEL16_NEON_H
#define ASSAY_ISA_PANEL16_NEON_H
#include "neon.h"

/* 16 rows of D floats to [D][16], by 4 x 4 transposes */
static inline void neon_panel16(float *dst, const float *const *row, int64_t D)
{
    int64_t d = 0;
    for (; d + 4 <= D; d += 4)
        for (int i = 0; i < 16; i += 4) {
            const float32x4x2_t a = vtrnq_f32(vld1q_f32(row[i] + d), vld1q_f32(row[i + 1] + d));
            const float32x4x2_t b = vtrnq_f32(vld1q_f32(row[i + 2] + d), vld1q_f32(row[i + 3] + d));
            float *to = dst + d * 16 + i;
            vst1q_f32(to, vcombine_f32(vget_low_f32(a.val[0]), vget_low_f32(b.val[0])));
            vst1q_f32(to + 16, vcombine_f32(vget_low_f32(a.val[1]), vget_low_f32(b.val[1])));
            vst1q_f32(to + 32, vcombine_f32(vget_high_f32(a.val[0]), vget_high_f32(b.val[0])));
            vst1q_f32(to + 48, vcombine_f32(vget_high_f32(a.val[1]), vget_high_f32(b.val[1])));
        }
    for (; d < D; d++)
        for (int i = 0; i < 16; i++)
            dst[d * 16 + i] = row[i][d];
}
#endif
