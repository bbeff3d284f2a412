/* SPDX-License-Identifier: MIT
 * panel16.h - panel16_<tier>.h of the tier that is compiled: 16 rows of D floats to a K panel [D][16], by transposes.
 */
#ifndef ASSAY_ISA_PANEL16_H
#define ASSAY_ISA_PANEL16_H
#include "simd.h"
#include SIMD_FILE(panel16)

static inline void panel16(float *dst, const float *const *row, int64_t D)
{
    SIMD_OWN(panel16)(dst, row, D);
}
#endif
