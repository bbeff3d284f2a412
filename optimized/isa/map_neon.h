/* SPDX-License-Identifier: MIT
 * map_neon.h - y = f(a, b) over blocks of rows: the loop that elementwise Arm kernels share (see map_x86.h). */
#ifndef ASSAY_ISA_MAP_NEON_H
#define ASSAY_ISA_MAP_NEON_H
#include "neon.h"

typedef float32x4_t (*neon_fn)(float32x4_t a, float32x4_t b);

static inline __attribute__((always_inline)) assay_status neon_map(const assay_args *a, int inputs, neon_fn f)
{
    for (int64_t u = a->begin; u < a->end; u++) {
        const row_block k = row_block_at(a, u);
        const float *p = (const float *)tensor_row(&a->operand[0], k.r) + k.c;
        const float *q = inputs == 2 ? (const float *)tensor_row(&a->operand[1], k.r) + k.c : p;
        float *y = (float *)tensor_row(&a->operand[inputs], k.r) + k.c;
        int64_t c = 0;
        for (; c + 16 <= k.n; c += 16) {
            const float32x4_t y0 = f(vld1q_f32(p + c), vld1q_f32(q + c));
            const float32x4_t y1 = f(vld1q_f32(p + c + 4), vld1q_f32(q + c + 4));
            const float32x4_t y2 = f(vld1q_f32(p + c + 8), vld1q_f32(q + c + 8));
            const float32x4_t y3 = f(vld1q_f32(p + c + 12), vld1q_f32(q + c + 12));
            vst1q_f32(y + c, y0), vst1q_f32(y + c + 4, y1);
            vst1q_f32(y + c + 8, y2), vst1q_f32(y + c + 12, y3);
        }
        for (; c + 4 <= k.n; c += 4)
            vst1q_f32(y + c, f(vld1q_f32(p + c), vld1q_f32(q + c)));
        if (c < k.n)
            neon_store_tail(y + c, f(neon_load_tail(p + c, k.n - c), neon_load_tail(q + c, k.n - c)), k.n - c);
    }
    return ASSAY_OK;
}
#endif
