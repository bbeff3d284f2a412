/* SPDX-License-Identifier: MIT
 * matmul_int8, AVX-512 VNNI: vpdpbusd takes 4 unsigned codes of w, 128 added, in each of 16 channels, and 4 signed ones
 * of x, broadcast.  It sums in 32 bits: nothing saturates.  Tiles of 6 tokens by 64 channels, 24 sums in registers: 10
 * loads for 24 products, where 12 by 32 would take 14. */
#include "../isa/x86.h"

enum { STEP = 4, WIDE = 4, ROWS = 6, T_BLOCK = 192, OFFSET = 128 };
typedef int8_t code;
#define TILES(X) X(1) X(2) X(3) X(4) X(5) X(6)
#include "../isa/int8.h"

INLINE void tile(tile_job *j, int rows)
{
    const code *x = j->x;
    const uint8_t *w = j->w;
    const int64_t ldx = j->ldx, panel = j->panel;
    __m512i sum[ROWS][WIDE];
    foreach(r, rows) foreach(p, WIDE) sum[at(r, rows)][p] = _mm512_setzero_si512();
    for (int64_t s = 0; s < j->steps; s++, x += STEP, w += PANEL * STEP) {
        __m512i v[WIDE];
        foreach(p, WIDE) v[p] = _mm512_loadu_si512((const void *)(w + p * panel));
        foreach(r, rows)
        {
            int32_t four;
            memcpy(&four, x + r * ldx, sizeof four);
            foreach(p, WIDE) sum[at(r, rows)][p] =
                _mm512_dpbusd_epi32(sum[at(r, rows)][p], v[p], _mm512_set1_epi32(four));
        }
    }
    foreach(r, rows) foreach(p, WIDE) _mm512_storeu_si512((void *)j->sum[r][p], sum[at(r, rows)][p]);
}

INT8_KERNEL(avx512vnni, "unsigned_4");
