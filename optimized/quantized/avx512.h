/* SPDX-License-Identifier: MIT
 * avx512.h - quantized dots with AVX-512 VNNI: two panels (32 rows) by up to 6 columns, vpdpbusd with 4 activation
 * bytes broadcast from memory and shared by both panels: 12 integer and 12 float sums in registers.
 * Codes are unsigned: q4 as stored, q8_0 with 128 added in the pack.  The offset is folded into the start value of each
 * block, -8 or -128 times the sum of the activations, so it costs no second product and the integers stay exact. */
#ifndef ASSAY_QUANT_AVX512_H
#define ASSAY_QUANT_AVX512_H
#include "../isa/simd_avx512.h"
#include "../isa/simd_exp.h"
#include "quantize_x86.h"

enum { VNNI_G = 6 };
#define QUANT_G       VNNI_G
#define QUANT_WIDE    2
#define QUANT_ISA     ASSAY_ISA_avx512vnni
#define QUANT_PACK    "_unsigned"
#define QUANT_FLIP(f) ((f) == QUANT_Q8_0 ? 0x80 : 0)
#define quant_run     vnni_run

/* ---- phase 1: sum[c][r] = rows of panel r times column c, R = 1 or 2 panels ---- */

typedef struct vnni_sums {
    __m512 v[VNNI_G][2];
} vnni_sums;

static inline int32_t vnni_i32(const uint8_t *p)
{
    int32_t v;
    memcpy(&v, p, 4);
    return v;
}
static inline float vnni_f32(const uint8_t *p)
{
    float v;
    memcpy(&v, p, 4);
    return v;
}
ALWAYS_INLINE void vnni_step(__m512i acc[][2], const __m512i *w, const uint8_t *q, int C, int R)
{
    UNROLL
    for (int c = 0; c < C; c++) {
        const __m512i v = _mm512_set1_epi32(vnni_i32(q + 4 * c));
        UNROLL
        for (int r = 0; r < R; r++)
            acc[c][r] = _mm512_dpbusd_epi32(acc[c][r], w[r], v);
    }
}

ALWAYS_INLINE void vnni_block(__m512i acc[][2], const uint8_t *w[2], const uint8_t *q, int C, int R, quant_format f)
{
    const __m512i low = _mm512_set1_epi8(15);
    const int steps = f == QUANT_Q8_0 ? 8 : 4;
    UNROLL
    for (int c = 0; c < C; c++) {
        const int32_t start = f == QUANT_Q4_1 ? 0 : vnni_i32(q + C * (BLOCK + 4) + 4 * c);
        UNROLL
        for (int r = 0; r < R; r++)
            acc[c][r] = _mm512_set1_epi32(start);
    }
    UNROLL
    for (int j = 0; j < steps; j++) {
        __m512i p[2], v[2];
        UNROLL
        for (int r = 0; r < R; r++) {
            p[r] = _mm512_loadu_si512((const void *)(w[r] + 64 * j));
            v[r] = f == QUANT_Q8_0 ? p[r] : _mm512_and_si512(p[r], low);
        }
        vnni_step(acc, v, q + 4 * j * C, C, R);
        if (f == QUANT_Q8_0)
            continue;
        UNROLL
        for (int r = 0; r < R; r++)
            v[r] = _mm512_and_si512(_mm512_srli_epi16(p[r], 4), low);
        vnni_step(acc, v, q + 4 * (j + 4) * C, C, R);
    }
}

ALWAYS_INLINE void vnni_tile(const uint8_t *from[2], const uint8_t *q, int64_t nb, int C, int R, quant_format f,
                             vnni_sums *out)
{
    __m512 sum[VNNI_G][2];
    const uint8_t *w[2] = { from[0], from[R - 1] };
    UNROLL
    for (int c = 0; c < C; c++)
        sum[c][0] = sum[c][1] = _mm512_setzero_ps();
    for (int64_t b = 0; b < nb; b++, q += C * COLUMN, w[0] += block_bytes(f), w[1] += block_bytes(f)) {
        __m512i acc[VNNI_G][2];
        vnni_block(acc, w, q, C, R, f);
        UNROLL
        for (int r = 0; r < R; r++) { /* d_w d_a has 22 bits: exact; the only rounding is that of the sum */
            const __m512 d = avx512_f16(block_scales(w[r], f, 0));
            UNROLL
            for (int c = 0; c < C; c++)
                sum[c][r] =
                    _mm512_fmadd_ps(avx512_from_i32(acc[c][r]),
                                    _mm512_mul_ps(d, _mm512_set1_ps(vnni_f32(q + C * BLOCK + 4 * c))), sum[c][r]);
        }
        if (f != QUANT_Q4_1)
            continue;
        UNROLL
        for (int r = 0; r < R; r++) {
            const __m512 m = avx512_f16(block_scales(w[r], f, 1));
            UNROLL
            for (int c = 0; c < C; c++)
                sum[c][r] = _mm512_fmadd_ps(m, _mm512_set1_ps(vnni_f32(q + C * (BLOCK + 4) + 4 * c)), sum[c][r]);
        }
    }
    UNROLL
    for (int c = 0; c < C; c++)
        out->v[c][0] = sum[c][0], out->v[c][1] = sum[c][1];
}

ALWAYS_INLINE void vnni_columns(const uint8_t *w[2], column_group g, int64_t nb, int R, quant_format f, vnni_sums *out)
{
    switch (g.w) {
    case 6:
        vnni_tile(w, g.data, nb, 6, R, f, out);
        break;
    case 5:
        vnni_tile(w, g.data, nb, 5, R, f, out);
        break;
    case 4:
        vnni_tile(w, g.data, nb, 4, R, f, out);
        break;
    case 3:
        vnni_tile(w, g.data, nb, 3, R, f, out);
        break;
    case 2:
        vnni_tile(w, g.data, nb, 2, R, f, out);
        break;
    default:
        vnni_tile(w, g.data, nb, 1, R, f, out);
        break;
    }
}

/* Panels p .. p+R-1 of part i of the call times group g. */
ALWAYS_INLINE void vnni_part(const assay_args *a, int64_t p, int R, int i, column_group g, quant_format f, quant_op op,
                             vnni_sums *out)
{
    const int64_t nb = a->dim[2] / BLOCK;
    const int parts = quant_parts(op);
    const uint8_t *w[2] = { panel_at(a->packed, f, nb, p * parts + i),
                            panel_at(a->packed, f, nb, (p + R - 1) * parts + i) };
    if (R == 2)
        vnni_columns(w, g, nb, 2, f, out);
    else
        vnni_columns(w, g, nb, 1, f, out);
}

/* 16 values, plus those of bias (may be NULL), to y; only the first n are touched. */
static inline void vnni_put(float *y, __m512 v, const float *bias, int64_t n)
{
    const __mmask16 lanes = avx512_tail(n < 16 ? n : 16);
    if (bias)
        v = _mm512_add_ps(v, avx512_load(lanes, bias));
    avx512_store(y, lanes, v);
}

ALWAYS_INLINE void vnni_unit(const assay_args *a, int64_t unit, quant_format f, quant_op op)
{
    const int64_t T = a->dim[0], N = a->dim[1], panels = panel_count(N), pairs = (panels + 1) / 2;
    const int64_t chunk = quant_chunk(a, VNNI_G), p = unit % pairs * 2;
    const int64_t first = unit / pairs * chunk, last = first + chunk < T ? first + chunk : T;
    const float *bias = op == QUANT_MATMUL ? a->operand[2].data : NULL;
    const int R = p + 1 < panels ? 2 : 1;
    for (int64_t t = first; t < last; t += VNNI_G) {
        const column_group g = group_of(a, t, VNNI_G);
        vnni_sums s, up;
        vnni_part(a, p, R, 0, g, f, op, &s);
        if (op == QUANT_GATE_UP) {
            vnni_part(a, p, R, 1, g, f, op, &up);
            for (int64_t c = 0; c < g.w; c++)
                for (int r = 0; r < R; r++)
                    s.v[c][r] = _mm512_mul_ps(vec_silu(s.v[c][r]), up.v[c][r]);
        }
        for (int64_t c = 0; c < g.w; c++)
            for (int64_t r = 0, n = p * PANEL; r < R; r++, n += PANEL)
                vnni_put((float *)tensor_row(&a->operand[3], t + c) + n, s.v[c][r], bias ? bias + n : NULL, N - n);
    }
}

ALWAYS_INLINE assay_status vnni_run(const assay_args *a, quant_format f, quant_op op)
{
    for (int64_t i = a->begin; i < a->end; i++)
        if (a->phase == 0)
            x86_quantize(a, i, f, VNNI_G, f == QUANT_Q8_0 ? 128 : 8, false);
        else
            vnni_unit(a, i, f, op);
    return ASSAY_OK;
}
#endif
