/* SPDX-License-Identifier: MIT
 * panel16_avx2.h - 16 rows of D floats to a K panel [D][16], by 8 x 8 transposes (AVX2). */
#ifndef ASSAY_ISA_PANEL16_AVX2_H
#define ASSAY_ISA_PANEL16_AVX2_H
#include "x86.h"

static inline void avx2_transpose8(float *dst, int64_t to, const float *const *row, int64_t d)
{
    __m256 a[8], b[8];
    for (int i = 0; i < 8; i++)
        a[i] = _mm256_loadu_ps(row[i] + d);
    for (int i = 0; i < 4; i++) {
        b[2 * i] = _mm256_unpacklo_ps(a[2 * i], a[2 * i + 1]);
        b[2 * i + 1] = _mm256_unpackhi_ps(a[2 * i], a[2 * i + 1]);
    }
    for (int i = 0; i < 2; i++) {
        a[4 * i] = _mm256_shuffle_ps(b[4 * i], b[4 * i + 2], 0x44);
        a[4 * i + 1] = _mm256_shuffle_ps(b[4 * i], b[4 * i + 2], 0xee);
        a[4 * i + 2] = _mm256_shuffle_ps(b[4 * i + 1], b[4 * i + 3], 0x44);
        a[4 * i + 3] = _mm256_shuffle_ps(b[4 * i + 1], b[4 * i + 3], 0xee);
    }
    for (int i = 0; i < 4; i++) {
        _mm256_storeu_ps(dst + i * to, _mm256_permute2f128_ps(a[i], a[i + 4], 0x20));
        _mm256_storeu_ps(dst + (i + 4) * to, _mm256_permute2f128_ps(a[i], a[i + 4], 0x31));
    }
}

static inline void avx2_panel16(float *dst, const float *const *row, int64_t D)
{
    int64_t d = 0;
    for (; d + 8 <= D; d += 8) {
        avx2_transpose8(dst + d * 16, 16, row, d);
        avx2_transpose8(dst + d * 16 + 8, 16, row + 8, d);
    }
    for (; d < D; d++)
        for (int i = 0; i < 16; i++)
            dst[d * 16 + i] = row[i][d];
}
#endif
