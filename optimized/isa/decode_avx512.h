/* SPDX-License-Identifier: MIT
 * decode_avx512.h - decode_avx2.h with 16 results per instruction; the codes of 32 elements are the same 32 bytes. */
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
static inline __m512 avx512_bf16(const uint16_t *p)
{
    const __m256i a = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p));
    const __m256i b = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(p + 8)));
    return avx512_join(_mm256_castsi256_ps(_mm256_slli_epi32(a, 16)), _mm256_castsi256_ps(_mm256_slli_epi32(b, 16)));
}
#else
static inline __m512 avx512_from_i8(__m128i v)
{
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(v));
}
static inline __m512 avx512_bf16(const uint16_t *p)
{
    const __m512i v = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p));
    return _mm512_castsi512_ps(_mm512_slli_epi32(v, 16));
}
#endif
/* y[0 .. 31] = code d + m */
static inline void avx512_affine(float *y, __m256i codes, __m512 d, __m512 m)
{
    _mm512_storeu_ps(y, _mm512_fmadd_ps(avx512_from_i8(_mm256_castsi256_si128(codes)), d, m));
    _mm512_storeu_ps(y + 16, _mm512_fmadd_ps(avx512_from_i8(_mm256_extracti128_si256(codes, 1)), d, m));
}
/* y[0 .. 31] = code d, d of its own for either half */
static inline void avx512_scaled(float *y, __m256i codes, __m512 d0, __m512 d1)
{
    _mm512_storeu_ps(y, _mm512_mul_ps(avx512_from_i8(_mm256_castsi256_si128(codes)), d0));
    _mm512_storeu_ps(y + 16, _mm512_mul_ps(avx512_from_i8(_mm256_extracti128_si256(codes, 1)), d1));
}
static inline void avx512_scaled_f16(float *y, __m256i codes, uint16_t d)
{
    const __m512 s = _mm512_set1_ps(_cvtsh_ss(d));
    avx512_scaled(y, codes, s, s);
}
static inline void avx512_decode_q4_k(float *y, const assay_q4_k *b)
{
    uint8_t sc[8], mn[8];
    q4_k_scales(b->sc, sc, mn);
    const float d = _cvtsh_ss(b->d), dmin = _cvtsh_ss(b->dmin);
    for (int g = 0; g < 8; g++)
        avx512_affine(y + 32 * g, avx2_q4_k_codes(b, g), _mm512_set1_ps(d * sc[g]), _mm512_set1_ps(-(dmin * mn[g])));
}
static inline void avx512_decode_q6_k(float *y, const assay_q6_k *b)
{
    const float d = _cvtsh_ss(b->d);
    for (int g = 0; g < 8; g++)
        avx512_scaled(y + 32 * g, avx2_q6_k_codes(b, g), _mm512_set1_ps(d * b->sc[2 * g]),
                      _mm512_set1_ps(d * b->sc[2 * g + 1]));
}

static inline void avx512_decode_q5_k(float *y, const assay_q5_k *b)
{
    uint8_t sc[8], mn[8];
    q4_k_scales(b->sc, sc, mn);
    const float d = _cvtsh_ss(b->d), dmin = _cvtsh_ss(b->dmin);
    for (int g = 0; g < 8; g++)
        avx512_affine(y + 32 * g, avx2_q5_k_codes(b, g), _mm512_set1_ps(d * sc[g]), _mm512_set1_ps(-(dmin * mn[g])));
}
static inline void avx512_decode_q3_k(float *y, const assay_q3_k *b)
{
    int8_t sc[16];
    q3_k_scales(b->sc, sc);
    const float d = _cvtsh_ss(b->d);
    for (int g = 0; g < 8; g++)
        avx512_scaled(y + 32 * g, avx2_q3_k_codes(b, g), _mm512_set1_ps(d * sc[2 * g]),
                      _mm512_set1_ps(d * sc[2 * g + 1]));
}
static inline void avx512_decode_q2_k(float *y, const assay_q2_k *b)
{
    const float d = _cvtsh_ss(b->d), dmin = _cvtsh_ss(b->dmin);
    for (int h = 0; h < 16; h += 2) {
        const __m256i codes = avx2_two_bits(b->q + 32 * (h / 8), h / 2 % 4);
        for (int i = 0; i < 2; i++) {
            const __m512 s = _mm512_set1_ps(d * (float)(b->sc[h + i] & 15));
            const __m512 m = _mm512_set1_ps(-(dmin * (float)(b->sc[h + i] >> 4)));
            const __m128i c = i ? _mm256_extracti128_si256(codes, 1) : _mm256_castsi256_si128(codes);
            _mm512_storeu_ps(y + 16 * (h + i), _mm512_fmadd_ps(avx512_from_i8(c), s, m));
        }
    }
}

/* n elements of type t (whole blocks) at x, which may have any alignment */
static inline void avx512_decode(float *y, const void *x, assay_dtype t, int64_t n)
{
    int64_t i = 0;
    switch (t) {
    case ASSAY_f16:
        for (const uint16_t *h = x; i + 16 <= n; i += 16)
            _mm512_storeu_ps(y + i, avx512_f16(h + i));
        avx2_decode(y + i, (const uint16_t *)x + i, t, n - i);
        break;
    case ASSAY_bf16:
        for (const uint16_t *h = x; i + 16 <= n; i += 16)
            _mm512_storeu_ps(y + i, avx512_bf16(h + i));
        avx2_decode(y + i, (const uint16_t *)x + i, t, n - i);
        break;
    case ASSAY_q8_0:
        for (const assay_q8_0 *b = x; i < n; i += 32, b++)
            avx512_scaled_f16(y + i, avx2_q8_0_codes(b), b->d);
        break;
    case ASSAY_q8_1:
        for (const assay_q8_1 *b = x; i < n; i += 32, b++)
            avx512_scaled_f16(y + i, _mm256_loadu_si256((const __m256i *)b->q), b->d);
        break;
    case ASSAY_q4_0:
        for (const assay_q4_0 *b = x; i < n; i += 32, b++)
            avx512_scaled_f16(y + i, avx2_q4_0_codes(b), b->d);
        break;
    case ASSAY_q4_1:
        for (const assay_q4_1 *b = x; i < n; i += 32, b++)
            avx512_affine(y + i, avx2_q4_1_codes(b), _mm512_set1_ps(_cvtsh_ss(b->d)), _mm512_set1_ps(_cvtsh_ss(b->m)));
        break;
    case ASSAY_q5_0:
        for (const assay_q5_0 *b = x; i < n; i += 32, b++)
            avx512_scaled_f16(y + i, avx2_q5_0_codes(b), b->d);
        break;
    case ASSAY_q5_1:
        for (const assay_q5_1 *b = x; i < n; i += 32, b++)
            avx512_affine(y + i, avx2_q5_1_codes(b), _mm512_set1_ps(_cvtsh_ss(b->d)), _mm512_set1_ps(_cvtsh_ss(b->m)));
        break;
    case ASSAY_e4m3:
    case ASSAY_e5m2:
        avx2_decode_8(y, x, n, t == ASSAY_e4m3);
        break;
    case ASSAY_iq4_nl:
        for (const assay_iq4_nl *b = x; i < n; i += 32, b++)
            avx512_scaled_f16(y + i, avx2_table_codes(iq4_values, b->q), b->d);
        break;
    case ASSAY_mxfp4:
        for (const assay_mxfp4 *b = x; i < n; i += 32, b++) {
            const __m512 d = _mm512_set1_ps(e8m0_half(b->e));
            avx512_scaled(y + i, avx2_table_codes(e2m1_values, b->q), d, d);
        }
        break;
    case ASSAY_q2_k:
        for (const assay_q2_k *b = x; i < n; i += 256, b++)
            avx512_decode_q2_k(y + i, b);
        break;
    case ASSAY_q3_k:
        for (const assay_q3_k *b = x; i < n; i += 256, b++)
            avx512_decode_q3_k(y + i, b);
        break;
    case ASSAY_q5_k:
        for (const assay_q5_k *b = x; i < n; i += 256, b++)
            avx512_decode_q5_k(y + i, b);
        break;
    case ASSAY_q4_k:
        for (const assay_q4_k *b = x; i < n; i += 256, b++)
            avx512_decode_q4_k(y + i, b);
        break;
    case ASSAY_q6_k:
        for (const assay_q6_k *b = x; i < n; i += 256, b++)
            avx512_decode_q6_k(y + i, b);
        break;
    default:
        memcpy(y, x, (size_t)n * sizeof *y); /* f32 */
    }
}
#endif
