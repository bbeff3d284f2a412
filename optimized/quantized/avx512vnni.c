/* SPDX-License-Identifier: MIT
 * avx512vnni.c - quantized dots with AVX-512 VNNI: two panels (32 rows) by up to 6 columns, vpdpbusd with 4 activation
 * bytes broadcast from memory and shared by both panels: 12 integer and 12 float sums in registers.
 * Codes are unsigned: as stored, signed bytes (q8_0, iq4_nl) with 128 added.  The offset is folded into the start value
 * of each group, -8 or -128 times the sum of the activations, so it costs no second product and the integers stay
 * exact.
 */
#include "../isa/simd_avx512.h"
#include "../isa/simd_exp.h"
#include "round_x86.h"

/* STREAMS, AHEAD: as in avx2.c */
enum { VNNI_G = 6, VNNI_STREAMS = 4, VNNI_AHEAD = 1024 };
#define QUANT_G                     VNNI_G
#define QUANT_WIDE                  2
#define QUANT_TIER                  avx512vnni
#define QUANT_PACK                  "_unsigned"
#define QUANT_FLIP                  (F.low == 8 ? 0x80 : 0)
#define QUANT_LINKS(groups, minima) ((groups) * (1 + (minima))) /* float sums for each block */

/* ---- phase 1: sum[c][r] = rows of panel r times column c, R = 1 or 2 panels, or VNNI_STREAMS by one column ---- */

typedef struct vnni_sums {
    __m512 v[VNNI_G][VNNI_STREAMS];
} vnni_sums;

/* 16 signed bytes as floats, and bf16 as f32 */
#ifdef ASSAY_SIMDE /* SIMDe 0.7.4 widens neither */
static inline __m512 vnni_bytes(const uint8_t *p)
{
    float t[16];
    for (int i = 0; i < 16; i++)
        t[i] = (float)(int8_t)p[i];
    return _mm512_loadu_ps(t);
}
static inline __m512 vnni_bf16(const uint16_t *p)
{
    float t[16];
    for (int i = 0; i < 16; i++)
        t[i] = f32_from_bits((uint32_t)p[i] << 16);
    return _mm512_loadu_ps(t);
}
#else
static inline __m512 vnni_bytes(const uint8_t *p)
{
    return avx512_from_i32(_mm512_cvtepi8_epi32(_mm_loadu_si128((const void *)p)));
}
static inline __m512 vnni_bf16(const uint16_t *p)
{
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *)p)), 16));
}
#endif

/* Field j of `bits` bits, moved to bit `to` */
ALWAYS_INLINE __m512i vnni_field(const uint8_t *p, int bits, int j, int to)
{
    const __m512i v = _mm512_loadu_si512((const void *)(p + 64 * (j % bits)));
    const __m512i mask = _mm512_set1_epi8((char)(((1 << bits) - 1) << to));
    const int right = j / bits * bits - to;
    if (bits == 8)
        return v;
    return _mm512_and_si512(right > 0   ? _mm512_srli_epi16(v, (unsigned)right)
                            : right < 0 ? _mm512_slli_epi16(v, (unsigned)-right)
                                        : v,
                            mask);
}
/* What group j of 4 weights stands for: unsigned bytes */
ALWAYS_INLINE __m512i vnni_weights(const uint8_t *block, int j)
{
    __m512i v = vnni_field(block, F.low, j, 0);
    if (F.high)
        v = _mm512_or_si512(v, vnni_field(block + 64 * F.low, F.high ? F.high : 1, j, F.low));
    if (F.values) {
        const __m128i values = _mm_loadu_si128((const void *)F.values);
        v = _mm512_shuffle_epi8(
            _mm512_broadcast_i32x4(F.wide ? _mm_xor_si128(values, _mm_set1_epi8((char)0x80)) : values), v);
    }
    return v;
}
/* Scales (i = 0) of group g of the block times those of the span, or minima (i = 1): 8 bits times 11, exact */
ALWAYS_INLINE __m512 vnni_scale(const uint8_t *span, const uint8_t *block, int g, int i)
{
    const uint16_t *p = span_scales(span, i);
    const __m512 all = F.values == e2m1_unsigned ? vnni_bf16(p) : avx512_f16(p);
    return F.span == 1 ? all : _mm512_mul_ps(all, vnni_bytes(group_scales(block, g, i)));
}

ALWAYS_INLINE void vnni_ahead(const uint8_t *block)
{
    const int n = (int)(F.span > 1 ? block_bytes() : span_bytes());
    for (int i = 0; i < n; i += 64)
        __builtin_prefetch(block + VNNI_AHEAD + i);
}

ALWAYS_INLINE void vnni_tile(const uint8_t *const *from, const uint8_t *q, int64_t spans, int C, int R, vnni_sums *out)
{
    const int minima = F.minimum ? R : 0;
    __m512 sum[VNNI_G][VNNI_STREAMS];
    UNROLL
    for (int c = 0; c < C; c++)
        UNROLL
    for (int r = 0; r < R; r++)
        sum[c][r] = _mm512_setzero_ps();
    for (int64_t n = 0; n < spans; n++)
        for (int64_t b = 0; b < F.span; b++, q += C * column_bytes()) {
            const uint8_t *span[VNNI_STREAMS], *w[VNNI_STREAMS];
            UNROLL
            for (int r = 0; r < R; r++) {
                span[r] = from[r] + n * span_bytes(), w[r] = span[r] + b * block_bytes();
                if (R == VNNI_STREAMS)
                    vnni_ahead(w[r]);
            }
            UNROLL
            for (int g = 0; g < quant_groups(); g++) {
                __m512i acc[VNNI_G][VNNI_STREAMS];
                UNROLL
                for (int c = 0; c < C; c++) {
                    const int32_t start = F.minimum ? 0 : i32_at(column_folds(q, C, g) + 4 * c);
                    UNROLL
                    for (int r = 0; r < R; r++)
                        acc[c][r] = _mm512_set1_epi32(start);
                }
                UNROLL
                for (int i = 0; i < F.group / 4; i++) {
                    const int j = quant_order(g * (F.group / 4) + i);
                    __m512i v[VNNI_STREAMS];
                    UNROLL
                    for (int r = 0; r < R; r++)
                        v[r] = vnni_weights(w[r], j);
                    UNROLL
                    for (int c = 0; c < C; c++) {
                        const __m512i x = _mm512_set1_epi32(i32_at(q + 4 * (j * C + c)));
                        UNROLL
                        for (int r = 0; r < R; r++)
                            acc[c][r] = _mm512_dpbusd_epi32(acc[c][r], v[r], x);
                    }
                }
                UNROLL
                for (int r = 0; r < R; r++) {
                    const __m512 d = vnni_scale(span[r], w[r], g, 0);
                    UNROLL
                    for (int c = 0; c < C; c++) {
                        const __m512 s = _mm512_set1_ps(f32_at(column_scales(q, C) + 4 * c));
                        sum[c][r] = _mm512_fmadd_ps(_mm512_mul_ps(avx512_from_i32(acc[c][r]), s), d, sum[c][r]);
                    }
                }
                UNROLL
                for (int r = 0; r < minima; r++) {
                    const __m512 m = vnni_scale(span[r], w[r], g, 1);
                    UNROLL
                    for (int c = 0; c < C; c++)
                        sum[c][r] =
                            _mm512_fmadd_ps(m, _mm512_set1_ps(f32_at(column_folds(q, C, g) + 4 * c)), sum[c][r]);
                }
            }
        }
    UNROLL
    for (int c = 0; c < C; c++)
        UNROLL
    for (int r = 0; r < R; r++)
        out->v[c][r] = sum[c][r];
}

ALWAYS_INLINE void vnni_columns(const uint8_t *const *w, column_group g, int64_t spans, int R, vnni_sums *out)
{
    switch (g.w) {
    case 6:
        vnni_tile(w, g.data, spans, 6, R, out);
        break;
    case 5:
        vnni_tile(w, g.data, spans, 5, R, out);
        break;
    case 4:
        vnni_tile(w, g.data, spans, 4, R, out);
        break;
    case 3:
        vnni_tile(w, g.data, spans, 3, R, out);
        break;
    case 2:
        vnni_tile(w, g.data, spans, 2, R, out);
        break;
    default:
        vnni_tile(w, g.data, spans, 1, R, out);
        break;
    }
}

/* Panels p .. p+R-1 of part i of the call times group g. */
static void vnni_part(const assay_args *a, int64_t p, int R, int i, column_group g, quant_op op, vnni_sums *out)
{
    const int parts = quant_parts(op);
    const uint8_t *w[2] = { panel_at(a, p * parts + i), panel_at(a, (p + R - 1) * parts + i) };
    if (R == 2)
        vnni_columns(w, g, quant_spans(a), 2, out);
    else
        vnni_columns(w, g, quant_spans(a), 1, out);
}

/* 16 values, plus those of bias (may be NULL), to y; only the first n are touched. */
static inline void vnni_put(float *y, __m512 v, const float *bias, int64_t n)
{
    const __mmask16 lanes = avx512_tail(n < 16 ? n : 16);
    if (bias)
        v = _mm512_add_ps(v, avx512_load(lanes, bias));
    avx512_store(y, lanes, v);
}

/* Sums of g.w columns of R panels from p on to y: s from the first matrix, up from the second (gate_up). */
ALWAYS_INLINE void vnni_finish(const assay_args *a, int64_t p, int R, column_group g, const vnni_sums *s, int from,
                               const vnni_sums *up)
{
    const float *bias = up ? NULL : a->operand[2].data;
    for (int64_t c = 0; c < g.w; c++)
        for (int64_t r = 0, n = p * PANEL; r < R; r++, n += PANEL) {
            const __m512 v = s->v[c][from + r];
            vnni_put((float *)tensor_row(&a->operand[3], g.t + c) + n,
                     up ? _mm512_mul_ps(vec_silu(v), up->v[c][from + r]) : v, bias ? bias + n : NULL, a->dim[1] - n);
        }
}

static void vnni_unit(const assay_args *a, int64_t unit, quant_op op)
{
    const int64_t T = a->dim[0], panels = panel_count(a->dim[1]), pairs = (panels + 1) / 2;
    const int64_t chunk = quant_chunk(a, VNNI_G), p = unit % pairs * 2;
    const int64_t first = unit / pairs * chunk, last = first + chunk < T ? first + chunk : T;
    const int R = p + 1 < panels ? 2 : 1;
    for (int64_t t = first; t < last; t += VNNI_G) {
        const column_group g = group_of(a, t, VNNI_G);
        vnni_sums s, up;
        vnni_part(a, p, R, 0, g, op, &s);
        if (op == QUANT_GATE_UP)
            vnni_part(a, p, R, 1, g, op, &up);
        vnni_finish(a, p, R, g, &s, 0, op == QUANT_GATE_UP ? &up : NULL);
    }
}

/* One column: units (pairs of panels) from begin on as two ranges of equal length.  Returns the first unit not done. */
static int64_t vnni_gemv(const assay_args *a, int64_t begin, quant_op op)
{
    const int64_t pairs = panel_count(a->dim[1]) / 2, end = a->end < pairs ? a->end : pairs; /* the last may be one */
    const int64_t step = end > begin ? (end - begin) / 2 : 0;
    const int parts = quant_parts(op);
    const column_group g = group_of(a, 0, VNNI_G);
    for (int64_t i = begin; i < begin + step; i++) {
        vnni_sums s[2];
        for (int part = 0; part < parts; part++) {
            const uint8_t *w[VNNI_STREAMS];
            for (int r = 0; r < VNNI_STREAMS; r++)
                w[r] = panel_at(a, ((i + r / 2 * step) * 2 + r % 2) * parts + part);
            vnni_tile(w, g.data, quant_spans(a), 1, VNNI_STREAMS, &s[part]);
        }
        for (int r = 0; r < VNNI_STREAMS; r += 2)
            vnni_finish(a, (i + r / 2 * step) * 2, 2, g, &s[0], r, op == QUANT_GATE_UP ? &s[1] : NULL);
    }
    return begin + step * 2;
}

static assay_status quant_run(const assay_args *a, quant_op op)
{
    int64_t i = a->begin;
    if (a->phase == 1 && a->dim[0] == 1)
        i = vnni_gemv(a, i, op);
    for (; i < a->end; i++)
        if (a->phase == 0)
            x86_quantize(a, i, VNNI_G, F.wide ? 128 : F.offset, false);
        else
            vnni_unit(a, i, op);
    return ASSAY_OK;
}
#include "kernel.h"
