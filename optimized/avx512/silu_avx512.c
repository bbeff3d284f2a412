/* SPDX-License-Identifier: MIT
 * silu, AVX-512: one exponential of -|x|, which cannot overflow, and one division. */
#include "../isa/map_x86.h"

static inline __m512 f(__m512 x, __m512 same)
{
    (void)same;
    const __m512 e = avx512_exp(_mm512_or_ps(x, _mm512_set1_ps(-0.0f))), zero = _mm512_setzero_ps();
    const __mmask16 negative = _mm512_cmp_ps_mask(x, zero, _CMP_LT_OQ);
    return _mm512_div_ps(_mm512_mask_blend_ps(negative, x, _mm512_mul_ps(x, e)),
                         _mm512_add_ps(_mm512_set1_ps(1.0f), e));
}

static assay_status run(const assay_args *a)
{
    return avx512_map(a, 1, f);
}

static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)) };

extern const assay_kernel assay_silu_avx512;
const assay_kernel assay_silu_avx512 = {
    .op = "silu",
    .name = "avx512",
    .isa = ASSAY_ISA_avx512,
    .flags = ASSAY_INPLACE | ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .run = run,
    .units = row_blocks,
};
