/* SPDX-License-Identifier: MIT
 * decode_avx2.h - what decode.h asks of a tier, 8 results per instruction.  The codes of 32 elements are their bytes in
 * order. */
#ifndef ASSAY_ISA_DECODE_AVX2_H
#define ASSAY_ISA_DECODE_AVX2_H
#include "blocks.h"
#include "x86.h"

typedef __m256i codes32;

/* 16 bytes of nibbles to 32 codes 0 .. 15: low halves first */
static inline codes32 nibbles(const uint8_t q[16])
{
    const __m128i v = _mm_loadu_si128((const __m128i *)q);
    return _mm256_and_si256(_mm256_set_m128i(_mm_srli_epi16(v, 4), v), _mm256_set1_epi8(15));
}
static inline codes32 minus(codes32 c, int8_t offset)
{
    return _mm256_sub_epi8(c, _mm256_set1_epi8(offset));
}
static inline codes32 five_bits(const uint8_t h[4], const uint8_t q[16]) /* 0 .. 31: the bits of h are the fifth */
{
    const __m256i each = _mm256_set1_epi64x((long long)0x8040201008040201), sixteen = _mm256_set1_epi8(16);
    const __m256i from = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3,
                                          3, 3, 3, 3, 3, 3);
    int32_t bits;
    memcpy(&bits, h, sizeof bits);
    const __m256i byte = _mm256_and_si256(_mm256_shuffle_epi8(_mm256_set1_epi32(bits), from), each);
    return _mm256_or_si256(nibbles(q), _mm256_and_si256(_mm256_cmpeq_epi8(byte, each), sixteen));
}
static inline codes32 i8_codes(const int8_t q[32])
{
    return _mm256_loadu_si256((const __m256i *)q);
}
static inline codes32 four_bits(const uint8_t q[32], int k) /* the low (k 0) or high nibbles of 32 bytes: 0 .. 15 */
{
    const __m256i v = _mm256_loadu_si256((const __m256i *)q);
    return _mm256_and_si256(k ? _mm256_srli_epi16(v, 4) : v, _mm256_set1_epi8(15));
}
static inline codes32 q6_k_codes(const assay_q6_k *b, int g) /* elements 32 g .. 32 g + 31: -32 .. 31 */
{
    const int h = g / 4, k = g % 4;
    const __m256i hi = _mm256_loadu_si256((const __m256i *)(b->qh + 32 * h));
    const codes32 low = four_bits(b->ql + 64 * h + 32 * (k & 1), k >> 1);
    const __m256i s = k == 0   ? _mm256_slli_epi16(hi, 4)
                      : k == 1 ? _mm256_slli_epi16(hi, 2)
                      : k == 2 ? hi
                               : _mm256_srli_epi16(hi, 2);
    return minus(_mm256_or_si256(low, _mm256_and_si256(s, _mm256_set1_epi8(48))), 32);
}
static inline codes32 table_codes(const int8_t table[16], const uint8_t q[16]) /* numbers of the table */
{
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)table)), nibbles(q));
}
static inline codes32 two_bits(const uint8_t q[32], int k) /* bits 2 k and 2 k + 1 of 32 bytes: 0 .. 3 */
{
    const __m256i v = _mm256_loadu_si256((const __m256i *)q);
    return _mm256_and_si256(_mm256_srl_epi16(v, _mm_cvtsi32_si128(2 * k)), _mm256_set1_epi8(3));
}
static inline codes32 or_bit(codes32 c, const uint8_t h[32], int k, int8_t value) /* where bit k of a byte is set */
{
    const __m256i bit = _mm256_set1_epi8((char)(1 << k)), v = _mm256_loadu_si256((const __m256i *)h);
    const __m256i set = _mm256_cmpeq_epi8(_mm256_and_si256(v, bit), bit);
    return _mm256_or_si256(c, _mm256_and_si256(set, _mm256_set1_epi8(value)));
}
static inline __m256 avx2_from_i8(__m128i v) /* the low 8 bytes */
{
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(v));
}
/* Nibble j of each of 8 words */
static inline __m256 avx2_nibbles_of_words(const uint8_t *q, int j)
{
    const __m256i v = _mm256_srli_epi32(_mm256_loadu_si256((const __m256i *)(const void *)q), 4 * j);
    return _mm256_cvtepi32_ps(_mm256_and_si256(v, _mm256_set1_epi32(15)));
}
static inline __m256 avx2_e2m1_of_words(const uint8_t *q, int j)
{
    const __m256i v = _mm256_srli_epi32(_mm256_loadu_si256((const __m256i *)(const void *)q), 4 * j);
    const __m256i sign = _mm256_and_si256(_mm256_slli_epi32(v, 28), _mm256_set1_epi32(INT32_MIN));
    const __m256 size = _mm256_permutevar8x32_ps(_mm256_setr_ps(0, 0.5f, 1, 1.5f, 2, 3, 4, 6), v);
    return _mm256_or_ps(size, _mm256_castsi256_ps(sign));
}
static inline __m256 avx2_twice(const float *p)
{
    return _mm256_permutevar8x32_ps(_mm256_castps128_ps256(_mm_loadu_ps(p)), _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3));
}
/* Of each of 8 words of nibbles the sum of 8 products with codes of x: those of the low halves at x, of the high ones
 * behind.  Pairs of pairs: at most 4 * 15 * 128 */
static inline __m256 avx2_nibble_dots(const uint8_t *q, const int8_t *x)
{
    const __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)q), low = _mm256_set1_epi8(15);
    const __m256i even = _mm256_loadu_si256((const __m256i *)(const void *)x);
    const __m256i odd = _mm256_loadu_si256((const __m256i *)(const void *)(x + 32));
    const __m256i a = _mm256_maddubs_epi16(_mm256_and_si256(v, low), even);
    const __m256i b = _mm256_maddubs_epi16(_mm256_and_si256(_mm256_srli_epi16(v, 4), low), odd);
    return _mm256_cvtepi32_ps(_mm256_madd_epi16(_mm256_add_epi16(a, b), _mm256_set1_epi16(1)));
}
/* y[0 .. 31] = code d, d of its own for either half */
static inline void avx2_scaled(float *y, codes32 c, float d0, float d1)
{
    const __m128i a = _mm256_castsi256_si128(c), b = _mm256_extracti128_si256(c, 1);
    const __m256 s0 = _mm256_set1_ps(d0), s1 = _mm256_set1_ps(d1);
    _mm256_storeu_ps(y, _mm256_mul_ps(avx2_from_i8(a), s0));
    _mm256_storeu_ps(y + 8, _mm256_mul_ps(avx2_from_i8(_mm_srli_si128(a, 8)), s0));
    _mm256_storeu_ps(y + 16, _mm256_mul_ps(avx2_from_i8(b), s1));
    _mm256_storeu_ps(y + 24, _mm256_mul_ps(avx2_from_i8(_mm_srli_si128(b, 8)), s1));
}
/* y[0 .. 31] = code d + m, both of their own for either half */
static inline void avx2_affine(float *y, codes32 c, float d0, float m0, float d1, float m1)
{
    const __m128i a = _mm256_castsi256_si128(c), b = _mm256_extracti128_si256(c, 1);
    const __m256 s0 = _mm256_set1_ps(d0), s1 = _mm256_set1_ps(d1), o0 = _mm256_set1_ps(m0), o1 = _mm256_set1_ps(m1);
    _mm256_storeu_ps(y, _mm256_fmadd_ps(avx2_from_i8(a), s0, o0));
    _mm256_storeu_ps(y + 8, _mm256_fmadd_ps(avx2_from_i8(_mm_srli_si128(a, 8)), s0, o0));
    _mm256_storeu_ps(y + 16, _mm256_fmadd_ps(avx2_from_i8(b), s1, o1));
    _mm256_storeu_ps(y + 24, _mm256_fmadd_ps(avx2_from_i8(_mm_srli_si128(b, 8)), s1, o1));
}
static inline float half_to_f32(uint16_t h)
{
    return _cvtsh_ss(h);
}
static inline __m256 avx2_from_bf16(const uint16_t *p)
{
    const __m256i v = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p));
    return _mm256_castsi256_ps(_mm256_slli_epi32(v, 16));
}
static inline void avx2_from_halves(float *y, const uint16_t *x, bool f16, int64_t n)
{
    int64_t i = 0;
    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(y + i,
                         f16 ? _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(x + i))) : avx2_from_bf16(x + i));
    for (; i < n; i++)
        y[i] = f16 ? half_to_f32(x[i]) : f32_from_bits((uint32_t)x[i] << 16);
}
/* Floats of 8 bits, 8 at a time, are the upper bytes of f16; e4m3's exponent has a bit less, and its bias is 8 below */
static inline void decode_eight(float y[8], const uint8_t x[8], bool e4m3)
{
    const __m128i v = _mm_unpacklo_epi8(_mm_setzero_si128(), _mm_loadl_epi64((const __m128i *)x));
    const __m128i sign = _mm_and_si128(v, _mm_set1_epi16((short)0x8000)),
                  size = _mm_andnot_si128(_mm_set1_epi16((short)0x8000), v);
    const __m128i nan = _mm_and_si128(_mm_cmpeq_epi16(size, _mm_set1_epi16(0x7f00)), _mm_set1_epi16(0x7e00));
    const __m128i h = e4m3 ? _mm_or_si128(_mm_or_si128(sign, _mm_srli_epi16(size, 1)), nan) : v;
    const __m256 f = _mm256_cvtph_ps(h);
    _mm256_storeu_ps(y, e4m3 ? _mm256_mul_ps(f, _mm256_set1_ps(256)) : f);
}
#endif
