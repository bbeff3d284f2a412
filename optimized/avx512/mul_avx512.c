/* SPDX-License-Identifier: MIT
 * mul, AVX-512: y = a b. */
#include "../isa/map_x86.h"

static inline __m512 f(__m512 a, __m512 b)
{
    return _mm512_mul_ps(a, b);
}

static assay_status run(const assay_args *a)
{
    return avx512_map(a, 2, f);
}

static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)),
                                       ASSAY_TYPES(ASSAY_T(f32)) };

extern const assay_kernel assay_mul_avx512;
const assay_kernel assay_mul_avx512 = {
    .op = "mul",
    .name = "avx512",
    .isa = ASSAY_ISA_avx512,
    .flags = ASSAY_INPLACE | ASSAY_BITEXACT | ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .run = run,
    .units = row_blocks,
};
