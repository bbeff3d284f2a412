/* SPDX-License-Identifier: MIT
 * encode_avx512.h - encode_avx2.h with 16 lanes: four blocks at a time, the scales of four in one vector of 4. */
#ifndef ASSAY_ISA_ENCODE_AVX512_H
#define ASSAY_ISA_ENCODE_AVX512_H
#include "encode_avx2.h"

static inline void avx512_inverses(float *y, const float *x, int64_t n)
{
    avx2_inverses(y, x, n);
}

/* 16 floats to bytes, toward zero, -128 .. 127 */
static inline __m128i avx512_trunc_i8(__m512 t)
{
#ifdef ASSAY_SIMDE
    const __m256i a = _mm256_cvttps_epi32(avx512_half(t, 0)), b = _mm256_cvttps_epi32(avx512_half(t, 1));
    const __m256i w = _mm256_permute4x64_epi64(_mm256_packs_epi32(a, b), 0xd8);
    return _mm_packs_epi16(_mm256_castsi256_si128(w), _mm256_extracti128_si256(w, 1));
#else
    return _mm512_cvtepi32_epi8(_mm512_cvttps_epi32(t));
#endif
}
static inline __m512i avx512_abs_bits(const float *x)
{
    return _mm512_and_si512(_mm512_castps_si512(_mm512_loadu_ps(x)), _mm512_set1_epi32(0x7fffffff));
}
/* The largest magnitude of 32, as an integer, in one of 8 lanes */
static inline __m256i avx512_amax_bits(const float x[32])
{
    const __m512 m = _mm512_castsi512_ps(_mm512_max_epi32(avx512_abs_bits(x), avx512_abs_bits(x + 16)));
    return _mm256_max_epi32(_mm256_castps_si256(avx512_half(m, 0)), _mm256_castps_si256(avx512_half(m, 1)));
}
/* Lane i of the result: the largest magnitude of block i; lanes beyond k repeat the last */
static inline __m128i avx512_amax4(const float *x, int k)
{
    __m256i m[4];
    for (int i = 0; i < 4; i++)
        m[i] = avx512_amax_bits(x + 32 * (i < k ? i : k - 1));
    return avx2_max4_epi32(m);
}
static inline int avx512_not_finite(__m128i bits)
{
    return _mm_movemask_ps(_mm_castsi128_ps(_mm_cmpgt_epi32(bits, _mm_set1_epi32(0x7f7fffff))));
}
/* The first of 32 whose magnitude has these bits, with its sign */
static inline float avx512_first(const float x[32], int bits)
{
    const __m512i m = _mm512_set1_epi32(bits);
    const unsigned lo = _mm512_cmpeq_epi32_mask(avx512_abs_bits(x), m);
    const unsigned hi = _mm512_cmpeq_epi32_mask(avx512_abs_bits(x + 16), m);
    return x[__builtin_ctz(lo | hi << 16)];
}

/* 16 codes of q8: to nearest, ties away from zero */
static inline __m128i avx512_q8_codes(const float x[16], __m512 id)
{
    const __m512 t = _mm512_mul_ps(_mm512_loadu_ps(x), id);
    const __m512 sign = _mm512_and_ps(t, _mm512_set1_ps(-0.0f));
    return avx512_trunc_i8(_mm512_add_ps(t, _mm512_or_ps(sign, _mm512_set1_ps(0.49999997f))));
}
static inline void avx512_encode_q8_0_group(assay_q8_0 *y, const float *x, int k)
{
    float inv[4];
    uint16_t h[4];
    const __m128i amax = avx512_amax4(x, k);
    const __m128 d = _mm_div_ps(_mm_castsi128_ps(amax), _mm_set1_ps(127.0f));
    _mm_storeu_ps(inv, avx2_inverse(d));
    avx2_halves(h, d);
    for (int i = 0; i < k; i++) {
        const __m512 id = _mm512_set1_ps(inv[i]);
        y[i].d = h[i];
        _mm_storeu_si128((__m128i *)y[i].q, avx512_q8_codes(x + 32 * i, id));
        _mm_storeu_si128((__m128i *)(y[i].q + 16), avx512_q8_codes(x + 32 * i + 16, id));
    }
    for (int i = 0, bad = avx512_not_finite(amax); bad && i < k; i++)
        if (bad >> i & 1) {
            y[i].d = F16_QNAN;
            memset(y[i].q, 0, 32);
        }
}
static inline void avx512_encode_q8_1_group(assay_q8_1 *y, const float *x, int k)
{
    float inv[4];
    uint16_t h[4], s[4];
    int sum[4] = { 0, 0, 0, 0 };
    const __m128i amax = avx512_amax4(x, k);
    const __m128 d = _mm_div_ps(_mm_castsi128_ps(amax), _mm_set1_ps(127.0f));
    const int bad = avx512_not_finite(amax);
    _mm_storeu_ps(inv, avx2_inverse(d));
    avx2_halves(h, d);
    for (int i = 0; i < k; i++) {
        const __m512 id = _mm512_set1_ps(inv[i]);
        const __m128i lo = avx512_q8_codes(x + 32 * i, id), hi = avx512_q8_codes(x + 32 * i + 16, id);
        const __m256i q = _mm256_set_m128i(hi, lo);
        sum[i] = avx2_sum_i8(q);
        _mm256_storeu_si256((__m256i *)y[i].q, q);
    }
    avx2_halves(s, _mm_mul_ps(_mm_cvtepi32_ps(_mm_loadu_si128((const __m128i *)sum)), d));
    for (int i = 0; i < k; i++) {
        y[i].d = h[i], y[i].s = s[i];
        if (bad >> i & 1) {
            y[i].d = y[i].s = F16_QNAN;
            memset(y[i].q, 0, 32);
        }
    }
}

/* t0, t1: 32 codes before truncation; clamped to 15; element j low, j + 16 high */
static inline void avx512_q4_store(uint8_t q[16], __m512 t0, __m512 t1)
{
    const __m128i top = _mm_set1_epi8(15);
    const __m128i lo = _mm_min_epi8(avx512_trunc_i8(t0), top), hi = _mm_min_epi8(avx512_trunc_i8(t1), top);
    _mm_storeu_si128((__m128i *)q, _mm_or_si128(lo, _mm_slli_epi16(hi, 4)));
}
static inline void avx512_encode_q4_0_group(assay_q4_0 *y, const float *x, int k)
{
    int amax[4];
    float mx[4] = { 0, 0, 0, 0 }, inv[4];
    uint16_t h[4];
    const __m128i bits = avx512_amax4(x, k);
    _mm_storeu_si128((__m128i *)amax, bits);
    for (int i = 0; i < k; i++)
        if (amax[i])
            mx[i] = avx512_first(x + 32 * i, amax[i]);
    const __m128 d = _mm_mul_ps(_mm_loadu_ps(mx), _mm_set1_ps(-0.125f));
    _mm_storeu_ps(inv, avx2_inverse(d));
    avx2_halves(h, d);
    const __m512 half = _mm512_set1_ps(8.5f);
    for (int i = 0; i < k; i++) {
        const __m512 s = _mm512_set1_ps(inv[i]);
        y[i].d = h[i];
        avx512_q4_store(y[i].q, _mm512_add_ps(_mm512_mul_ps(_mm512_loadu_ps(x + 32 * i), s), half),
                        _mm512_add_ps(_mm512_mul_ps(_mm512_loadu_ps(x + 32 * i + 16), s), half));
    }
    for (int i = 0, bad = avx512_not_finite(bits); bad && i < k; i++)
        if (bad >> i & 1) {
            y[i].d = F16_QNAN;
            memset(y[i].q, 0x88, 16);
        }
}

/* Lane i of *lo, *hi: the smallest and largest of block i */
static inline void avx512_range4(const float *x, int k, __m128 *lo, __m128 *hi)
{
    __m128 l[4], g[4];
    for (int i = 0; i < 4; i++) {
        const float *v = x + 32 * (i < k ? i : k - 1);
        const __m512 mn = _mm512_min_ps(_mm512_loadu_ps(v), _mm512_loadu_ps(v + 16));
        const __m512 mx = _mm512_max_ps(_mm512_loadu_ps(v), _mm512_loadu_ps(v + 16));
        const __m256 a = _mm256_min_ps(avx512_half(mn, 0), avx512_half(mn, 1));
        const __m256 b = _mm256_max_ps(avx512_half(mx, 0), avx512_half(mx, 1));
        l[i] = _mm_min_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
        g[i] = _mm_max_ps(_mm256_castps256_ps128(b), _mm256_extractf128_ps(b, 1));
    }
    _MM_TRANSPOSE4_PS(l[0], l[1], l[2], l[3]);
    _MM_TRANSPOSE4_PS(g[0], g[1], g[2], g[3]);
    *lo = _mm_min_ps(_mm_min_ps(l[0], l[1]), _mm_min_ps(l[2], l[3]));
    *hi = _mm_max_ps(_mm_max_ps(g[0], g[1]), _mm_max_ps(g[2], g[3]));
}
static inline void avx512_encode_q4_1_group(assay_q4_1 *y, const float *x, int k)
{
    __m128 lo, hi;
    float low[4], inv[4];
    uint16_t h[4], hm[4];
    avx512_range4(x, k, &lo, &hi);
    /* hi - lo is never negative; of equal zeros the difference may be -0 */
    const __m128 d = _mm_andnot_ps(_mm_set1_ps(-0.0f), _mm_div_ps(_mm_sub_ps(hi, lo), _mm_set1_ps(15.0f)));
    _mm_storeu_ps(inv, avx2_inverse(d));
    _mm_storeu_ps(low, lo);
    for (int i = 0; i < k; i++)
        if (low[i] == 0) /* the first zero says which zero is stored */
            low[i] = avx512_first(x + 32 * i, 0);
    avx2_halves(h, d);
    avx2_halves(hm, _mm_loadu_ps(low));
    const __m512 half = _mm512_set1_ps(0.5f);
    for (int i = 0; i < k; i++) {
        const __m512 s = _mm512_set1_ps(inv[i]), o = _mm512_set1_ps(low[i]);
        const __m512 v0 = _mm512_sub_ps(_mm512_loadu_ps(x + 32 * i), o);
        const __m512 v1 = _mm512_sub_ps(_mm512_loadu_ps(x + 32 * i + 16), o);
        y[i].d = h[i], y[i].m = hm[i];
        avx512_q4_store(y[i].q, _mm512_add_ps(_mm512_mul_ps(v0, s), half), _mm512_add_ps(_mm512_mul_ps(v1, s), half));
    }
    const int bad = avx512_not_finite(avx512_amax4(x, k)) | avx512_not_finite(_mm_castps_si128(d));
    for (int i = 0; bad && i < k; i++)
        if (bad >> i & 1) {
            y[i].d = y[i].m = F16_QNAN;
            memset(y[i].q, 0, 16);
        }
}

/* ---- rows of whole blocks ---- */

static inline void avx512_encode_q8_0(assay_q8_0 *y, const float *x, int64_t n)
{
    const int64_t blocks = n / 32;
    int64_t i = 0;
    for (; i + 4 <= blocks; i += 4)
        avx512_encode_q8_0_group(y + i, x + 32 * i, 4);
    if (i < blocks)
        avx512_encode_q8_0_group(y + i, x + 32 * i, (int)(blocks - i));
}
static inline void avx512_encode_q8_1(assay_q8_1 *y, const float *x, int64_t n)
{
    const int64_t blocks = n / 32;
    int64_t i = 0;
    for (; i + 4 <= blocks; i += 4)
        avx512_encode_q8_1_group(y + i, x + 32 * i, 4);
    if (i < blocks)
        avx512_encode_q8_1_group(y + i, x + 32 * i, (int)(blocks - i));
}
static inline void avx512_encode_q4_0(assay_q4_0 *y, const float *x, int64_t n)
{
    const int64_t blocks = n / 32;
    int64_t i = 0;
    for (; i + 4 <= blocks; i += 4)
        avx512_encode_q4_0_group(y + i, x + 32 * i, 4);
    if (i < blocks)
        avx512_encode_q4_0_group(y + i, x + 32 * i, (int)(blocks - i));
}
static inline void avx512_encode_q4_1(assay_q4_1 *y, const float *x, int64_t n)
{
    const int64_t blocks = n / 32;
    int64_t i = 0;
    for (; i + 4 <= blocks; i += 4)
        avx512_encode_q4_1_group(y + i, x + 32 * i, 4);
    if (i < blocks)
        avx512_encode_q4_1_group(y + i, x + 32 * i, (int)(blocks - i));
}

/* ---- 16-bit floats ---- */

static inline void avx512_encode_f16(uint16_t *y, const float *x, int64_t n)
{
    int64_t i = 0;
#ifndef ASSAY_SIMDE
    for (; i + 16 <= n; i += 16)
        _mm256_storeu_si256((__m256i *)(y + i),
                            _mm512_cvtps_ph(_mm512_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
#endif
    avx2_encode_f16(y + i, x + i, n - i);
}
static inline void avx512_encode_bf16(uint16_t *y, const float *x, int64_t n)
{
    int64_t i = 0;
#ifndef ASSAY_SIMDE
    for (; i + 16 <= n; i += 16) {
        const __m512 f = _mm512_loadu_ps(x + i);
        const __m512i u = _mm512_castps_si512(f), high = _mm512_srli_epi32(u, 16);
        const __m512i odd = _mm512_and_si512(high, _mm512_set1_epi32(1));
        const __m512i r = _mm512_srli_epi32(_mm512_add_epi32(_mm512_add_epi32(u, _mm512_set1_epi32(0x7fff)), odd), 16);
        const __mmask16 nan = _mm512_cmp_ps_mask(f, f, _CMP_UNORD_Q);
        const __m512i w = _mm512_mask_or_epi32(r, nan, high, _mm512_set1_epi32(0x40));
        _mm256_storeu_si256((__m256i *)(y + i), _mm512_cvtepi32_epi16(w));
    }
#endif
    avx2_encode_bf16(y + i, x + i, n - i);
}
#endif
