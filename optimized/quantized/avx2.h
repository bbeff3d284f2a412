/* SPDX-License-Identifier: MIT
 * avx2.h - quantized dots without VNNI: 16 rows by up to 4 columns.
 *
 * q4: unsigned codes 0 .. 15 times activations -127 .. 127: a pair of products is at most 3810, and the 16 products
 * that meet in one 16-bit lane over a block at most 30480, so the whole block adds in 16 bits: 8 maddubs and adds for
 * each madd.  q4_0 takes its offset of 8 from the start value (-8 times the sum of the same activations: the lane then
 * ends within 16256).  q8_0: |w| times the activation with the sign of w; the activation is never -128, so its negation
 * cannot wrap, and a pair of products is at most 2 * 128 * 127 = 32512: no saturation, also for codes of -128. */
#ifndef ASSAY_QUANT_AVX2_H
#define ASSAY_QUANT_AVX2_H
#include "quantize_x86.h"

enum { AVX2_G = 4 };
#define QUANT_G       AVX2_G
#define QUANT_WIDE    1
#define QUANT_ISA     ASSAY_ISA_avx2
#define QUANT_PACK    "" /* signed codes of q8_0 */
#define QUANT_FLIP(f) 0
#define quant_run     avx2_run

/* ---- phase 1: sum[c] = 16 rows of the panel times column c ---- */

typedef struct avx2_sums {
    __m256 v[AVX2_G][2];
} avx2_sums;

static inline __m256i avx2_word(const uint8_t *p) /* 4 bytes to every lane */
{
    int32_t w;
    memcpy(&w, p, 4);
    return _mm256_set1_epi32(w);
}
static inline float column_f32(const uint8_t *p)
{
    float v;
    memcpy(&v, p, 4);
    return v;
}
/* Keeps the compiler from reordering a sum into a tree, whose open ends would not fit the registers. */
ALWAYS_INLINE void avx2_keep(__m256i v[2])
{
    __asm__("" : "+x"(v[0]), "+x"(v[1]));
}
static inline __m256i avx2_load(const uint8_t *p)
{
    return _mm256_load_si256((const __m256i *)(const void *)p);
}
static inline __m256 avx2_scales(const uint16_t *p)
{
    return _mm256_cvtph_ps(_mm_load_si128((const __m128i *)(const void *)p));
}

ALWAYS_INLINE void avx2_block_q4(__m256i acc[][2], const uint8_t *codes, const uint8_t *q, int C, bool start)
{
    const __m256i low = _mm256_set1_epi8(15);
    UNROLL
    for (int c = 0; c < C; c++)
        acc[c][0] = acc[c][1] = start ? avx2_word(q + C * (BLOCK + 4) + 4 * c) : _mm256_setzero_si256();
    UNROLL
    for (int j = 0; j < 4; j++) {
        const __m256i p0 = avx2_load(codes + 64 * j), p1 = avx2_load(codes + 64 * j + 32);
        const __m256i l0 = _mm256_and_si256(p0, low), l1 = _mm256_and_si256(p1, low);
        UNROLL
        for (int c = 0; c < C; c++) {
            const __m256i v = avx2_word(q + 4 * (j * C + c));
            acc[c][0] = _mm256_add_epi16(acc[c][0], _mm256_maddubs_epi16(l0, v));
            acc[c][1] = _mm256_add_epi16(acc[c][1], _mm256_maddubs_epi16(l1, v));
            avx2_keep(acc[c]);
        }
        const __m256i h0 = _mm256_and_si256(_mm256_srli_epi16(p0, 4), low);
        const __m256i h1 = _mm256_and_si256(_mm256_srli_epi16(p1, 4), low);
        UNROLL
        for (int c = 0; c < C; c++) {
            const __m256i v = avx2_word(q + 4 * ((j + 4) * C + c));
            acc[c][0] = _mm256_add_epi16(acc[c][0], _mm256_maddubs_epi16(h0, v));
            acc[c][1] = _mm256_add_epi16(acc[c][1], _mm256_maddubs_epi16(h1, v));
            avx2_keep(acc[c]);
        }
    }
    const __m256i one = _mm256_set1_epi16(1);
    UNROLL
    for (int c = 0; c < C; c++)
        acc[c][0] = _mm256_madd_epi16(acc[c][0], one), acc[c][1] = _mm256_madd_epi16(acc[c][1], one);
}

ALWAYS_INLINE void avx2_block_q8(__m256i acc[][2], const uint8_t *codes, const uint8_t *q, int C)
{
    const __m256i one = _mm256_set1_epi16(1);
    UNROLL
    for (int c = 0; c < C; c++)
        acc[c][0] = acc[c][1] = _mm256_setzero_si256();
    UNROLL
    for (int j = 0; j < 8; j++) {
        const __m256i w0 = avx2_load(codes + 64 * j), w1 = avx2_load(codes + 64 * j + 32);
        const __m256i u0 = _mm256_abs_epi8(w0), u1 = _mm256_abs_epi8(w1);
        UNROLL
        for (int c = 0; c < C; c++) {
            const __m256i v = avx2_word(q + 4 * (j * C + c));
            const __m256i p0 = _mm256_maddubs_epi16(u0, _mm256_sign_epi8(v, w0));
            const __m256i p1 = _mm256_maddubs_epi16(u1, _mm256_sign_epi8(v, w1));
            acc[c][0] = _mm256_add_epi32(acc[c][0], _mm256_madd_epi16(p0, one));
            acc[c][1] = _mm256_add_epi32(acc[c][1], _mm256_madd_epi16(p1, one));
            avx2_keep(acc[c]);
        }
    }
}

ALWAYS_INLINE void avx2_tile(panel w, const uint8_t *q, int64_t nb, int C, quant_format f, avx2_sums *out)
{
    __m256 sum[AVX2_G][2];
    UNROLL
    for (int c = 0; c < C; c++)
        sum[c][0] = sum[c][1] = _mm256_setzero_ps();
    for (int64_t b = 0; b < nb; b++, q += C * COLUMN) {
        __m256i acc[AVX2_G][2];
        if (f == QUANT_Q8_0)
            avx2_block_q8(acc, w.codes, q, C);
        else
            avx2_block_q4(acc, w.codes, q, C, f == QUANT_Q4_0);
        w.codes += codes_bytes(f, 1);
        const __m256 d0 = avx2_scales(w.d + PANEL * b), d1 = avx2_scales(w.d + PANEL * b + 8);
        UNROLL
        for (int c = 0; c < C; c++) { /* d_w d_a has 22 bits: exact; the only rounding is that of the sum */
            const __m256 s = _mm256_set1_ps(column_f32(q + C * BLOCK + 4 * c));
            sum[c][0] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(acc[c][0]), _mm256_mul_ps(d0, s), sum[c][0]);
            sum[c][1] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(acc[c][1]), _mm256_mul_ps(d1, s), sum[c][1]);
        }
        if (f == QUANT_Q4_1) {
            const __m256 m0 = avx2_scales(w.m + PANEL * b), m1 = avx2_scales(w.m + PANEL * b + 8);
            UNROLL
            for (int c = 0; c < C; c++) {
                const __m256 s = _mm256_set1_ps(column_f32(q + C * (BLOCK + 4) + 4 * c));
                sum[c][0] = _mm256_fmadd_ps(m0, s, sum[c][0]);
                sum[c][1] = _mm256_fmadd_ps(m1, s, sum[c][1]);
            }
        }
    }
    UNROLL
    for (int c = 0; c < C; c++)
        out->v[c][0] = sum[c][0], out->v[c][1] = sum[c][1];
}

ALWAYS_INLINE void avx2_columns(panel w, column_group g, int64_t nb, quant_format f, avx2_sums *out)
{
    switch (g.w) {
    case 4:
        avx2_tile(w, g.data, nb, 4, f, out);
        break;
    case 3:
        avx2_tile(w, g.data, nb, 3, f, out);
        break;
    case 2:
        avx2_tile(w, g.data, nb, 2, f, out);
        break;
    default:
        avx2_tile(w, g.data, nb, 1, f, out);
        break;
    }
}

static inline __m256 avx2_silu(__m256 x) /* x / (1 + e^-x), by e^-|x| on both sides: nothing overflows */
{
    const __m256 one = _mm256_set1_ps(1.0f), sign = _mm256_set1_ps(-0.0f);
    const __m256 e = avx2_exp(_mm256_or_ps(x, sign));
    const __m256 top = _mm256_blendv_ps(x, _mm256_mul_ps(x, e), x);
    return _mm256_div_ps(top, _mm256_add_ps(one, e));
}

/* 16 values from v (8 and 8) plus those of bias (may be NULL) to y; only the first n are touched. */
static inline void avx2_put(float *y, const __m256 v[2], const float *bias, int64_t n)
{
    for (int i = 0; i < 2; i++, n -= 8, y += 8) {
        if (n <= 0)
            return;
        const __m256i tail = avx2_tail(n < 8 ? n : 8);
        const __m256 b = bias ? _mm256_maskload_ps(bias + 8 * i, tail) : _mm256_setzero_ps();
        _mm256_maskstore_ps(y, tail, bias ? _mm256_add_ps(v[i], b) : v[i]);
    }
}

ALWAYS_INLINE void avx2_unit(const assay_args *a, int64_t unit, quant_format f, quant_op op)
{
    const int64_t T = a->dim[0], N = a->dim[1], nb = a->dim[2] / BLOCK, panels = panel_count(N);
    const int64_t chunk = quant_chunk(a, AVX2_G), p = unit % panels, n = p * PANEL;
    const int64_t first = unit / panels * chunk, last = first + chunk < T ? first + chunk : T;
    const float *bias = op == QUANT_MATMUL ? a->operand[2].data : NULL;
    const int parts = quant_parts(op);
    for (int64_t t = first; t < last; t += AVX2_G) {
        const column_group g = group_of(a, t, AVX2_G);
        avx2_sums s, up;
        avx2_columns(panel_at(a->packed, f, nb, p * parts), g, nb, f, &s);
        if (op == QUANT_GATE_UP) {
            avx2_columns(panel_at(a->packed, f, nb, p * parts + 1), g, nb, f, &up);
            for (int64_t c = 0; c < g.w; c++)
                for (int i = 0; i < 2; i++)
                    s.v[c][i] = _mm256_mul_ps(avx2_silu(s.v[c][i]), up.v[c][i]);
        }
        for (int64_t c = 0; c < g.w; c++)
            avx2_put((float *)tensor_row(&a->operand[3], t + c) + n, s.v[c], bias ? bias + n : NULL, N - n);
    }
}

ALWAYS_INLINE assay_status avx2_run(const assay_args *a, quant_format f, quant_op op)
{
    for (int64_t i = a->begin; i < a->end; i++)
        if (a->phase == 0)
            x86_quantize(a, i, f, AVX2_G, f == QUANT_Q4_0 ? 8 : 0, true);
        else
            avx2_unit(a, i, f, op);
    return ASSAY_OK;
}
#endif
