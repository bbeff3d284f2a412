/* SPDX-License-Identifier: MIT
 * matmul_int8, AVX2: codes are widened to 16 bits, of x once, and vpmaddwd sums pairs of products in 32, where nothing
 * saturates (vpmaddubsw, twice as fast, does).  Tiles of 6 tokens by 16 channels, 12 sums in registers. */
#include "../isa/x86.h"

enum { STEP = 2, WIDE = 1, ROWS = 6, T_BLOCK = 96, OFFSET = 0 };
typedef int16_t code;
#define TILES(X) X(1) X(2) X(3) X(4) X(5) X(6)
#include "../isa/int8.h"

INLINE void tile(tile_job *j, int rows)
{
    const code *x = j->x;
    const uint8_t *w = j->w;
    const int64_t ldx = j->ldx;
    __m256i sum[ROWS][2];
    foreach(r, rows) foreach(h, 2) sum[at(r, rows)][h] = _mm256_setzero_si256();
    for (int64_t s = 0; s < j->steps; s++, x += STEP, w += PANEL * STEP) {
        __m256i v[2];
        foreach(h, 2) v[h] = _mm256_cvtepi8_epi16(_mm_loadu_si128((const void *)(w + 16 * h)));
        foreach(r, rows)
        {
            int32_t two;
            memcpy(&two, x + r * ldx, sizeof two);
            foreach(h, 2) sum[at(r, rows)][h] =
                _mm256_add_epi32(sum[at(r, rows)][h], _mm256_madd_epi16(v[h], _mm256_set1_epi32(two)));
        }
    }
    foreach(r, rows) foreach(h, 2) _mm256_storeu_si256((void *)(j->sum[r][0] + 8 * h), sum[at(r, rows)][h]);
}

INT8_KERNEL(avx2, "2");
