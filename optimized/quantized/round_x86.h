/* SPDX-License-Identifier: MIT
 * round_x86.h - activations to q8_0 in 256-bit vectors, for the kernels of AVX2 and of AVX-512. */
#ifndef ASSAY_QUANT_ROUND_X86_H
#define ASSAY_QUANT_ROUND_X86_H
#include "../isa/x86.h"
#include "panel.h"

/* ---- phase 0: one row of x to q8_0 (d = max|x| / 127, ties away from zero; a block with NaN or inf is NaN) ---- */

static inline __m256i x86_codes(__m256 x, __m256 id)
{
    const __m256 t = _mm256_mul_ps(x, id), sign = _mm256_set1_ps(-0.0f);
    /* below 1/2 by one unit: what lies just under a tie does not reach it, a tie still rounds up to the next integer */
    return _mm256_cvttps_epi32(_mm256_add_ps(t, _mm256_or_ps(_mm256_and_ps(t, sign), _mm256_set1_ps(0x1.fffffep-2f))));
}

/* What offset or minimum add to each group of a block, whose pair sums (k, k+1) stand in `sum`: a half of the block in
 * each half, those of k = 0 and of k = 2 mod 4 in turn.  pairs: of two 16-bit lanes (AVX2), else of 32 bits. */
ALWAYS_INLINE void x86_folds(int32_t fold[2], __m256i sum, float d, int offset, bool pairs)
{
    const __m256i scaled = _mm256_mullo_epi16(sum, _mm256_set1_epi16((short)-offset));
    const __m256i total = _mm256_madd_epi16(sum, _mm256_set1_epi16(1));
    const int32_t all[2] = { _mm256_extract_epi32(total, 0), _mm256_extract_epi32(total, 4) };
    const int32_t pair[2] = { _mm256_extract_epi32(scaled, 0), _mm256_extract_epi32(scaled, 4) };
    if (F.group == BLOCK)
        fold[0] =
            F.minimum ? 0
            : pairs
                ? _mm_cvtsi128_si32(_mm_add_epi16(_mm256_castsi256_si128(scaled), _mm256_extracti128_si256(scaled, 1)))
                : -offset * (all[0] + all[1]);
    else
        for (int i = 0; i < 2; i++)
            fold[i] = pairs ? pair[i] : -offset * all[i];
    for (int i = 0; F.minimum && i < quant_groups(); i++) {
        const float s = d * (float)(F.group == BLOCK ? all[0] + all[1] : all[i]);
        memcpy(&fold[i], &s, 4);
    }
}

/* G: columns per group.  offset: what the codes of the weights exceed their meaning by. */
ALWAYS_INLINE void x86_quantize(const assay_args *a, int64_t t, int64_t G, int offset, bool pairs)
{
    const column_group g = group_of(a, t, G);
    const float *x = tensor_row(&a->operand[0], t);
    const __m256 magnitude = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff));
    const int64_t nb = a->dim[2] / BLOCK;
    for (int64_t b = 0; b < nb; b++, x += BLOCK) {
        const __m256 x0 = _mm256_loadu_ps(x), x1 = _mm256_loadu_ps(x + 8);
        const __m256 x2 = _mm256_loadu_ps(x + 16), x3 = _mm256_loadu_ps(x + 24);
        /* as integers magnitudes order like the numbers they are, with inf and NaN above all */
        const __m256i top = _mm256_max_epi32(_mm256_max_epi32(_mm256_castps_si256(_mm256_and_ps(x0, magnitude)),
                                                              _mm256_castps_si256(_mm256_and_ps(x1, magnitude))),
                                             _mm256_max_epi32(_mm256_castps_si256(_mm256_and_ps(x2, magnitude)),
                                                              _mm256_castps_si256(_mm256_and_ps(x3, magnitude))));
        __m128i h = _mm_max_epi32(_mm256_castsi256_si128(top), _mm256_extracti128_si256(top, 1));
        h = _mm_max_epi32(h, _mm_shuffle_epi32(h, 0x4e));
        h = _mm_max_epi32(h, _mm_shuffle_epi32(h, 0xb1));
        const float amax = _mm_cvtss_f32(_mm_castsi128_ps(h)), d = amax / 127;
        float id = d != 0 ? 1 / d : 0;
        id = id <= 0x1.fffffep127f ? id : 0;
        int8_t q[BLOCK] = { 0 };
        int32_t fold[2] = { 0 };
        if (!(amax <= 0x1.fffffep127f)) {
            column_put(&g, t - g.t, b, q, NAN, fold);
            continue;
        }
        const __m256 s = _mm256_set1_ps(id);
        const __m256i q01 = _mm256_packs_epi32(x86_codes(x0, s), x86_codes(x1, s));
        const __m256i q23 = _mm256_packs_epi32(x86_codes(x2, s), x86_codes(x3, s));
        const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
        const __m256i all = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(q01, q23), order);
        _mm256_storeu_si256((__m256i *)(void *)q, all);
        const float stored = _cvtsh_ss(_cvtss_sh(d, _MM_FROUND_TO_NEAREST_INT));
        __m256i sum = _mm256_maddubs_epi16(_mm256_set1_epi8(1), all);
        sum = _mm256_add_epi16(sum, _mm256_shuffle_epi32(sum, 0x4e));
        sum = _mm256_add_epi16(sum, _mm256_shuffle_epi32(sum, 0xb1));
        x86_folds(fold, sum, stored, offset, pairs);
        column_put(&g, t - g.t, b, q, stored, fold);
    }
}

#endif
