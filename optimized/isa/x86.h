/* SPDX-License-Identifier: MIT
 * x86.h - helpers that every x86 kernel may use: static inline only.  With ASSAY_SIMDE the AVX-512 intrinsics come
 * from SIMDe (portable C over AVX2), so that the logic of those kernels is judged on hosts that lack the instructions.
 */
#ifndef ASSAY_ISA_X86_H
#define ASSAY_ISA_X86_H
#include "assay/blocks.h"
#include "rows.h"
#ifdef ASSAY_SIMDE
#pragma GCC diagnostic ignored "-Wpsabi" /* 64-byte vectors go by memory: nothing here crosses a file */
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>
#include <simde/x86/fma.h>
#include <simde/x86/f16c.h>
#else
#include <immintrin.h>
#endif
#include <math.h>
#include <string.h>

/* Lane mask of the first n of 8 lanes. */
static inline __m256i avx2_tail(int64_t n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
static inline float avx2_sum(__m256 v)
{
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}
static inline float avx2_top(__m256 v)
{
    __m128 s = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    s = _mm_max_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}

/* The low or high bytes of words, floats of 8 bits, as f16: of e4m3 a 256th, for its exponent has a bit less */
static inline __m128i avx2_float8(__m128i w, bool high, bool e4m3)
{
    const __m128i top = high ? w : _mm_slli_epi16(w, 8);
    if (e4m3)
        return _mm_and_si128(_mm_srai_epi16(top, 1), _mm_set1_epi16((short)0xbf80));
    return high ? _mm_and_si128(w, _mm_set1_epi16((short)0xff00)) : top;
}

#if defined(ASSAY_SIMDE) || defined(__AVX512F__)
/* Lane mask of the first n of 16 lanes, 0 <= n <= 16. */
static inline __mmask16 avx512_tail(int64_t n)
{
    return (__mmask16)((1u << n) - 1u);
}
#ifdef ASSAY_SIMDE /* SIMDe 0.7.4 has neither masked loads and stores nor extractf32x8 */
static inline __m256 avx512_half(__m512 v, int h)
{
    float t[16];
    _mm512_storeu_ps(t, v);
    return _mm256_loadu_ps(t + 8 * h);
}
static inline __m512 avx512_load(__mmask16 m, const float *p)
{
    float t[16] = { 0 };
    for (int i = 0; i < 16; i++)
        if (m >> i & 1)
            t[i] = p[i];
    return _mm512_loadu_ps(t);
}
static inline void avx512_store(float *p, __mmask16 m, __m512 v)
{
    float t[16];
    _mm512_storeu_ps(t, v);
    for (int i = 0; i < 16; i++)
        if (m >> i & 1)
            p[i] = t[i];
}
#else
static inline __m256 avx512_half(__m512 v, int h)
{
    return h ? _mm512_extractf32x8_ps(v, 1) : _mm512_castps512_ps256(v);
}
static inline __m512 avx512_load(__mmask16 m, const float *p) /* lanes not in m are zero and not read */
{
    return _mm512_maskz_loadu_ps(m, p);
}
static inline void avx512_store(float *p, __mmask16 m, __m512 v)
{
    _mm512_mask_storeu_ps(p, m, v);
}
#endif
static inline __m512 avx512_from_i32(__m512i v)
{
#ifdef ASSAY_SIMDE
    float t[16];
    int32_t i[16];
    _mm512_storeu_si512(i, v);
    for (int k = 0; k < 16; k++)
        t[k] = (float)i[k];
    return _mm512_loadu_ps(t);
#else
    return _mm512_cvtepi32_ps(v);
#endif
}
/* 16 halfs as floats; those at p; avx2_float8 of 16 words */
static inline __m512 avx512_f16_of(__m256i h)
{
#ifdef ASSAY_SIMDE
    float t[16];
    _mm256_storeu_ps(t, _mm256_cvtph_ps(_mm256_castsi256_si128(h)));
    _mm256_storeu_ps(t + 8, _mm256_cvtph_ps(_mm256_extracti128_si256(h, 1)));
    return _mm512_loadu_ps(t);
#else
    return _mm512_cvtph_ps(h);
#endif
}
static inline __m512 avx512_f16(const uint16_t *p)
{
    return avx512_f16_of(_mm256_loadu_si256((const __m256i *)p));
}
static inline __m256i avx512_float8(__m256i w, bool high, bool e4m3)
{
    const __m256i top = high ? w : _mm256_slli_epi16(w, 8);
    if (e4m3)
        return _mm256_and_si256(_mm256_srai_epi16(top, 1), _mm256_set1_epi16((short)0xbf80));
    return high ? _mm256_and_si256(w, _mm256_set1_epi16((short)0xff00)) : top;
}
static inline float avx512_sum(__m512 v)
{
    return avx2_sum(_mm256_add_ps(avx512_half(v, 0), avx512_half(v, 1)));
}
/* p 2^n, rounded once (SIMDe's own scalef loses it where 2^n alone underflows). */
static inline __m512 avx512_scale(__m512 p, __m512 n)
{
#ifdef ASSAY_SIMDE
    float x[16], e[16];
    _mm512_storeu_ps(x, p);
    _mm512_storeu_ps(e, n);
    for (int i = 0; i < 16; i++)
        x[i] = ldexpf(x[i], e[i] == e[i] ? (int)e[i] : 0);
    return _mm512_loadu_ps(x);
#else
    return _mm512_scalef_ps(p, n);
#endif
}
#endif
#endif
