/* SPDX-License-Identifier: MIT
 * encode_avx2.h - from f32 to blocks and 16-bit floats, bit for bit by the rules of reference/core/dtype_blocks.c;
 * matmul kernels round their activations with these.  Four blocks at a time, so that the divisions of four scales
 * and the horizontal maxima share their instructions. */
#ifndef ASSAY_ISA_ENCODE_AVX2_H
#define ASSAY_ISA_ENCODE_AVX2_H
#include "blocks.h"
#include "x86.h"

enum { F16_QNAN = 0x7e00 };
#define UNROLL4 _Pragma("GCC unroll 4") /* or vectors of four blocks live in memory */

/* Lane i of the result: the largest of v[i] */
static inline __m128i avx2_max4_epi32(const __m256i v[4])
{
    __m128i t[4];
    UNROLL4
    for (int i = 0; i < 4; i++)
        t[i] = _mm_max_epi32(_mm256_castsi256_si128(v[i]), _mm256_extracti128_si256(v[i], 1));
    const __m128i a = _mm_max_epi32(_mm_unpacklo_epi32(t[0], t[1]), _mm_unpackhi_epi32(t[0], t[1]));
    const __m128i b = _mm_max_epi32(_mm_unpacklo_epi32(t[2], t[3]), _mm_unpackhi_epi32(t[2], t[3]));
    return _mm_max_epi32(_mm_unpacklo_epi64(a, b), _mm_unpackhi_epi64(a, b));
}
/* Floats as ordered integers (non-negative ones; a NaN is largest) */
static inline __m256i avx2_abs_bits(const float *x)
{
    return _mm256_and_si256(_mm256_loadu_si256((const __m256i *)x), _mm256_set1_epi32(0x7fffffff));
}
static inline __m256i avx2_amax_bits(const float x[32])
{
    return _mm256_max_epi32(_mm256_max_epi32(avx2_abs_bits(x), avx2_abs_bits(x + 8)),
                            _mm256_max_epi32(avx2_abs_bits(x + 16), avx2_abs_bits(x + 24)));
}
/* 1/d, or 0 where that is not finite */
static inline __m128 avx2_inverse(__m128 d)
{
    const __m128 id = _mm_div_ps(_mm_set1_ps(1.0f), d);
    const __m128 size = _mm_andnot_ps(_mm_set1_ps(-0.0f), id);
    return _mm_and_ps(id, _mm_cmplt_ps(size, _mm_set1_ps(INFINITY)));
}
static inline void avx2_inverses(float *y, const float *x, int64_t n) /* n % 4 == 0: for assay primitives */
{
    for (int64_t i = 0; i < n; i += 4)
        _mm_storeu_ps(y + i, avx2_inverse(_mm_loadu_ps(x + i)));
}
/* The first of 32 whose magnitude has these bits, with its sign */
static inline float avx2_first(const float x[32], int bits)
{
    const __m256i m = _mm256_set1_epi32(bits);
    const __m256i a =
        _mm256_packs_epi32(_mm256_cmpeq_epi32(avx2_abs_bits(x), m), _mm256_cmpeq_epi32(avx2_abs_bits(x + 8), m));
    const __m256i b =
        _mm256_packs_epi32(_mm256_cmpeq_epi32(avx2_abs_bits(x + 16), m), _mm256_cmpeq_epi32(avx2_abs_bits(x + 24), m));
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    const __m256i hit = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(a, b), order);
    return x[__builtin_ctz((unsigned)_mm256_movemask_epi8(hit))];
}
/* To nearest, ties away from zero: 0.49999997 is the float below a half, so that only a true half is carried over */
static inline __m256i avx2_round_away(__m256 t)
{
    const __m256 half = _mm256_or_ps(_mm256_and_ps(t, _mm256_set1_ps(-0.0f)), _mm256_set1_ps(0.49999997f));
    return _mm256_cvttps_epi32(_mm256_add_ps(t, half));
}
static inline __m256i avx2_pack32(__m256i a, __m256i b, __m256i c, __m256i d) /* 32 integers to bytes, in order */
{
    const __m256i v = _mm256_packs_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
    return _mm256_permutevar8x32_epi32(v, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}
/* Four f16 in the low 64 bits */
static inline void avx2_halves(uint16_t h[4], __m128 v)
{
    _mm_storel_epi64((__m128i *)h, _mm_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

/* The scales d of blocks x, x + 32, ... and their inverses for q8_0 and q8_1.  k = 1 .. 4 blocks; lanes beyond repeat
 * the last.  Returns one bit per block that holds a NaN or an infinity. */
static inline int avx2_q8_scales(const float *x, int k, __m128 *d, __m128 *id)
{
    __m256i m[4];
    UNROLL4
    for (int i = 0; i < 4; i++)
        m[i] = avx2_amax_bits(x + 32 * (i < k ? i : k - 1));
    const __m128i amax = avx2_max4_epi32(m);
    *d = _mm_div_ps(_mm_castsi128_ps(amax), _mm_set1_ps(127.0f));
    *id = avx2_inverse(*d);
    return _mm_movemask_ps(_mm_castsi128_ps(_mm_cmpgt_epi32(amax, _mm_set1_epi32(0x7f7fffff))));
}
static inline __m256i avx2_q8_codes(const float x[32], float id)
{
    const __m256 s = _mm256_set1_ps(id);
    return avx2_pack32(avx2_round_away(_mm256_mul_ps(_mm256_loadu_ps(x), s)),
                       avx2_round_away(_mm256_mul_ps(_mm256_loadu_ps(x + 8), s)),
                       avx2_round_away(_mm256_mul_ps(_mm256_loadu_ps(x + 16), s)),
                       avx2_round_away(_mm256_mul_ps(_mm256_loadu_ps(x + 24), s)));
}
static inline int avx2_sum_i8(__m256i q)
{
    const __m256i ones = _mm256_set1_epi8(1);
    const __m256i w = _mm256_madd_epi16(_mm256_maddubs_epi16(ones, q), _mm256_set1_epi16(1));
    __m128i s = _mm_add_epi32(_mm256_castsi256_si128(w), _mm256_extracti128_si256(w, 1));
    s = _mm_add_epi32(s, _mm_unpackhi_epi64(s, s));
    return _mm_cvtsi128_si32(s) + _mm_extract_epi32(s, 1);
}

static inline __attribute__((always_inline)) void avx2_encode_q8_0_group(assay_q8_0 *y, const float *x, int k)
{
    __m128 d, id;
    float inv[4];
    uint16_t h[4];
    const int bad = avx2_q8_scales(x, k, &d, &id);
    _mm_storeu_ps(inv, id);
    avx2_halves(h, d);
    UNROLL4
    for (int i = 0; i < k; i++) {
        y[i].d = h[i];
        _mm256_storeu_si256((__m256i *)y[i].q, avx2_q8_codes(x + 32 * i, inv[i]));
    }
    for (int i = 0; bad && i < k; i++)
        if (bad >> i & 1) {
            y[i].d = F16_QNAN;
            memset(y[i].q, 0, 32);
        }
}
static inline void avx2_encode_q8_0(assay_q8_0 *y, const float *x, int64_t n)
{
    const int64_t blocks = n / 32;
    int64_t i = 0;
    for (; i + 4 <= blocks; i += 4)
        avx2_encode_q8_0_group(y + i, x + 32 * i, 4);
    if (i < blocks)
        avx2_encode_q8_0_group(y + i, x + 32 * i, (int)(blocks - i));
}

static inline __attribute__((always_inline)) void avx2_encode_q8_1_group(assay_q8_1 *y, const float *x, int k)
{
    __m128 d, id;
    float inv[4];
    uint16_t h[4], s[4];
    int sum[4] = { 0, 0, 0, 0 };
    const int bad = avx2_q8_scales(x, k, &d, &id);
    _mm_storeu_ps(inv, id);
    avx2_halves(h, d);
    UNROLL4
    for (int i = 0; i < k; i++) {
        const __m256i q = avx2_q8_codes(x + 32 * i, inv[i]);
        sum[i] = avx2_sum_i8(q);
        _mm256_storeu_si256((__m256i *)y[i].q, q);
    }
    avx2_halves(s, _mm_mul_ps(_mm_cvtepi32_ps(_mm_loadu_si128((const __m128i *)sum)), d));
    UNROLL4
    for (int i = 0; i < k; i++) {
        y[i].d = h[i], y[i].s = s[i];
        if (bad >> i & 1) {
            y[i].d = y[i].s = F16_QNAN;
            memset(y[i].q, 0, 32);
        }
    }
}
static inline void avx2_encode_q8_1(assay_q8_1 *y, const float *x, int64_t n)
{
    const int64_t blocks = n / 32;
    int64_t i = 0;
    for (; i + 4 <= blocks; i += 4)
        avx2_encode_q8_1_group(y + i, x + 32 * i, 4);
    if (i < blocks)
        avx2_encode_q8_1_group(y + i, x + 32 * i, (int)(blocks - i));
}

/* t: 32 codes before truncation; clamped to 15; element j low, j + 16 high */
static inline void avx2_q4_store(uint8_t q[16], const __m256 t[4])
{
    const __m256i top = _mm256_set1_epi16(15);
    const __m256i lo = _mm256_packs_epi32(_mm256_cvttps_epi32(t[0]), _mm256_cvttps_epi32(t[1]));
    const __m256i hi = _mm256_packs_epi32(_mm256_cvttps_epi32(t[2]), _mm256_cvttps_epi32(t[3]));
    const __m256i c = _mm256_or_si256(_mm256_min_epi16(lo, top), _mm256_slli_epi16(_mm256_min_epi16(hi, top), 4));
    const __m256i w = _mm256_permute4x64_epi64(c, 0xd8);
    _mm_storeu_si128((__m128i *)q, _mm_packus_epi16(_mm256_castsi256_si128(w), _mm256_extracti128_si256(w, 1)));
}

/* One bit per block that holds a NaN or an infinity */
static inline int avx2_not_finite4(const float *x, int k)
{
    __m256i m[4];
    UNROLL4
    for (int i = 0; i < 4; i++)
        m[i] = avx2_amax_bits(x + 32 * (i < k ? i : k - 1));
    return _mm_movemask_ps(_mm_castsi128_ps(_mm_cmpgt_epi32(avx2_max4_epi32(m), _mm_set1_epi32(0x7f7fffff))));
}

/* Lane i of *lo, *hi: the smallest and largest of block i; lanes beyond k repeat the last.  Returns one bit
 * per block that is not finite if there is a NaN, where both mean nothing; else 0. */
static inline int avx2_range4(const float *x, int k, __m128 *lo, __m128 *hi)
{
    __m128 l[4], g[4];
    __m256 nan = _mm256_setzero_ps();
    UNROLL4
    for (int i = 0; i < 4; i++) {
        const float *v = x + 32 * (i < k ? i : k - 1);
        const __m256 a = _mm256_loadu_ps(v), b = _mm256_loadu_ps(v + 8), c = _mm256_loadu_ps(v + 16);
        const __m256 d = _mm256_loadu_ps(v + 24);
        const __m256 mn = _mm256_min_ps(_mm256_min_ps(a, b), _mm256_min_ps(c, d));
        const __m256 mx = _mm256_max_ps(_mm256_max_ps(a, b), _mm256_max_ps(c, d));
        nan = _mm256_or_ps(nan, _mm256_or_ps(_mm256_cmp_ps(a, b, _CMP_UNORD_Q), _mm256_cmp_ps(c, d, _CMP_UNORD_Q)));
        l[i] = _mm_min_ps(_mm256_castps256_ps128(mn), _mm256_extractf128_ps(mn, 1));
        g[i] = _mm_max_ps(_mm256_castps256_ps128(mx), _mm256_extractf128_ps(mx, 1));
    }
    _MM_TRANSPOSE4_PS(l[0], l[1], l[2], l[3]);
    _MM_TRANSPOSE4_PS(g[0], g[1], g[2], g[3]);
    *lo = _mm_min_ps(_mm_min_ps(l[0], l[1]), _mm_min_ps(l[2], l[3]));
    *hi = _mm_max_ps(_mm_max_ps(g[0], g[1]), _mm_max_ps(g[2], g[3]));
    return _mm256_movemask_ps(nan) ? avx2_not_finite4(x, k) : 0;
}
static inline __attribute__((always_inline)) void avx2_encode_q4_0_group(assay_q4_0 *y, const float *x, int k)
{
    float inv[4];
    uint16_t h[4];
    __m128 lo, hi;
    int bad = avx2_range4(x, k, &lo, &hi);
    const __m128 low = _mm_xor_ps(lo, _mm_set1_ps(-0.0f)), size = _mm_max_ps(hi, low), zero = _mm_setzero_ps();
    __m128 mx = _mm_and_ps(_mm_blendv_ps(lo, hi, _mm_cmpgt_ps(hi, low)), _mm_cmpneq_ps(size, zero));
    const int both = ~bad & _mm_movemask_ps(_mm_and_ps(_mm_cmpeq_ps(hi, low), _mm_cmpneq_ps(size, zero)));
    if (both) { /* the extreme occurs with either sign: the first one counts */
        float m[4], s[4];
        _mm_storeu_ps(m, mx);
        _mm_storeu_ps(s, size);
        UNROLL4
        for (int i = 0; i < k; i++)
            if (both >> i & 1)
                m[i] = avx2_first(x + 32 * i, (int)f32_bits(s[i]));
        mx = _mm_loadu_ps(m);
    }
    const __m128 d = _mm_mul_ps(mx, _mm_set1_ps(-0.125f));
    _mm_storeu_ps(inv, avx2_inverse(d));
    avx2_halves(h, d);
    const __m256 half = _mm256_set1_ps(8.5f);
    UNROLL4
    for (int i = 0; i < k; i++) {
        const __m256 s = _mm256_set1_ps(inv[i]);
        __m256 t[4];
        UNROLL4
        for (int j = 0; j < 4; j++)
            t[j] = _mm256_add_ps(_mm256_mul_ps(_mm256_loadu_ps(x + 32 * i + 8 * j), s), half);
        y[i].d = h[i];
        avx2_q4_store(y[i].q, t);
    }
    bad |= _mm_movemask_ps(_mm_cmpeq_ps(size, _mm_set1_ps(INFINITY)));
    for (int i = 0; bad && i < k; i++)
        if (bad >> i & 1) {
            y[i].d = F16_QNAN;
            memset(y[i].q, 0x88, 16);
        }
}
static inline void avx2_encode_q4_0(assay_q4_0 *y, const float *x, int64_t n)
{
    const int64_t blocks = n / 32;
    int64_t i = 0;
    for (; i + 4 <= blocks; i += 4)
        avx2_encode_q4_0_group(y + i, x + 32 * i, 4);
    if (i < blocks)
        avx2_encode_q4_0_group(y + i, x + 32 * i, (int)(blocks - i));
}

static inline __attribute__((always_inline)) void avx2_encode_q4_1_group(assay_q4_1 *y, const float *x, int k)
{
    __m128 lo, hi;
    float inv[4];
    uint16_t h[4], hm[4];
    int bad = avx2_range4(x, k, &lo, &hi);
    /* hi - lo is never negative; of equal zeros the difference may be -0 */
    const __m128 d = _mm_andnot_ps(_mm_set1_ps(-0.0f), _mm_div_ps(_mm_sub_ps(hi, lo), _mm_set1_ps(15.0f)));
    const int zeros = ~bad & _mm_movemask_ps(_mm_cmpeq_ps(lo, _mm_setzero_ps()));
    float low[4];
    _mm_storeu_ps(low, lo);
    if (zeros) { /* the first zero says which zero is stored */
        UNROLL4
        for (int i = 0; i < k; i++)
            if (zeros >> i & 1)
                low[i] = avx2_first(x + 32 * i, 0);
        lo = _mm_loadu_ps(low);
    }
    _mm_storeu_ps(inv, avx2_inverse(d));
    avx2_halves(h, d);
    avx2_halves(hm, lo);
    const __m256 half = _mm256_set1_ps(0.5f);
    UNROLL4
    for (int i = 0; i < k; i++) {
        const __m256 s = _mm256_set1_ps(inv[i]), o = _mm256_set1_ps(low[i]);
        __m256 t[4];
        UNROLL4
        for (int j = 0; j < 4; j++)
            t[j] = _mm256_add_ps(_mm256_mul_ps(_mm256_sub_ps(_mm256_loadu_ps(x + 32 * i + 8 * j), o), s), half);
        y[i].d = h[i], y[i].m = hm[i];
        avx2_q4_store(y[i].q, t);
    }
    /* infinite d: an infinity, or a range beyond f32 */
    bad |= _mm_movemask_ps(_mm_cmpnlt_ps(d, _mm_set1_ps(INFINITY)));
    for (int i = 0; bad && i < k; i++)
        if (bad >> i & 1) {
            y[i].d = y[i].m = F16_QNAN;
            memset(y[i].q, 0, 16);
        }
}
static inline void avx2_encode_q4_1(assay_q4_1 *y, const float *x, int64_t n)
{
    const int64_t blocks = n / 32;
    int64_t i = 0;
    for (; i + 4 <= blocks; i += 4)
        avx2_encode_q4_1_group(y + i, x + 32 * i, 4);
    if (i < blocks)
        avx2_encode_q4_1_group(y + i, x + 32 * i, (int)(blocks - i));
}

/* ---- 16-bit floats ---- */

static inline void avx2_encode_f16(uint16_t *y, const float *x, int64_t n)
{
    int64_t i = 0;
    for (; i + 8 <= n; i += 8)
        _mm_storeu_si128((__m128i *)(y + i),
                         _mm256_cvtps_ph(_mm256_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
    for (; i < n; i++)
        y[i] = _cvtss_sh(x[i], _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
/* 8 bf16 in the low halves of 8 lanes: to nearest even, NaN quiet */
static inline __m256i avx2_bf16(__m256i u)
{
    const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(u, 16), _mm256_set1_epi32(1));
    const __m256i r = _mm256_srli_epi32(_mm256_add_epi32(_mm256_add_epi32(u, _mm256_set1_epi32(0x7fff)), odd), 16);
    const __m256i quiet = _mm256_or_si256(_mm256_srli_epi32(u, 16), _mm256_set1_epi32(0x40));
    const __m256 f = _mm256_castsi256_ps(u);
    return _mm256_blendv_epi8(r, quiet, _mm256_castps_si256(_mm256_cmp_ps(f, f, _CMP_UNORD_Q)));
}
static inline void avx2_encode_bf16(uint16_t *y, const float *x, int64_t n)
{
    int64_t i = 0;
    for (; i + 16 <= n; i += 16) {
        const __m256i a = avx2_bf16(_mm256_loadu_si256((const __m256i *)(x + i)));
        const __m256i b = avx2_bf16(_mm256_loadu_si256((const __m256i *)(x + i + 8)));
        _mm256_storeu_si256((__m256i *)(y + i), _mm256_permute4x64_epi64(_mm256_packus_epi32(a, b), 0xd8));
    }
    for (; i < n; i++)
        y[i] = bf16_from_bits(f32_bits(x[i]));
}
#endif
