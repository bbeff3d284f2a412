/* SPDX-License-Identifier: MIT
 * decode_avx512.h - decode_avx2.h with 16 results per instruction; the codes of 32 elements and the floats of 8 bits
 * are the same. */
#ifndef ASSAY_ISA_DECODE_AVX512_H
#define ASSAY_ISA_DECODE_AVX512_H
#include "decode_avx2.h"

#ifdef ASSAY_SIMDE /* SIMDe 0.7.4 has none of the conversions */
static inline __m512 avx512_join(__m256 lo, __m256 hi)
{
    float t[16];
    _mm256_storeu_ps(t, lo);
    _mm256_storeu_ps(t + 8, hi);
    return _mm512_loadu_ps(t);
}
static inline __m512 avx512_from_i8(__m128i v) /* 16 bytes */
{
    return avx512_join(avx2_from_i8(v), avx2_from_i8(_mm_srli_si128(v, 8)));
}
static inline __m512 avx512_from_bf16(const uint16_t *p)
{
    return avx512_join(avx2_from_bf16(p), avx2_from_bf16(p + 8));
}
static inline __m512 avx512_nibble_dots(const uint8_t *q, const int8_t *x) /* as avx2_nibble_dots, by 16 words */
{
    const __m256i low = _mm256_set1_epi8(15), one = _mm256_set1_epi16(1);
    __m256 half[2];
    for (int h = 0; h < 2; h++) {
        const __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)(q + 32 * h));
        const __m256i even = _mm256_loadu_si256((const __m256i *)(const void *)(x + 32 * h));
        const __m256i odd = _mm256_loadu_si256((const __m256i *)(const void *)(x + 64 + 32 * h));
        const __m256i a = _mm256_maddubs_epi16(_mm256_and_si256(v, low), even);
        const __m256i b = _mm256_maddubs_epi16(_mm256_and_si256(_mm256_srli_epi16(v, 4), low), odd);
        half[h] = _mm256_cvtepi32_ps(_mm256_madd_epi16(_mm256_add_epi16(a, b), one));
    }
    return avx512_join(half[0], half[1]);
}
static inline __m512 avx512_nibbles_of_words(const uint8_t *q, int j)
{
    return avx512_join(avx2_nibbles_of_words(q, j), avx2_nibbles_of_words(q + 32, j));
}
static inline __m512 avx512_e2m1_of_words(const uint8_t *q, int j)
{
    return avx512_join(avx2_e2m1_of_words(q, j), avx2_e2m1_of_words(q + 32, j));
}
static inline __m512 avx512_twice(const float *p)
{
    return avx512_join(avx2_twice(p), avx2_twice(p + 4));
}
#else
static inline __m512 avx512_from_i8(__m128i v)
{
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(v));
}
static inline __m512 avx512_from_bf16(const uint16_t *p)
{
    const __m512i v = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p));
    return _mm512_castsi512_ps(_mm512_slli_epi32(v, 16));
}
static inline __m512 avx512_nibble_dots(const uint8_t *q, const int8_t *x)
{
    const __m512i v = _mm512_loadu_si512(q), low = _mm512_set1_epi8(15);
    const __m512i a = _mm512_maddubs_epi16(_mm512_and_si512(v, low), _mm512_loadu_si512(x));
    const __m512i b = _mm512_maddubs_epi16(_mm512_and_si512(_mm512_srli_epi16(v, 4), low), _mm512_loadu_si512(x + 64));
    return _mm512_cvtepi32_ps(_mm512_madd_epi16(_mm512_add_epi16(a, b), _mm512_set1_epi16(1)));
}
static inline __m512 avx512_nibbles_of_words(const uint8_t *q, int j)
{
    const __m512i v = _mm512_srli_epi32(_mm512_loadu_si512(q), (unsigned)(4 * j));
    return _mm512_cvtepi32_ps(_mm512_and_si512(v, _mm512_set1_epi32(15)));
}
static inline __m512 avx512_e2m1_of_words(const uint8_t *q, int j)
{
    const __m512 number = _mm512_setr_ps(0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0.0f, -0.5f, -1, -1.5f, -2, -3, -4, -6);
    return _mm512_permutexvar_ps(_mm512_srli_epi32(_mm512_loadu_si512(q), (unsigned)(4 * j)), number);
}
static inline __m512 avx512_twice(const float *p)
{
    return _mm512_permutexvar_ps(_mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7),
                                 _mm512_castps256_ps512(_mm256_loadu_ps(p)));
}
#endif
/* y[0 .. 31] = code d, d of its own for either half */
static inline void avx512_scaled(float *y, codes32 c, float d0, float d1)
{
    _mm512_storeu_ps(y, _mm512_mul_ps(avx512_from_i8(_mm256_castsi256_si128(c)), _mm512_set1_ps(d0)));
    _mm512_storeu_ps(y + 16, _mm512_mul_ps(avx512_from_i8(_mm256_extracti128_si256(c, 1)), _mm512_set1_ps(d1)));
}
/* y[0 .. 31] = code d + m, both of their own for either half */
static inline void avx512_affine(float *y, codes32 c, float d0, float m0, float d1, float m1)
{
    const __m512 a = avx512_from_i8(_mm256_castsi256_si128(c)), b = avx512_from_i8(_mm256_extracti128_si256(c, 1));
    _mm512_storeu_ps(y, _mm512_fmadd_ps(a, _mm512_set1_ps(d0), _mm512_set1_ps(m0)));
    _mm512_storeu_ps(y + 16, _mm512_fmadd_ps(b, _mm512_set1_ps(d1), _mm512_set1_ps(m1)));
}
static inline void avx512_from_halves(float *y, const uint16_t *x, bool f16, int64_t n)
{
    int64_t i = 0;
    for (; i + 16 <= n; i += 16)
        _mm512_storeu_ps(y + i, f16 ? avx512_f16(x + i) : avx512_from_bf16(x + i));
    avx2_from_halves(y + i, x + i, f16, n - i);
}
#endif
