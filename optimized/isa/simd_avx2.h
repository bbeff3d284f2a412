/* SPDX-License-Identifier: MIT
 * simd_avx2.h - the vectors of simd.h: 8 floats, AVX2 and FMA.  A mask is a lane's sign bit. */
#ifndef ASSAY_ISA_SIMD_AVX2_H
#define ASSAY_ISA_SIMD_AVX2_H
#include "x86.h"

enum { LANES = 8 };
typedef __m256 vec, vec_mask;

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
    return _mm256_broadcast_ss(p);
}
static inline vec vec_load(const float *p)
{
    return _mm256_loadu_ps(p);
}
static inline vec vec_load_once(const float *p)
{
    vec v = vec_load(p);
    __asm__("" : "+x"(v));
    return v;
}
static inline vec vec_load_n(const float *p, int64_t n)
{
    return _mm256_maskload_ps(p, avx2_tail(n));
}
static inline void vec_store(float *p, vec v)
{
    _mm256_storeu_ps(p, v);
}
static inline void vec_store_n(float *p, vec v, int64_t n)
{
    _mm256_maskstore_ps(p, avx2_tail(n), v);
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
    return _mm256_cmp_ps(a, b, _CMP_EQ_OQ);
}
static inline vec_mask vec_unordered(vec a, vec b)
{
    return _mm256_cmp_ps(a, b, _CMP_UNORD_Q);
}
static inline vec_mask vec_negative(vec a)
{
    return a;
}
static inline vec_mask vec_either(vec_mask a, vec_mask b)
{
    return _mm256_or_ps(a, b);
}
static inline vec_mask vec_none(void)
{
    return _mm256_setzero_ps();
}
static inline bool vec_any(vec_mask m)
{
    return _mm256_movemask_ps(m) != 0;
}
static inline vec vec_pick(vec_mask m, vec yes, vec no)
{
    return _mm256_blendv_ps(no, yes, m);
}
static inline vec vec_first_n(vec a, int64_t n, vec b)
{
    return _mm256_blendv_ps(b, a, _mm256_castsi256_ps(avx2_tail(n)));
}
static inline bool vec_all_within(vec a, float limit)
{
    return !vec_any(_mm256_cmp_ps(vec_abs(a), vec_set(limit), _CMP_NLE_UQ));
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
    return _mm256_permutevar8x32_ps(a, half ? high : low);
}
static inline vec vec_clamp(vec a, float low, float high)
{
    return _mm256_max_ps(vec_set(low), _mm256_min_ps(vec_set(high), a));
}
/* Adding 1.5 2^23 + 254 leaves n + 254 in the low bits: halved and halved up, those are two biased exponents, so that
 * neither power overflows where the result does not. */
static inline vec vec_ln2s(vec a, vec *n)
{
    const vec magic = vec_set(0x1.8p+23f + 254), t = vec_fma(a, vec_set(0x1.715476p+0f), magic);
    *n = vec_sub(t, magic);
    return t;
}
static inline vec vec_scale(vec p, vec by)
{
    const __m256i i = _mm256_castps_si256(by), low = _mm256_srli_epi32(i, 1);
    const __m256i a = _mm256_slli_epi32(low, 23), b = _mm256_slli_epi32(_mm256_sub_epi32(i, low), 23);
    return vec_mul(vec_mul(p, _mm256_castsi256_ps(a)), _mm256_castsi256_ps(b));
}
static inline void vec_turn(vec m, vec s, vec c, vec *sine, vec *cosine)
{
    const __m256i q = _mm256_castps_si256(m), two = _mm256_set1_epi32(2);
    const __m256 odd = _mm256_castsi256_ps(_mm256_slli_epi32(q, 31));
    const __m256i flip_s = _mm256_slli_epi32(_mm256_and_si256(q, two), 30);
    const __m256i flip_c = _mm256_slli_epi32(_mm256_and_si256(_mm256_sub_epi32(q, _mm256_set1_epi32(-1)), two), 30);
    *sine = _mm256_xor_ps(_mm256_blendv_ps(s, c, odd), _mm256_castsi256_ps(flip_s));
    *cosine = _mm256_xor_ps(_mm256_blendv_ps(c, s, odd), _mm256_castsi256_ps(flip_c));
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
