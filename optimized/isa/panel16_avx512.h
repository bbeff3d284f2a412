/* SPDX-License-Identifier: MIT
 * panel16_avx512.h - panel16_avx2.h serves: a panel's row is two vectors of 8, and stores bound it. */
#ifndef ASSAY_ISA_PANEL16_AVX512_H
#define ASSAY_ISA_PANEL16_AVX512_H
#include "panel16_avx2.h"

static inline void avx512_panel16(float *dst, const float *const *row, int64_t D)
{
    avx2_panel16(dst, row, D);
}
#endif
