/* SPDX-License-Identifier: MIT
 * matmul_int8, NEON without dot products: codes are widened to 16 bits, of x once, and smlal sums products in 32: two
 * products of -128 and -128 would not fit 16.  Tiles of 5 tokens by 16 channels, 20 sums in registers. */
#include "../isa/neon.h"

enum { STEP = 1, WIDE = 1, ROWS = 5, T_BLOCK = 80, OFFSET = 0 };
typedef int16_t code;
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
        const int8x16_t v = vreinterpretq_s8_u8(vld1q_u8(w));
        const int16x8_t low = vmovl_s8(vget_low_s8(v)), high = vmovl_s8(vget_high_s8(v));
        foreach(r, rows)
        {
            const int16_t one = x[r * ldx];
            int32x4_t *s4 = sum[at(r, rows)];
            s4[0] = vmlal_n_s16(s4[0], vget_low_s16(low), one);
            s4[1] = vmlal_n_s16(s4[1], vget_high_s16(low), one);
            s4[2] = vmlal_n_s16(s4[2], vget_low_s16(high), one);
            s4[3] = vmlal_n_s16(s4[3], vget_high_s16(high), one);
        }
    }
    foreach(r, rows) foreach(q, 4) vst1q_s32(j->sum[r][0] + 4 * q, sum[at(r, rows)][q]);
}

INT8_KERNEL(neon, "1");
