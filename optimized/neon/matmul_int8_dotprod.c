/* SPDX-License-Identifier: MIT
 * matmul_int8, NEON with dot products: sdot takes 4 signed codes of both and sums in 32 bits.  Tiles of 5 tokens by 16
 * channels, 20 sums in registers. */
#include "../isa/neon.h"

enum { STEP = 4, WIDE = 1, ROWS = 5, T_BLOCK = 80, OFFSET = 0 };
typedef int8_t code;
#define TILES(X) X(1) X(2) X(3) X(4) X(5)
#include "../isa/int8.h"

INLINE void tile(tile_job *j, int rows)
{
    const code *x = j->x;
    const uint8_t *w = j->w;
    const int64_t ldx = j->ldx;
    int32x4_t sum[ROWS][4];
    foreach(r, rows) foreach(q, 4) sum[at(r, rows)][q] = vdupq_n_s32(0);
    for (int64_t s = 0; s < j->steps; s++, x += STEP, w += PANEL * STEP) {
        int8x16_t v[4];
        foreach(q, 4) v[q] = vreinterpretq_s8_u8(vld1q_u8(w + 16 * q));
        foreach(r, rows)
        {
            int32_t four;
            memcpy(&four, x + r * ldx, sizeof four);
            foreach(q, 4) sum[at(r, rows)][q] =
                vdotq_s32(sum[at(r, rows)][q], v[q], vreinterpretq_s8_s32(vdupq_n_s32(four)));
        }
    }
    foreach(r, rows) foreach(q, 4) vst1q_s32(j->sum[r][0] + 4 * q, sum[at(r, rows)][q]);
}

INT8_KERNEL(dotprod, "4");
