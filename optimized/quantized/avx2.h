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
#include "../isa/simd_avx2.h"
#include "../isa/simd_exp.h"
#include "quantize_x86.h"

/* STREAMS: ranges of panels that GEMV reads in turn, each one stream through memory.  AHEAD: bytes between what is read
 * and what is asked for.  Panels follow one another, so both cross their ends: at K = 576 from memory twice as fast as
 * adjacent panels without (27 against 13 GB/s, Zen 3). */
enum { AVX2_G = 4, AVX2_STREAMS = 4, AVX2_AHEAD = 1024 };
#define QUANT_G       AVX2_G
#define QUANT_WIDE    1
#define QUANT_ISA     ASSAY_ISA_avx2
#define QUANT_PACK    "" /* signed codes of q8_0 */
#define QUANT_FLIP(f) 0
#define quant_run     avx2_run

/* ---- phase 1: sum[c] = 16 rows of the panel times column c ---- */

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

/* sum += d_w d_a (integers of the block) [+ m d_a sum(q)].  d_w d_a has 22 bits: exact; a sum is rounded once. */
ALWAYS_INLINE void avx2_combine(__m256 sum[][2], __m256i acc[][2], const uint8_t *block, const uint8_t *scales, int C,
                                quant_format f)
{
    const uint16_t *d = block_scales(block, f, 0), *m = block_scales(block, f, 1);
    const __m256 d0 = avx2_scales(d), d1 = avx2_scales(d + 8);
    UNROLL
    for (int c = 0; c < C; c++) {
        const __m256 s = _mm256_set1_ps(column_f32(scales + 4 * c));
        sum[c][0] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(acc[c][0]), _mm256_mul_ps(d0, s), sum[c][0]);
        sum[c][1] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(acc[c][1]), _mm256_mul_ps(d1, s), sum[c][1]);
    }
    if (f != QUANT_Q4_1)
        return;
    const __m256 m0 = avx2_scales(m), m1 = avx2_scales(m + 8);
    UNROLL
    for (int c = 0; c < C; c++) {
        const __m256 s = _mm256_set1_ps(column_f32(scales + 4 * (C + c)));
        sum[c][0] = _mm256_fmadd_ps(m0, s, sum[c][0]);
        sum[c][1] = _mm256_fmadd_ps(m1, s, sum[c][1]);
    }
}

ALWAYS_INLINE void avx2_ahead(const uint8_t *block, quant_format f)
{
    const int n = (int)block_bytes(f);
    for (int i = 0; i < n; i += 64)
        __builtin_prefetch(block + AVX2_AHEAD + i);
}

/* R panels, block by block in turn.  out[r][c]: 16 rows of panel w[r] times column c. */
ALWAYS_INLINE void avx2_tile(const uint8_t *const *w, int R, const uint8_t *q, int64_t nb, int C, quant_format f,
                             __m256 *out)
{
    __m256 sum[AVX2_STREAMS][AVX2_G][2];
    UNROLL
    for (int r = 0; r < R; r++)
        UNROLL
    for (int c = 0; c < C; c++)
        sum[r][c][0] = sum[r][c][1] = _mm256_setzero_ps();
    for (int64_t b = 0; b < nb; b++, q += C * COLUMN) {
        UNROLL
        for (int r = 0; r < R; r++) {
            __m256i acc[AVX2_G][2];
            const uint8_t *block = w[r] + b * block_bytes(f);
            if (R > 1)
                avx2_ahead(block, f);
            if (f == QUANT_Q8_0)
                avx2_block_q8(acc, block, q, C);
            else
                avx2_block_q4(acc, block, q, C, f == QUANT_Q4_0);
            avx2_combine(sum[r], acc, block, q + C * BLOCK, C, f);
        }
    }
    UNROLL
    for (int r = 0; r < R; r++)
        UNROLL
    for (int c = 0; c < C; c++)
        out[(r * C + c) * 2] = sum[r][c][0], out[(r * C + c) * 2 + 1] = sum[r][c][1];
}

ALWAYS_INLINE void avx2_columns(const uint8_t *const *w, column_group g, int64_t nb, quant_format f, __m256 *out)
{
    switch (g.w) {
    case 4:
        avx2_tile(w, 1, g.data, nb, 4, f, out);
        break;
    case 3:
        avx2_tile(w, 1, g.data, nb, 3, f, out);
        break;
    case 2:
        avx2_tile(w, 1, g.data, nb, 2, f, out);
        break;
    default:
        avx2_tile(w, 1, g.data, nb, 1, f, out);
        break;
    }
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

/* Sums of g.w columns of one unit to y: s from the first matrix, up from the second (gate_up). */
ALWAYS_INLINE void avx2_finish(const assay_args *a, int64_t p, column_group g, const __m256 *s, const __m256 *up)
{
    const int64_t n = p * PANEL, left = a->dim[1] - n;
    const float *bias = up ? NULL : a->operand[2].data;
    for (int64_t c = 0; c < g.w; c++) {
        __m256 v[2] = { s[2 * c], s[2 * c + 1] };
        for (int i = 0; up && i < 2; i++)
            v[i] = _mm256_mul_ps(vec_silu(v[i]), up[2 * c + i]);
        avx2_put((float *)tensor_row(&a->operand[3], g.t + c) + n, v, bias ? bias + n : NULL, left);
    }
}

ALWAYS_INLINE void avx2_unit(const assay_args *a, int64_t unit, quant_format f, quant_op op)
{
    const int64_t T = a->dim[0], nb = a->dim[2] / BLOCK, panels = panel_count(a->dim[1]);
    const int64_t chunk = quant_chunk(a, AVX2_G), p = unit % panels;
    const int64_t first = unit / panels * chunk, last = first + chunk < T ? first + chunk : T;
    const int parts = quant_parts(op);
    const uint8_t *w = panel_at(a->packed, f, nb, p * parts), *v = w + (parts - 1) * panel_bytes(f, nb);
    for (int64_t t = first; t < last; t += AVX2_G) {
        const column_group g = group_of(a, t, AVX2_G);
        __m256 s[2][2 * AVX2_G];
        avx2_columns(&w, g, nb, f, s[0]);
        if (op == QUANT_GATE_UP)
            avx2_columns(&v, g, nb, f, s[1]);
        avx2_finish(a, p, g, s[0], op == QUANT_GATE_UP ? s[1] : NULL);
    }
}

/* One column: units from begin on as AVX2_STREAMS ranges of equal length.  Returns the first unit not done. */
ALWAYS_INLINE int64_t avx2_gemv(const assay_args *a, int64_t begin, quant_format f, quant_op op)
{
    const int64_t nb = a->dim[2] / BLOCK, step = (a->end - begin) / AVX2_STREAMS;
    const int parts = quant_parts(op);
    const column_group g = group_of(a, 0, AVX2_G);
    for (int64_t i = begin; i < begin + step; i++) {
        __m256 s[2][AVX2_STREAMS][2];
        for (int part = 0; part < parts; part++) {
            const uint8_t *w[AVX2_STREAMS];
            for (int r = 0; r < AVX2_STREAMS; r++)
                w[r] = panel_at(a->packed, f, nb, (i + r * step) * parts + part);
            avx2_tile(w, AVX2_STREAMS, g.data, nb, 1, f, s[part][0]);
        }
        for (int r = 0; r < AVX2_STREAMS; r++)
            avx2_finish(a, i + r * step, g, s[0][r], op == QUANT_GATE_UP ? s[1][r] : NULL);
    }
    return begin + step * AVX2_STREAMS;
}

ALWAYS_INLINE assay_status avx2_run(const assay_args *a, quant_format f, quant_op op)
{
    int64_t i = a->begin;
    if (a->phase == 1 && a->dim[0] == 1)
        i = avx2_gemv(a, i, f, op);
    for (; i < a->end; i++)
        if (a->phase == 0)
            x86_quantize(a, i, f, AVX2_G, f == QUANT_Q4_0 ? 8 : 0, true);
        else
            avx2_unit(a, i, f, op);
    return ASSAY_OK;
}
#endif
