/* SPDX-License-Identifier: MIT
 * x86_sincos.h - sine and cosine of p * f in 8 and 16 lanes; sincos.h says how. */
#ifndef ASSAY_ISA_X86_SINCOS_H
#define ASSAY_ISA_X86_SINCOS_H
#include "sincos.h"
#include "x86.h"

/* far: lanes whose angle is beyond SINCOS_FAR (or NaN): their results are not to be used */
static inline void avx2_sincos(__m256 p, __m256 f, __m256 *sine, __m256 *cosine, int *far)
{
    const __m256 hi = _mm256_mul_ps(p, f), lo = _mm256_fmsub_ps(p, f, hi), magic = _mm256_set1_ps(SINCOS_MAGIC);
    const __m256 m = _mm256_fmadd_ps(hi, _mm256_set1_ps(SINCOS_2_PI), magic), k = _mm256_sub_ps(m, magic);
    const __m256 limit = _mm256_set1_ps(SINCOS_FAR), sign = _mm256_set1_ps(-0.0f);
    const __m256i q = _mm256_castps_si256(m), two = _mm256_set1_epi32(2);
    __m256 r = _mm256_fnmadd_ps(k, _mm256_set1_ps(SINCOS_PI_2A), hi);
    r = _mm256_add_ps(_mm256_fnmadd_ps(k, _mm256_set1_ps(SINCOS_PI_2B), r), lo);
    const __m256 z = _mm256_mul_ps(r, r);
    __m256 s = _mm256_fmadd_ps(z, _mm256_set1_ps(SINCOS_S2), _mm256_set1_ps(SINCOS_S1));
    s = _mm256_fmadd_ps(s, z, _mm256_set1_ps(SINCOS_S0));
    s = _mm256_fmadd_ps(_mm256_mul_ps(s, z), r, r);
    __m256 c = _mm256_fmadd_ps(z, _mm256_set1_ps(SINCOS_C2), _mm256_set1_ps(SINCOS_C1));
    c = _mm256_fmadd_ps(c, z, _mm256_set1_ps(SINCOS_C0));
    c = _mm256_fmadd_ps(_mm256_mul_ps(c, z), z, _mm256_fmadd_ps(z, _mm256_set1_ps(-0.5f), _mm256_set1_ps(1.0f)));
    const __m256 odd = _mm256_castsi256_ps(_mm256_slli_epi32(q, 31));
    const __m256i flip_s = _mm256_slli_epi32(_mm256_and_si256(q, two), 30);
    const __m256i flip_c = _mm256_slli_epi32(_mm256_and_si256(_mm256_sub_epi32(q, _mm256_set1_epi32(-1)), two), 30);
    *sine = _mm256_xor_ps(_mm256_blendv_ps(s, c, odd), _mm256_castsi256_ps(flip_s));
    *cosine = _mm256_xor_ps(_mm256_blendv_ps(c, s, odd), _mm256_castsi256_ps(flip_c));
    *far = _mm256_movemask_ps(_mm256_cmp_ps(_mm256_andnot_ps(sign, hi), limit, _CMP_NLE_UQ));
}
#if defined(ASSAY_SIMDE) || defined(__AVX512F__)
static inline void avx512_sincos(__m512 p, __m512 f, __m512 *sine, __m512 *cosine, unsigned *far)
{
    const __m512 hi = _mm512_mul_ps(p, f), magic = _mm512_set1_ps(SINCOS_MAGIC);
    const __m512 lo = _mm512_fmsub_ps(p, f, hi);
    const __m512 m = _mm512_fmadd_ps(hi, _mm512_set1_ps(SINCOS_2_PI), magic), k = _mm512_sub_ps(m, magic);
    const __m512i q = _mm512_castps_si512(m), two = _mm512_set1_epi32(2);
    __m512 r = _mm512_fnmadd_ps(k, _mm512_set1_ps(SINCOS_PI_2A), hi);
    r = _mm512_add_ps(_mm512_fnmadd_ps(k, _mm512_set1_ps(SINCOS_PI_2B), r), lo);
    const __m512 z = _mm512_mul_ps(r, r);
    __m512 s = _mm512_fmadd_ps(z, _mm512_set1_ps(SINCOS_S2), _mm512_set1_ps(SINCOS_S1));
    s = _mm512_fmadd_ps(s, z, _mm512_set1_ps(SINCOS_S0));
    s = _mm512_fmadd_ps(_mm512_mul_ps(s, z), r, r);
    __m512 c = _mm512_fmadd_ps(z, _mm512_set1_ps(SINCOS_C2), _mm512_set1_ps(SINCOS_C1));
    c = _mm512_fmadd_ps(c, z, _mm512_set1_ps(SINCOS_C0));
    c = _mm512_fmadd_ps(_mm512_mul_ps(c, z), z, _mm512_fmadd_ps(z, _mm512_set1_ps(-0.5f), _mm512_set1_ps(1.0f)));
    const __mmask16 odd = _mm512_test_epi32_mask(q, _mm512_set1_epi32(1));
    const __m512i flip_s = _mm512_slli_epi32(_mm512_and_si512(q, two), 30);
    const __m512i flip_c = _mm512_slli_epi32(_mm512_and_si512(_mm512_sub_epi32(q, _mm512_set1_epi32(-1)), two), 30);
    *sine = _mm512_castsi512_ps(_mm512_xor_si512(_mm512_castps_si512(_mm512_mask_blend_ps(odd, s, c)), flip_s));
    *cosine = _mm512_castsi512_ps(_mm512_xor_si512(_mm512_castps_si512(_mm512_mask_blend_ps(odd, c, s)), flip_c));
    *far = _mm512_cmp_ps_mask(_mm512_abs_ps(hi), _mm512_set1_ps(SINCOS_FAR), _CMP_NLE_UQ);
}
#endif
#endif
