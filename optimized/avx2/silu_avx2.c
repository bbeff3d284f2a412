/* SPDX-License-Identifier: MIT
 * silu, AVX2: one exponential of -|x|, which cannot overflow, and one division. */
#include "../isa/map_x86.h"

static inline __m256 f(__m256 x, __m256 same)
{
    (void)same;
    const __m256 e = avx2_exp(_mm256_or_ps(x, _mm256_set1_ps(-0.0f)));
    return _mm256_div_ps(_mm256_blendv_ps(x, _mm256_mul_ps(x, e), x), _mm256_add_ps(_mm256_set1_ps(1.0f), e));
}

static assay_status run(const assay_args *a)
{
    return avx2_map(a, 1, f);
}

static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)) };

extern const assay_kernel assay_silu_avx2;
const assay_kernel assay_silu_avx2 = {
    .op = "silu",
    .name = "avx2",
    .isa = ASSAY_ISA_avx2,
    .flags = ASSAY_INPLACE | ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .run = run,
    .units = row_blocks,
};
