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

/* e^x within 1.3 u over all of f32: subnormal results are rounded once, below 2^-150 it is 0, above FLT_MAX infinity,
 * -inf gives 0, NaN stays.  x = n ln 2 + r, |r| <= ln 2 / 2; e^r by a minimax polynomial of degree 6 (0.05 u).
 * 2^n is applied in two halves, so that neither overflows where the result does not. */
static inline __m256 avx2_exp(__m256 x)
{
    /* adding 1.5 2^23 + 254 leaves n + 254 in the low bits: halved and halved up, those are two biased exponents */
    const __m256 magic = _mm256_set1_ps(0x1.8p+23f + 254);
    x = _mm256_max_ps(_mm256_set1_ps(-104.0f), _mm256_min_ps(_mm256_set1_ps(89.0f), x));
    const __m256 t = _mm256_fmadd_ps(x, _mm256_set1_ps(0x1.715476p+0f), magic), n = _mm256_sub_ps(t, magic);
    __m256 r = _mm256_fnmadd_ps(n, _mm256_set1_ps(0x1.62e430p-1f), x);
    r = _mm256_fnmadd_ps(n, _mm256_set1_ps(-0x1.05c610p-29f), r);
    __m256 p = _mm256_fmadd_ps(_mm256_set1_ps(0x1.6a2434p-10f), r, _mm256_set1_ps(0x1.1239e2p-7f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(0x1.5558f2p-5f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(0x1.555492p-3f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(0x1.fffffcp-2f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0f));
    const __m256i i = _mm256_castps_si256(t), low = _mm256_srli_epi32(i, 1);
    const __m256i a = _mm256_slli_epi32(low, 23), b = _mm256_slli_epi32(_mm256_sub_epi32(i, low), 23);
    return _mm256_mul_ps(_mm256_mul_ps(p, _mm256_castsi256_ps(a)), _mm256_castsi256_ps(b));
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
/* 16 halfs at p as floats */
static inline __m512 avx512_f16(const uint16_t *p)
{
#ifdef ASSAY_SIMDE
    float t[16];
    _mm256_storeu_ps(t, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p)));
    _mm256_storeu_ps(t + 8, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(p + 8))));
    return _mm512_loadu_ps(t);
#else
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
#endif
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
/* avx2_exp in 16 lanes */
static inline __m512 avx512_exp(__m512 x)
{
    x = _mm512_max_ps(_mm512_set1_ps(-104.0f), _mm512_min_ps(_mm512_set1_ps(89.0f), x));
    const __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(0x1.715476p+0f)), _MM_FROUND_TO_NEAREST_INT);
    __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0x1.62e430p-1f), x);
    r = _mm512_fnmadd_ps(n, _mm512_set1_ps(-0x1.05c610p-29f), r);
    __m512 p = _mm512_fmadd_ps(_mm512_set1_ps(0x1.6a2434p-10f), r, _mm512_set1_ps(0x1.1239e2p-7f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0x1.5558f2p-5f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0x1.555492p-3f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0x1.fffffcp-2f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f));
    return avx512_scale(p, n);
}
#endif
#endif
