/* SPDX-License-Identifier: MIT
 * simd_avx512vl.h - the vectors of simd.h: 8 floats with the masks of AVX-512 (F and VL), for cores that slow down, or
 * lack 512-bit registers.  No tier of ours: ci/cli/width.sh builds it as a plug-in and has it judged. */
#ifndef ASSAY_ISA_SIMD_AVX512VL_H
#define ASSAY_ISA_SIMD_AVX512VL_H
#include "x86.h"

enum { LANES = 8 };
typedef __m256 vec;
typedef __mmask8 vec_mask;

static inline vec_mask vec_lanes(int64_t n) /* the first n of 8, 0 <= n <= 8 */
{
    return (vec_mask)((1u << n) - 1u);
}
static inline vec vec_zero(void)
{
    return _mm256_setzero_ps();
}
static inline vec vec_set(float x)
{
    return _mm256_set1_ps(x);
}
static inline vec vec_all(const float *p)
{
    return _mm256_set1_ps(*p);
}
static inline vec vec_load(const float *p)
{
    return _mm256_loadu_ps(p);
}
static inline vec vec_load_once(const float *p)
{
    vec v = vec_load(p);
    __asm__("" : "+v"(v));
    return v;
}
static inline vec vec_load_n(const float *p, int64_t n)
{
    return _mm256_maskz_loadu_ps(vec_lanes(n), p);
}
static inline void vec_store(float *p, vec v)
{
    _mm256_storeu_ps(p, v);
}
static inline void vec_store_n(float *p, vec v, int64_t n)
{
    _mm256_mask_storeu_ps(p, vec_lanes(n), v);
}
static inline vec vec_add(vec a, vec b)
{
    return _mm256_add_ps(a, b);
}
static inline vec vec_sub(vec a, vec b)
{
    return _mm256_sub_ps(a, b);
}
static inline vec vec_mul(vec a, vec b)
{
    return _mm256_mul_ps(a, b);
}
static inline vec vec_div(vec a, vec b)
{
    return _mm256_div_ps(a, b);
}
static inline vec vec_fma(vec a, vec b, vec c)
{
    return _mm256_fmadd_ps(a, b, c);
}
static inline vec vec_fms(vec a, vec b, vec c)
{
    return _mm256_fmsub_ps(a, b, c);
}
static inline vec vec_fnma(vec a, vec b, vec c)
{
    return _mm256_fnmadd_ps(a, b, c);
}
static inline vec vec_max(vec a, vec b)
{
    return _mm256_max_ps(b, a);
}
static inline vec vec_at_least(vec a, vec least)
{
    return _mm256_max_ps(least, a);
}
static inline vec vec_at_most(vec a, vec most)
{
    return _mm256_min_ps(most, a);
}
static inline vec vec_abs(vec a)
{
    return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a);
}
static inline vec vec_minus_abs(vec a)
{
    return _mm256_or_ps(_mm256_set1_ps(-0.0f), a);
}
static inline vec_mask vec_eq(vec a, vec b)
{
    return _mm256_cmp_ps_mask(a, b, _CMP_EQ_OQ);
}
static inline vec_mask vec_unordered(vec a, vec b)
{
    return _mm256_cmp_ps_mask(a, b, _CMP_UNORD_Q);
}
static inline vec_mask vec_negative(vec a)
{
    return _mm256_cmp_ps_mask(a, _mm256_setzero_ps(), _CMP_LT_OQ);
}
static inline vec_mask vec_either(vec_mask a, vec_mask b)
{
    return (vec_mask)(a | b);
}
static inline vec_mask vec_none(void)
{
    return 0;
}
static inline bool vec_any(vec_mask m)
{
    return m != 0;
}
static inline vec vec_pick(vec_mask m, vec yes, vec no)
{
    return _mm256_mask_blend_ps(m, no, yes);
}
static inline vec vec_first_n(vec a, int64_t n, vec b)
{
    return _mm256_mask_blend_ps(vec_lanes(n), b, a);
}
static inline bool vec_all_within(vec a, float limit)
{
    return _mm256_cmp_ps_mask(vec_abs(a), _mm256_set1_ps(limit), _CMP_NLE_UQ) == 0;
}
static inline float vec_sum(vec a)
{
    return avx2_sum(a);
}
static inline float vec_top(vec a)
{
    return avx2_top(a);
}
static inline vec vec_swap(vec a)
{
    return _mm256_permute_ps(a, 0xb1);
}
static inline vec vec_twice(vec a, int half)
{
    const __m256i low = _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3), high = _mm256_setr_epi32(4, 4, 5, 5, 6, 6, 7, 7);
    return _mm256_permutexvar_ps(half ? high : low, a);
}
static inline vec vec_clamp(vec a, float low, float high)
{
    return _mm256_max_ps(vec_set(low), _mm256_min_ps(vec_set(high), a));
}
static inline vec vec_ln2s(vec a, vec *n)
{
    return *n = _mm256_roundscale_ps(vec_mul(a, vec_set(0x1.715476p+0f)), _MM_FROUND_TO_NEAREST_INT);
}
static inline vec vec_scale(vec p, vec by)
{
    return _mm256_scalef_ps(p, by);
}
static inline void vec_turn(vec m, vec s, vec c, vec *sine, vec *cosine)
{
    const __m256i q = _mm256_castps_si256(m), two = _mm256_set1_epi32(2);
    const __mmask8 odd = _mm256_test_epi32_mask(q, _mm256_set1_epi32(1));
    const __m256i flip_s = _mm256_slli_epi32(_mm256_and_si256(q, two), 30);
    const __m256i flip_c = _mm256_slli_epi32(_mm256_and_si256(_mm256_sub_epi32(q, _mm256_set1_epi32(-1)), two), 30);
    *sine = _mm256_castsi256_ps(_mm256_xor_si256(_mm256_castps_si256(_mm256_mask_blend_ps(odd, s, c)), flip_s));
    *cosine = _mm256_castsi256_ps(_mm256_xor_si256(_mm256_castps_si256(_mm256_mask_blend_ps(odd, c, s)), flip_c));
}
static inline vec vec_f16(const uint16_t *p)
{
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
}
static inline vec vec_bf16_even(const uint32_t *p)
{
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_loadu_si256((const __m256i *)p), 16));
}
static inline vec vec_bf16_odd(const uint32_t *p)
{
    const __m256i high = _mm256_set1_epi32((int)0xffff0000u);
    return _mm256_castsi256_ps(_mm256_and_si256(_mm256_loadu_si256((const __m256i *)p), high));
}
static inline vec vec_float8(const uint16_t *p, int v, bool e4m3)
{
    return _mm256_cvtph_ps(avx2_float8(_mm_loadu_si128((const __m128i *)p), v, e4m3));
}
#endif
