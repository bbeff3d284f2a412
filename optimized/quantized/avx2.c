/* SPDX-License-Identifier: MIT
 * avx2.c - quantized dots without VNNI: 16 rows by up to 4 columns.
 *
 * Unsigned codes times activations -127 .. 127: a pair of products (maddubs) is at most 2 * 63 * 127, no saturation,
 * and what meets in one 16-bit lane is added in 16 bits before one madd, which applies the integer scale of a group
 * besides. Only the result must fit, for 16-bit sums wrap: the start value takes what the offset costs (-8 times the
 * sum of the same activations for q4_0), and |code - offset| <= 16 for a block's 16 products in a lane, <= 32 for a
 * group's 8, end within 32512.  Codes to 31 without an offset (q5_1, q5_k) meet 8 at a time: 31496. Signed bytes (q8_0,
 * iq4_nl): |w| times the activation with the sign of w; the activation is never -128, so its negation cannot wrap, and
 * a pair of products is at most 2 * 128 * 127 = 32512: no saturation, also for codes of -128. */
#include "../isa/simd_avx2.h"
#include "../isa/simd_exp.h"
#include "round_x86.h"

/* STREAMS: ranges of panels that GEMV reads in turn, each one stream through memory.  AHEAD: bytes between what is read
 * and what is asked for.  Panels follow one another, so both cross their ends: at K = 576 from memory twice as fast as
 * adjacent panels without (27 against 13 GB/s, Zen 3). */
enum { AVX2_G = 4, AVX2_STREAMS = 4, AVX2_AHEAD = 1024 };
#define QUANT_G                     AVX2_G
#define QUANT_WIDE                  1
#define QUANT_TIER                  avx2
#define QUANT_PACK                  "" /* signed codes of q8_0 */
#define QUANT_FLIP                  0
#define QUANT_LINKS(groups, minima) (1 + (minima) * (groups)) /* float sums for each block */

/* ---- phase 1: sum[c] = 16 rows of the panel times column c ---- */

static inline __m256i avx2_word(const uint8_t *p) /* 4 bytes to every lane */
{
    return _mm256_set1_epi32(i32_at(p));
}
/* Keeps the compiler from reordering a sum into a tree, whose open ends would not fit the registers. */
ALWAYS_INLINE void avx2_keep(__m256i v[2])
{
    __asm__("" : "+x"(v[0]), "+x"(v[1]));
}
static inline __m256i avx2_load(const uint8_t *p) /* a block of iq4_xs is 272 bytes */
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}
static inline __m256 avx2_halves(const uint16_t *p) /* 8 scales or minima of a span */
{
    const __m128i v = _mm_load_si128((const __m128i *)(const void *)p);
    return F.values == e2m1_unsigned ? _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(v), 16)) /* bf16 */
                                     : _mm256_cvtph_ps(v);
}

/* Field j of `bits` bits of 8 rows, moved to bit `to` */
ALWAYS_INLINE __m256i avx2_field(const uint8_t *p, int bits, int j, int to)
{
    const __m256i v = avx2_load(p + 64 * (j % bits)), mask = _mm256_set1_epi8((char)(((1 << bits) - 1) << to));
    const int right = j / bits * bits - to;
    if (bits == 8)
        return v;
    return _mm256_and_si256(right > 0   ? _mm256_srli_epi16(v, right)
                            : right < 0 ? _mm256_slli_epi16(v, -right)
                                        : v,
                            mask);
}
/* What group j of 4 weights stands for: bytes, of 8 rows from `half` (0 or 32) on */
ALWAYS_INLINE __m256i avx2_weights(const uint8_t *block, int j, int half)
{
    __m256i v = avx2_field(block + half, F.low, j, 0);
    if (F.high)
        v = _mm256_or_si256(v, avx2_field(block + 64 * F.low + half, F.high ? F.high : 1, j, F.low));
    if (F.values)
        v = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)F.values)),
                                v);
    return v;
}
/* Scales of group g as pairs of 16 bits; 1 where it has none */
ALWAYS_INLINE __m256i avx2_pairs(const uint8_t *block, int g, int half)
{
    if (F.span == 1)
        return _mm256_set1_epi16(1);
    const __m128i v = _mm_loadl_epi64((const __m128i *)(const void *)(group_scales(block, g, 0) + half / 4));
    const __m256i wide = _mm256_cvtepi8_epi32(v); /* at most 63, or signed */
    return _mm256_blend_epi16(wide, _mm256_slli_epi32(wide, 16), 0xaa);
}

/* Groups of 4 weights whose products meet in 16 bits */
ALWAYS_INLINE int avx2_together(void)
{
    return F.group < BLOCK || (F.high && !F.offset) ? 4 : 8;
}

ALWAYS_INLINE void avx2_unsigned(__m256i acc[][2], const uint8_t *block, const uint8_t *q, int C)
{
    const int n = avx2_together();
    UNROLL
    for (int from = 0; from < 8; from += n) {
        const int g = from * 4 / F.group;
        __m256i s[AVX2_G][2];
        UNROLL
        for (int c = 0; c < C; c++)
            s[c][0] = s[c][1] = F.offset ? avx2_word(column_folds(q, C, g) + 4 * c) : _mm256_setzero_si256();
        UNROLL
        for (int i = from; i < from + n; i++) {
            const int j = quant_order(i);
            const __m256i w0 = avx2_weights(block, j, 0), w1 = avx2_weights(block, j, 32);
            UNROLL
            for (int c = 0; c < C; c++) {
                const __m256i v = avx2_word(q + 4 * (j * C + c));
                s[c][0] = _mm256_add_epi16(s[c][0], _mm256_maddubs_epi16(w0, v));
                s[c][1] = _mm256_add_epi16(s[c][1], _mm256_maddubs_epi16(w1, v));
                avx2_keep(s[c]);
            }
        }
        UNROLL
        for (int h = 0; h < 2; h++) {
            const __m256i scale = avx2_pairs(block, g, 32 * h);
            UNROLL
            for (int c = 0; c < C; c++) {
                const __m256i v = _mm256_madd_epi16(s[c][h], scale);
                acc[c][h] = from ? _mm256_add_epi32(acc[c][h], v) : v;
            }
        }
    }
}

ALWAYS_INLINE void avx2_signed(__m256i acc[][2], const uint8_t *block, const uint8_t *q, int C)
{
    const __m256i one = _mm256_set1_epi16(1);
    UNROLL
    for (int c = 0; c < C; c++)
        acc[c][0] = acc[c][1] = _mm256_setzero_si256();
    UNROLL
    for (int i = 0; i < 8; i++) {
        const int j = quant_order(i);
        const __m256i w0 = avx2_weights(block, j, 0), w1 = avx2_weights(block, j, 32);
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

/* sum += d_w (d_a integers of the block) [+ m d_a sum(q) of each group].  The integers have 24 bits at most: exact. */
ALWAYS_INLINE void avx2_combine(__m256 sum[][2], __m256i acc[][2], const uint8_t *span, const uint8_t *block,
                                const uint8_t *q, int C)
{
    const uint16_t *d = span_scales(span, 0), *m = span_scales(span, 1);
    const int minima = F.minimum ? quant_groups() : 0;
    UNROLL
    for (int h = 0; h < 2; h++) {
        __m256 scale = avx2_halves(d + 8 * h);
        if (F.span > 1 && F.wide) /* else the integers have met their group's scale: 6 bits times 11, exact */
            scale = _mm256_mul_ps(scale, _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(
                                             (const __m128i *)(const void *)(group_scales(block, 0, 0) + 8 * h)))));
        UNROLL
        for (int c = 0; c < C; c++) {
            const __m256 s = _mm256_set1_ps(f32_at(column_scales(q, C) + 4 * c));
            sum[c][h] = _mm256_fmadd_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(acc[c][h]), s), scale, sum[c][h]);
        }
        UNROLL
        for (int g = 0; g < minima; g++) {
            __m256 least = avx2_halves(m + 8 * h);
            if (F.span > 1) /* 6 bits times 11: exact */
                least = _mm256_mul_ps(least, _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(
                                                 (const __m128i *)(const void *)(group_scales(block, g, 1) + 8 * h)))));
            UNROLL
            for (int c = 0; c < C; c++)
                sum[c][h] = _mm256_fmadd_ps(least, _mm256_set1_ps(f32_at(column_folds(q, C, g) + 4 * c)), sum[c][h]);
        }
    }
}

ALWAYS_INLINE void avx2_ahead(const uint8_t *block)
{
    const int n = (int)(F.span > 1 ? block_bytes() : span_bytes());
    for (int i = 0; i < n; i += 64)
        __builtin_prefetch(block + AVX2_AHEAD + i);
}

/* R panels, block by block in turn.  out[r][c]: 16 rows of panel w[r] times column c. */
ALWAYS_INLINE void avx2_tile(const uint8_t *const *w, int R, const uint8_t *q, int64_t spans, int C, __m256 *out)
{
    __m256 sum[AVX2_STREAMS][AVX2_G][2];
    UNROLL
    for (int r = 0; r < R; r++)
        UNROLL
    for (int c = 0; c < C; c++)
        sum[r][c][0] = sum[r][c][1] = _mm256_setzero_ps();
    for (int64_t n = 0; n < spans; n++)
        for (int64_t b = 0; b < F.span; b++, q += C * column_bytes()) {
            UNROLL
            for (int r = 0; r < R; r++) {
                __m256i acc[AVX2_G][2];
                const uint8_t *span = w[r] + n * span_bytes(), *block = span + b * block_bytes();
                if (R > 1)
                    avx2_ahead(block);
                if (F.wide)
                    avx2_signed(acc, block, q, C);
                else
                    avx2_unsigned(acc, block, q, C);
                avx2_combine(sum[r], acc, span, block, q, C);
            }
        }
    UNROLL
    for (int r = 0; r < R; r++)
        UNROLL
    for (int c = 0; c < C; c++)
        out[(r * C + c) * 2] = sum[r][c][0], out[(r * C + c) * 2 + 1] = sum[r][c][1];
}

static void avx2_columns(const uint8_t *w, column_group g, int64_t spans, __m256 *out)
{
    switch (g.w) {
    case 4:
        avx2_tile(&w, 1, g.data, spans, 4, out);
        break;
    case 3:
        avx2_tile(&w, 1, g.data, spans, 3, out);
        break;
    case 2:
        avx2_tile(&w, 1, g.data, spans, 2, out);
        break;
    default:
        avx2_tile(&w, 1, g.data, spans, 1, out);
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
static inline void avx2_finish(const assay_args *a, int64_t p, column_group g, const __m256 *s, const __m256 *up)
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

static void avx2_unit(const assay_args *a, int64_t unit, quant_op op)
{
    const int64_t T = a->dim[0], spans = quant_spans(a), panels = panel_count(a->dim[1]);
    const int64_t chunk = quant_chunk(a, AVX2_G), p = unit % panels;
    const int64_t first = unit / panels * chunk, last = first + chunk < T ? first + chunk : T;
    const int parts = quant_parts(op);
    const uint8_t *w = panel_at(a, p * parts), *v = panel_at(a, p * parts + parts - 1);
    for (int64_t t = first; t < last; t += AVX2_G) {
        const column_group g = group_of(a, t, AVX2_G);
        __m256 s[2][2 * AVX2_G];
        avx2_columns(w, g, spans, s[0]);
        if (op == QUANT_GATE_UP)
            avx2_columns(v, g, spans, s[1]);
        avx2_finish(a, p, g, s[0], op == QUANT_GATE_UP ? s[1] : NULL);
    }
}

/* One column: units from begin on as AVX2_STREAMS ranges of equal length.  Returns the first unit not done. */
static int64_t avx2_gemv(const assay_args *a, int64_t begin, quant_op op)
{
    const int64_t step = (a->end - begin) / AVX2_STREAMS;
    const int parts = quant_parts(op);
    const column_group g = group_of(a, 0, AVX2_G);
    for (int64_t i = begin; i < begin + step; i++) {
        __m256 s[2][AVX2_STREAMS][2];
        for (int part = 0; part < parts; part++) {
            const uint8_t *w[AVX2_STREAMS];
            for (int r = 0; r < AVX2_STREAMS; r++)
                w[r] = panel_at(a, (i + r * step) * parts + part);
            avx2_tile(w, AVX2_STREAMS, g.data, quant_spans(a), 1, s[part][0]);
        }
        for (int r = 0; r < AVX2_STREAMS; r++)
            avx2_finish(a, i + r * step, g, s[0][r], op == QUANT_GATE_UP ? s[1][r] : NULL);
    }
    return begin + step * AVX2_STREAMS;
}

static assay_status quant_run(const assay_args *a, quant_op op)
{
    int64_t i = a->begin;
    if (a->phase == 1 && a->dim[0] == 1)
        i = avx2_gemv(a, i, op);
    for (; i < a->end; i++)
        if (a->phase == 0)
            x86_quantize(a, i, AVX2_G, F.offset, true);
        else
            avx2_unit(a, i, op);
    return ASSAY_OK;
}
#include "kernel.h"
