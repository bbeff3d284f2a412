/* SPDX-License-Identifier: MIT
 * cache, AVX2: rows copied or converted eight at a time, full K panels by 8 x 8 transposes. */
#include "../isa/encode_avx2.h"
#include "../isa/panel16_x86.h"

static inline void cache_f16(uint16_t *dst, const float *src, int64_t n)
{
    avx2_encode_f16(dst, src, n);
}
static inline void cache_q8_0(assay_q8_0 *dst, const float *src, int64_t n)
{
    avx2_encode_q8_0(dst, src, n);
}
static inline void cache_panel(float *dst, const float *const *row, int64_t D)
{
    x86_panel16(dst, row, D);
}
#include "../isa/cache_rows.h"

const assay_kernel assay_cache_avx2 = { CACHE_KERNEL, .op = "cache", .name = "avx2", .isa = ASSAY_ISA_avx2 };
