/* SPDX-License-Identifier: MIT
 * decode_avx2.h - from every element type to f32, for the kernels that dequantize, look up rows or multiply.
 * *_codes: the integer codes of 32 elements in their order, as bytes; avx2_decode: n elements of a row. */
#ifndef ASSAY_ISA_DECODE_AVX2_H
#define ASSAY_ISA_DECODE_AVX2_H
#include "blocks.h"
#include "x86.h"

/* 16 bytes of nibbles to 32 codes 0 .. 15: low halves first */
static inline __m256i avx2_nibbles(const uint8_t q[16])
{
    const __m128i v = _mm_loadu_si128((const __m128i *)q);
    return _mm256_and_si256(_mm256_set_m128i(_mm_srli_epi16(v, 4), v), _mm256_set1_epi8(15));
}
static inline __m256i avx2_q4_0_codes(const assay_q4_0 *b) /* -8 .. 7 */
{
    return _mm256_sub_epi8(avx2_nibbles(b->q), _mm256_set1_epi8(8));
}
static inline __m256i avx2_q4_1_codes(const assay_q4_1 *b) /* 0 .. 15 */
{
    return avx2_nibbles(b->q);
}
static inline __m256i avx2_five_bits(const uint8_t h[4], const uint8_t q[16]) /* 0 .. 31: the bits of h are the fifth */
{
    const __m256i each = _mm256_set1_epi64x((long long)0x8040201008040201), sixteen = _mm256_set1_epi8(16);
    const __m256i from = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3,
                                          3, 3, 3, 3, 3, 3);
    int32_t bits;
    memcpy(&bits, h, sizeof bits);
    const __m256i byte = _mm256_and_si256(_mm256_shuffle_epi8(_mm256_set1_epi32(bits), from), each);
    return _mm256_or_si256(avx2_nibbles(q), _mm256_and_si256(_mm256_cmpeq_epi8(byte, each), sixteen));
}
static inline __m256i avx2_q5_0_codes(const assay_q5_0 *b) /* -16 .. 15 */
{
    return _mm256_sub_epi8(avx2_five_bits(b->h, b->q), _mm256_set1_epi8(16));
}
static inline __m256i avx2_q5_1_codes(const assay_q5_1 *b) /* 0 .. 31 */
{
    return avx2_five_bits(b->h, b->q);
}
static inline __m256i avx2_q8_0_codes(const assay_q8_0 *b)
{
    return _mm256_loadu_si256((const __m256i *)b->q);
}
static inline __m256i avx2_q4_k_codes(const assay_q4_k *b, int g) /* group g = 0 .. 7: 0 .. 15 */
{
    const __m256i v = _mm256_loadu_si256((const __m256i *)(b->q + 32 * (g / 2)));
    return _mm256_and_si256(g % 2 ? _mm256_srli_epi16(v, 4) : v, _mm256_set1_epi8(15));
}
static inline __m256i avx2_q6_k_codes(const assay_q6_k *b, int g) /* elements 32 g .. 32 g + 31: -32 .. 31 */
{
    const int h = g / 4, k = g % 4;
    const __m256i lo = _mm256_loadu_si256((const __m256i *)(b->ql + 64 * h + 32 * (k & 1)));
    const __m256i hi = _mm256_loadu_si256((const __m256i *)(b->qh + 32 * h));
    const __m256i l = _mm256_and_si256(k >> 1 ? _mm256_srli_epi16(lo, 4) : lo, _mm256_set1_epi8(15));
    const __m256i s = k == 0   ? _mm256_slli_epi16(hi, 4)
                      : k == 1 ? _mm256_slli_epi16(hi, 2)
                      : k == 2 ? hi
                               : _mm256_srli_epi16(hi, 2);
    return _mm256_sub_epi8(_mm256_or_si256(l, _mm256_and_si256(s, _mm256_set1_epi8(48))), _mm256_set1_epi8(32));
}
static inline __m256i avx2_table_codes(const int8_t table[16], const uint8_t q[16]) /* numbers of the table */
{
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)table)), avx2_nibbles(q));
}
static inline __m256i avx2_two_bits(const uint8_t *q, int k) /* bits 2 k and 2 k + 1 of 32 bytes: 0 .. 3 */
{
    const __m256i v = _mm256_loadu_si256((const __m256i *)q);
    return _mm256_and_si256(_mm256_srl_epi16(v, _mm_cvtsi32_si128(2 * k)), _mm256_set1_epi8(3));
}
static inline __m256i avx2_bit(const uint8_t h[32], int k, int8_t value) /* value where bit k of a byte is set */
{
    const __m256i bit = _mm256_set1_epi8((char)(1 << k)), v = _mm256_loadu_si256((const __m256i *)h);
    return _mm256_and_si256(_mm256_cmpeq_epi8(_mm256_and_si256(v, bit), bit), _mm256_set1_epi8(value));
}
static inline __m256i avx2_q3_k_codes(const assay_q3_k *b, int g) /* elements 32 g .. 32 g + 31: -4 .. 3 */
{
    const __m256i low = avx2_two_bits(b->q + 32 * (g / 4), g % 4);
    return _mm256_sub_epi8(_mm256_or_si256(low, avx2_bit(b->h, g, 4)), _mm256_set1_epi8(4));
}
static inline __m256i avx2_q5_k_codes(const assay_q5_k *b, int g) /* group g: 0 .. 31 */
{
    const __m256i v = _mm256_loadu_si256((const __m256i *)(b->q + 32 * (g / 2)));
    const __m256i low = _mm256_and_si256(g % 2 ? _mm256_srli_epi16(v, 4) : v, _mm256_set1_epi8(15));
    return _mm256_or_si256(low, avx2_bit(b->h, g, 16));
}
static inline __m256 avx2_from_i8(__m128i v) /* the low 8 bytes */
{
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(v));
}
/* y[0 .. 31] = code * d + m, d of its own for either half */
static inline void avx2_affine(float *y, __m256i codes, __m256 d0, __m256 d1, __m256 m)
{
    const __m128i a = _mm256_castsi256_si128(codes), b = _mm256_extracti128_si256(codes, 1);
    _mm256_storeu_ps(y, _mm256_fmadd_ps(avx2_from_i8(a), d0, m));
    _mm256_storeu_ps(y + 8, _mm256_fmadd_ps(avx2_from_i8(_mm_srli_si128(a, 8)), d0, m));
    _mm256_storeu_ps(y + 16, _mm256_fmadd_ps(avx2_from_i8(b), d1, m));
    _mm256_storeu_ps(y + 24, _mm256_fmadd_ps(avx2_from_i8(_mm_srli_si128(b, 8)), d1, m));
}
static inline void avx2_scaled(float *y, __m256i codes, __m256 d0, __m256 d1)
{
    const __m128i a = _mm256_castsi256_si128(codes), b = _mm256_extracti128_si256(codes, 1);
    _mm256_storeu_ps(y, _mm256_mul_ps(avx2_from_i8(a), d0));
    _mm256_storeu_ps(y + 8, _mm256_mul_ps(avx2_from_i8(_mm_srli_si128(a, 8)), d0));
    _mm256_storeu_ps(y + 16, _mm256_mul_ps(avx2_from_i8(b), d1));
    _mm256_storeu_ps(y + 24, _mm256_mul_ps(avx2_from_i8(_mm_srli_si128(b, 8)), d1));
}
static inline __m256 avx2_f16(uint16_t h) /* in all lanes */
{
    return _mm256_set1_ps(_cvtsh_ss(h));
}

static inline void avx2_decode_q4_k(float *y, const assay_q4_k *b)
{
    uint8_t sc[8], mn[8];
    q4_k_scales(b->sc, sc, mn);
    const float d = _cvtsh_ss(b->d), dmin = _cvtsh_ss(b->dmin);
    for (int g = 0; g < 8; g++) {
        const __m256 s = _mm256_set1_ps(d * sc[g]);
        avx2_affine(y + 32 * g, avx2_q4_k_codes(b, g), s, s, _mm256_set1_ps(-(dmin * mn[g])));
    }
}
static inline void avx2_decode_q6_k(float *y, const assay_q6_k *b)
{
    const float d = _cvtsh_ss(b->d);
    for (int g = 0; g < 8; g++)
        avx2_scaled(y + 32 * g, avx2_q6_k_codes(b, g), _mm256_set1_ps(d * b->sc[2 * g]),
                    _mm256_set1_ps(d * b->sc[2 * g + 1]));
}

static inline void avx2_decode_q5_k(float *y, const assay_q5_k *b)
{
    uint8_t sc[8], mn[8];
    q4_k_scales(b->sc, sc, mn);
    const float d = _cvtsh_ss(b->d), dmin = _cvtsh_ss(b->dmin);
    for (int g = 0; g < 8; g++) {
        const __m256 s = _mm256_set1_ps(d * sc[g]);
        avx2_affine(y + 32 * g, avx2_q5_k_codes(b, g), s, s, _mm256_set1_ps(-(dmin * mn[g])));
    }
}
static inline void avx2_decode_q3_k(float *y, const assay_q3_k *b)
{
    int8_t sc[16];
    q3_k_scales(b->sc, sc);
    const float d = _cvtsh_ss(b->d);
    for (int g = 0; g < 8; g++)
        avx2_scaled(y + 32 * g, avx2_q3_k_codes(b, g), _mm256_set1_ps(d * sc[2 * g]),
                    _mm256_set1_ps(d * sc[2 * g + 1]));
}
static inline void avx2_decode_q2_k(float *y, const assay_q2_k *b)
{
    const float d = _cvtsh_ss(b->d), dmin = _cvtsh_ss(b->dmin);
    for (int h = 0; h < 16; h += 2) {
        const __m256i codes = avx2_two_bits(b->q + 32 * (h / 8), h / 2 % 4);
        for (int i = 0; i < 2; i++) {
            const __m128i c = i ? _mm256_extracti128_si256(codes, 1) : _mm256_castsi256_si128(codes);
            const __m256 s = _mm256_set1_ps(d * (float)(b->sc[h + i] & 15)),
                         m = _mm256_set1_ps(-(dmin * (float)(b->sc[h + i] >> 4)));
            _mm256_storeu_ps(y + 16 * (h + i), _mm256_fmadd_ps(avx2_from_i8(c), s, m));
            _mm256_storeu_ps(y + 16 * (h + i) + 8, _mm256_fmadd_ps(avx2_from_i8(_mm_srli_si128(c, 8)), s, m));
        }
    }
}
/* Floats of 8 bits are the upper bytes of f16; e4m3's exponent has a bit less, and its bias is 8 below */
static inline void avx2_decode_8(float *y, const uint8_t *x, int64_t n, bool e4m3)
{
    int64_t i = 0;
    for (; i + 8 <= n; i += 8) {
        const __m128i v = _mm_unpacklo_epi8(_mm_setzero_si128(), _mm_loadl_epi64((const __m128i *)(x + i)));
        const __m128i sign = _mm_and_si128(v, _mm_set1_epi16((short)0x8000)),
                      size = _mm_andnot_si128(_mm_set1_epi16((short)0x8000), v);
        const __m128i nan = _mm_and_si128(_mm_cmpeq_epi16(size, _mm_set1_epi16(0x7f00)), _mm_set1_epi16(0x7e00));
        const __m128i h = e4m3 ? _mm_or_si128(_mm_or_si128(sign, _mm_srli_epi16(size, 1)), nan) : v;
        const __m256 f = _mm256_cvtph_ps(h);
        _mm256_storeu_ps(y + i, e4m3 ? _mm256_mul_ps(f, _mm256_set1_ps(256)) : f);
    }
    for (; i < n; i++)
        y[i] = e4m3 ? e4m3_from_bits(x[i]) : _cvtsh_ss((uint16_t)(x[i] << 8));
}

/* n elements of type t (whole blocks) at x, which may have any alignment */
static inline void avx2_decode(float *y, const void *x, assay_dtype t, int64_t n)
{
    int64_t i = 0;
    switch (t) {
    case ASSAY_f16:
        for (const uint16_t *h = x; i < n; i += 8) {
            if (n - i < 8) {
                for (; i < n; i++)
                    y[i] = _cvtsh_ss(h[i]);
                break;
            }
            _mm256_storeu_ps(y + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(h + i))));
        }
        break;
    case ASSAY_bf16:
        for (const uint16_t *h = x; i < n; i += 8) {
            if (n - i < 8) {
                for (; i < n; i++)
                    y[i] = f32_from_bits((uint32_t)h[i] << 16);
                break;
            }
            const __m256i v = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(h + i)));
            _mm256_storeu_ps(y + i, _mm256_castsi256_ps(_mm256_slli_epi32(v, 16)));
        }
        break;
    case ASSAY_q8_0:
        for (const assay_q8_0 *b = x; i < n; i += 32, b++)
            avx2_scaled(y + i, avx2_q8_0_codes(b), avx2_f16(b->d), avx2_f16(b->d));
        break;
    case ASSAY_q8_1:
        for (const assay_q8_1 *b = x; i < n; i += 32, b++)
            avx2_scaled(y + i, _mm256_loadu_si256((const __m256i *)b->q), avx2_f16(b->d), avx2_f16(b->d));
        break;
    case ASSAY_q4_0:
        for (const assay_q4_0 *b = x; i < n; i += 32, b++)
            avx2_scaled(y + i, avx2_q4_0_codes(b), avx2_f16(b->d), avx2_f16(b->d));
        break;
    case ASSAY_q4_1:
        for (const assay_q4_1 *b = x; i < n; i += 32, b++)
            avx2_affine(y + i, avx2_q4_1_codes(b), avx2_f16(b->d), avx2_f16(b->d), avx2_f16(b->m));
        break;
    case ASSAY_q5_0:
        for (const assay_q5_0 *b = x; i < n; i += 32, b++)
            avx2_scaled(y + i, avx2_q5_0_codes(b), avx2_f16(b->d), avx2_f16(b->d));
        break;
    case ASSAY_q5_1:
        for (const assay_q5_1 *b = x; i < n; i += 32, b++)
            avx2_affine(y + i, avx2_q5_1_codes(b), avx2_f16(b->d), avx2_f16(b->d), avx2_f16(b->m));
        break;
    case ASSAY_e4m3:
    case ASSAY_e5m2:
        avx2_decode_8(y, x, n, t == ASSAY_e4m3);
        break;
    case ASSAY_iq4_nl:
        for (const assay_iq4_nl *b = x; i < n; i += 32, b++)
            avx2_scaled(y + i, avx2_table_codes(iq4_values, b->q), avx2_f16(b->d), avx2_f16(b->d));
        break;
    case ASSAY_mxfp4:
        for (const assay_mxfp4 *b = x; i < n; i += 32, b++) {
            const __m256 d = _mm256_set1_ps(e8m0_half(b->e));
            avx2_scaled(y + i, avx2_table_codes(e2m1_values, b->q), d, d);
        }
        break;
    case ASSAY_q2_k:
        for (const assay_q2_k *b = x; i < n; i += 256, b++)
            avx2_decode_q2_k(y + i, b);
        break;
    case ASSAY_q3_k:
        for (const assay_q3_k *b = x; i < n; i += 256, b++)
            avx2_decode_q3_k(y + i, b);
        break;
    case ASSAY_q5_k:
        for (const assay_q5_k *b = x; i < n; i += 256, b++)
            avx2_decode_q5_k(y + i, b);
        break;
    case ASSAY_q4_k:
        for (const assay_q4_k *b = x; i < n; i += 256, b++)
            avx2_decode_q4_k(y + i, b);
        break;
    case ASSAY_q6_k:
        for (const assay_q6_k *b = x; i < n; i += 256, b++)
            avx2_decode_q6_k(y + i, b);
        break;
    default:
        memcpy(y, x, (size_t)n * sizeof *y); /* f32 */
    }
}
#endif
