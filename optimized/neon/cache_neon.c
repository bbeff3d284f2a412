/* SPDX-License-Identifier: MIT
 * cache, NEON: rows copied or converted four at a time, full K panels by 4 x 4 transposes. */
#include "../isa/encode_neon.h"
#include "../isa/panel16_neon.h"

static inline void cache_f16(uint16_t *dst, const float *src, int64_t n)
{
    neon_encode_f16(dst, src, n);
}
static inline void cache_q8_0(assay_q8_0 *dst, const float *src, int64_t n)
{
    neon_encode_q8_0(dst, src, n);
}
static inline void cache_panel(float *dst, const float *const *row, int64_t D)
{
    neon_panel16(dst, row, D);
}
#include "../isa/cache_rows.h"

const assay_kernel assay_cache_neon = { CACHE_KERNEL, .op = "cache", .name = "neon", .isa = ASSAY_ISA_neon };
