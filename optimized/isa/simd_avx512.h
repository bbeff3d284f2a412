/* SPDX-License-Identifier: MIT
 * simd_avx512.h - the vectors of simd.h: 16 floats, AVX-512. */
#ifndef ASSAY_ISA_SIMD_AVX512_H
#define ASSAY_ISA_SIMD_AVX512_H
#include "x86.h"

enum { LANES = 16 };
typedef __m512 vec;
typedef __mmask16 vec_mask;

static inline vec vec_zero(void)
{
    return _mm512_setzero_ps();
}
static inline vec vec_set(float x)
{
    return _mm512_set1_ps(x);
}
static inline vec vec_all(const float *p)
{
    return _mm512_set1_ps(*p);
}
static inline vec vec_load(const float *p)
{
    return _mm512_loadu_ps(p);
}
static inline vec vec_load_once(const float *p)
{
    vec v = vec_load(p);
#ifndef ASSAY_SIMDE
    __asm__("" : "+v"(v));
#endif
    return v;
}
static inline vec vec_load_n(const float *p, int64_t n)
{
    return avx512_load(avx512_tail(n), p);
}
static inline void vec_store(float *p, vec v)
{
    _mm512_storeu_ps(p, v);
}
static inline void vec_store_n(float *p, vec v, int64_t n)
{
    avx512_store(p, avx512_tail(n), v);
}
static inline vec vec_add(vec a, vec b)
{
    return _mm512_add_ps(a, b);
}
static inline vec vec_sub(vec a, vec b)
{
    return _mm512_sub_ps(a, b);
}
static inline vec vec_mul(vec a, vec b)
{
    return _mm512_mul_ps(a, b);
}
static inline vec vec_div(vec a, vec b)
{
    return _mm512_div_ps(a, b);
}
static inline vec vec_fma(vec a, vec b, vec c)
{
    return _mm512_fmadd_ps(a, b, c);
}
static inline vec vec_fms(vec a, vec b, vec c)
{
    return _mm512_fmsub_ps(a, b, c);
}
static inline vec vec_fnma(vec a, vec b, vec c)
{
    return _mm512_fnmadd_ps(a, b, c);
}
static inline vec vec_max(vec a, vec b)
{
    return _mm512_max_ps(b, a);
}
static inline vec vec_at_least(vec a, vec least)
{
    return _mm512_max_ps(least, a);
}
static inline vec vec_at_most(vec a, vec most)
{
    return _mm512_min_ps(most, a);
}
static inline vec vec_abs(vec a)
{
    return _mm512_abs_ps(a);
}
static inline vec vec_minus_abs(vec a)
{
    return _mm512_or_ps(_mm512_set1_ps(-0.0f), a);
}
static inline vec_mask vec_eq(vec a, vec b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ);
}
static inline vec_mask vec_unordered(vec a, vec b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_UNORD_Q);
}
static inline vec_mask vec_negative(vec a)
{
    return _mm512_cmp_ps_mask(a, _mm512_setzero_ps(), _CMP_LT_OQ);
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
    return _mm512_mask_blend_ps(m, no, yes);
}
static inline vec vec_first_n(vec a, int64_t n, vec b)
{
    return _mm512_mask_blend_ps(avx512_tail(n), b, a);
}
static inline bool vec_all_within(vec a, float limit)
{
    return _mm512_cmp_ps_mask(_mm512_abs_ps(a), _mm512_set1_ps(limit), _CMP_NLE_UQ) == 0;
}
static inline float vec_sum(vec a)
{
    return avx512_sum(a);
}
static inline float vec_top(vec a)
{
    return avx2_top(_mm256_max_ps(avx512_half(a, 0), avx512_half(a, 1)));
}
static inline vec vec_swap(vec a)
{
    const __m512i swap = _mm512_setr_epi32(1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
    return _mm512_permutexvar_ps(swap, a);
}
static inline vec vec_twice(vec a, int half)
{
    const __m512i low = _mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
    const __m512i high = _mm512_setr_epi32(8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15, 15);
    return _mm512_permutexvar_ps(half ? high : low, a);
}
static inline vec vec_clamp(vec a, float low, float high)
{
    return _mm512_max_ps(vec_set(low), _mm512_min_ps(vec_set(high), a));
}
static inline vec vec_ln2s(vec a, vec *n)
{
    return *n = _mm512_roundscale_ps(vec_mul(a, vec_set(0x1.715476p+0f)), _MM_FROUND_TO_NEAREST_INT);
}
static inline vec vec_scale(vec p, vec by)
{
    return avx512_scale(p, by);
}
static inline void vec_turn(vec m, vec s, vec c, vec *sine, vec *cosine)
{
    const __m512i q = _mm512_castps_si512(m), two = _mm512_set1_epi32(2);
    const __mmask16 odd = _mm512_test_epi32_mask(q, _mm512_set1_epi32(1));
    const __m512i flip_s = _mm512_slli_epi32(_mm512_and_si512(q, two), 30);
    const __m512i flip_c = _mm512_slli_epi32(_mm512_and_si512(_mm512_sub_epi32(q, _mm512_set1_epi32(-1)), two), 30);
    *sine = _mm512_castsi512_ps(_mm512_xor_si512(_mm512_castps_si512(_mm512_mask_blend_ps(odd, s, c)), flip_s));
    *cosine = _mm512_castsi512_ps(_mm512_xor_si512(_mm512_castps_si512(_mm512_mask_blend_ps(odd, c, s)), flip_c));
}
static inline vec vec_f16(const uint16_t *p)
{
    return avx512_f16(p);
}
static inline vec vec_bf16_even(const uint32_t *p)
{
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_loadu_si512(p), 16));
}
static inline vec vec_bf16_odd(const uint32_t *p)
{
    const __m512i high = _mm512_set1_epi32((int)0xffff0000u);
    return _mm512_castsi512_ps(_mm512_and_si512(_mm512_loadu_si512(p), high));
}
static inline vec vec_float8(const uint16_t *p, int v, bool e4m3)
{
    return avx512_f16_of(avx512_float8(_mm256_loadu_si256((const __m256i *)p), v, e4m3));
}
#endif
