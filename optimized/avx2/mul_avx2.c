/* SPDX-License-Identifier: MIT
 * mul, AVX2: y = a b. */
#include "../isa/map_x86.h"

static inline __m256 f(__m256 a, __m256 b)
{
    return _mm256_mul_ps(a, b);
}

static assay_status run(const assay_args *a)
{
    return avx2_map(a, 2, f);
}

static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)),
                                       ASSAY_TYPES(ASSAY_T(f32)) };

extern const assay_kernel assay_mul_avx2;
const assay_kernel assay_mul_avx2 = {
    .op = "mul",
    .name = "avx2",
    .isa = ASSAY_ISA_avx2,
    .flags = ASSAY_INPLACE | ASSAY_BITEXACT | ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .run = run,
    .units = row_blocks,
};
