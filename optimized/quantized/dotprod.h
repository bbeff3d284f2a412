/* SPDX-License-Identifier: MIT
 * dotprod.h - quantized dots for Arm with the dot product extension: 16 rows by up to 4 columns.  One load of 16 bytes
 * brings 4 bytes of each of 4 columns; sdot multiplies them by lane with 4 rows of codes.
 * q4: codes 0 .. 15 are signed bytes as they are; q4_0 takes its offset of 8 from the start value, -8 times the sum of
 * the activations.  sdot sums in 32 bits: nothing saturates, codes of -128 included. */
#ifndef ASSAY_QUANT_DOTPROD_H
#define ASSAY_QUANT_DOTPROD_H
#include "../isa/neon.h"
#include "../isa/simd_neon.h"
#include "../isa/simd_exp.h"
#include "panel.h"

enum { DOT_G = 4 };
#define QUANT_G       DOT_G
#define QUANT_WIDE    1
#define QUANT_ISA     ASSAY_ISA_dotprod
#define QUANT_PACK    "" /* signed codes of q8_0 */
#define QUANT_FLIP(f) 0
#define quant_run     dot_run

/* ---- phase 0: one row of x to q8_0 (d = max|x| / 127, ties away from zero; a block with NaN or inf is NaN) ---- */

ALWAYS_INLINE void dot_quantize(const assay_args *a, int64_t t, quant_format f)
{
    const column_group g = group_of(a, t, DOT_G);
    const float *x = tensor_row(&a->operand[0], t);
    const int64_t nb = a->dim[2] / BLOCK;
    for (int64_t b = 0; b < nb; b++, x += BLOCK) {
        /* as integers magnitudes order like the numbers they are, with inf and NaN above all */
        uint32x4_t top = vdupq_n_u32(0);
        for (int i = 0; i < BLOCK; i += 4)
            top = vmaxq_u32(top, vreinterpretq_u32_f32(vabsq_f32(vld1q_f32(x + i))));
        const uint32_t bits = vmaxvq_u32(top);
        float amax;
        memcpy(&amax, &bits, 4);
        int8_t q[BLOCK] = { 0 };
        if (!(amax <= 0x1.fffffep127f)) {
            column_put(&g, t - g.t, b, q, NAN, 0);
            continue;
        }
        const float d = amax / 127;
        float id = d != 0 ? 1 / d : 0;
        id = id <= 0x1.fffffep127f ? id : 0;
        int32x4_t sum = vdupq_n_s32(0);
        for (int i = 0; i < BLOCK; i += 8) { /* vcvta: to nearest, ties away from zero */
            const int32x4_t lo = vcvtaq_s32_f32(vmulq_n_f32(vld1q_f32(x + i), id));
            const int32x4_t hi = vcvtaq_s32_f32(vmulq_n_f32(vld1q_f32(x + i + 4), id));
            sum = vaddq_s32(sum, vaddq_s32(lo, hi));
            vst1_s8(q + i, vqmovn_s16(vcombine_s16(vqmovn_s32(lo), vqmovn_s32(hi))));
        }
        const float stored = vgetq_lane_f32(vcvt_f32_f16(vcvt_f16_f32(vdupq_n_f32(d))), 0);
        const int32_t s = vaddvq_s32(sum);
        int32_t fold = -8 * s;
        if (f == QUANT_Q4_1) {
            const float ds = stored * (float)s;
            memcpy(&fold, &ds, 4);
        }
        column_put(&g, t - g.t, b, q, stored, fold);
    }
}

/* ---- phase 1: sum[c] = 16 rows of the panel times column c ---- */

typedef struct dot_sums {
    float32x4_t v[DOT_G][4];
} dot_sums;

/* 4 bytes of each of C columns.  For 3 columns 4 bytes more are read: the scales, which follow the codes. */
ALWAYS_INLINE int8x16_t dot_columns(const uint8_t *p, int C)
{
    int32_t word;
    if (C > 2)
        return vreinterpretq_s8_u8(vld1q_u8(p));
    if (C == 2)
        return vreinterpretq_s8_u8(vcombine_u8(vld1_u8(p), vdup_n_u8(0)));
    memcpy(&word, p, 4);
    return vreinterpretq_s8_s32(vdupq_n_s32(word));
}

/* acc[c][r] += codes of rows 4r .. 4r+3 times column c */
ALWAYS_INLINE void dot_step(int32x4_t acc[][4], const int8x16_t w[4], int8x16_t v, int C)
{
    UNROLL
    for (int r = 0; r < 4; r++) {
        acc[0][r] = vdotq_laneq_s32(acc[0][r], w[r], v, 0);
        if (C > 1)
            acc[1][r] = vdotq_laneq_s32(acc[1][r], w[r], v, 1);
        if (C > 2)
            acc[2][r] = vdotq_laneq_s32(acc[2][r], w[r], v, 2);
        if (C > 3)
            acc[3][r] = vdotq_laneq_s32(acc[3][r], w[r], v, 3);
    }
}

ALWAYS_INLINE void dot_block(int32x4_t acc[][4], const uint8_t *codes, const uint8_t *q, int C, quant_format f)
{
    UNROLL
    for (int c = 0; c < C; c++) {
        int32_t start = 0;
        if (f == QUANT_Q4_0)
            memcpy(&start, q + C * (BLOCK + 4) + 4 * c, 4);
        acc[c][0] = acc[c][1] = acc[c][2] = acc[c][3] = vdupq_n_s32(start);
    }
    const int steps = f == QUANT_Q8_0 ? 8 : 4;
    UNROLL
    for (int j = 0; j < steps; j++) {
        uint8x16_t p[4];
        int8x16_t w[4];
        UNROLL
        for (int r = 0; r < 4; r++) {
            p[r] = vld1q_u8(codes + 64 * j + 16 * r);
            w[r] = vreinterpretq_s8_u8(f == QUANT_Q8_0 ? p[r] : vandq_u8(p[r], vdupq_n_u8(15)));
        }
        dot_step(acc, w, dot_columns(q + 4 * j * C, C), C);
        if (f == QUANT_Q8_0)
            continue;
        UNROLL
        for (int r = 0; r < 4; r++)
            w[r] = vreinterpretq_s8_u8(vshrq_n_u8(p[r], 4));
        dot_step(acc, w, dot_columns(q + 4 * (j + 4) * C, C), C);
    }
}

static inline float32x4_t dot_scales(const uint16_t *p)
{
    return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
}
static inline float dot_f32(const uint8_t *p)
{
    float v;
    memcpy(&v, p, 4);
    return v;
}

ALWAYS_INLINE void dot_tile(const uint8_t *w, const uint8_t *q, int64_t nb, int C, quant_format f, dot_sums *out)
{
    float32x4_t sum[DOT_G][4];
    UNROLL
    for (int c = 0; c < C; c++)
        sum[c][0] = sum[c][1] = sum[c][2] = sum[c][3] = vdupq_n_f32(0);
    for (int64_t b = 0; b < nb; b++, q += C * COLUMN, w += block_bytes(f)) {
        int32x4_t acc[DOT_G][4];
        dot_block(acc, w, q, C, f);
        UNROLL
        for (int r = 0; r < 4; r++) { /* d_w d_a has 22 bits: exact; the only rounding is that of the sum */
            const float32x4_t d = dot_scales(block_scales(w, f, 0) + 4 * r);
            UNROLL
            for (int c = 0; c < C; c++)
                sum[c][r] =
                    vfmaq_f32(sum[c][r], vcvtq_f32_s32(acc[c][r]), vmulq_n_f32(d, dot_f32(q + C * BLOCK + 4 * c)));
        }
        if (f != QUANT_Q4_1)
            continue;
        UNROLL
        for (int r = 0; r < 4; r++) {
            const float32x4_t m = dot_scales(block_scales(w, f, 1) + 4 * r);
            UNROLL
            for (int c = 0; c < C; c++)
                sum[c][r] = vfmaq_n_f32(sum[c][r], m, dot_f32(q + C * (BLOCK + 4) + 4 * c));
        }
    }
    UNROLL
    for (int c = 0; c < C; c++)
        for (int r = 0; r < 4; r++)
            out->v[c][r] = sum[c][r];
}

ALWAYS_INLINE void dot_group(const uint8_t *w, column_group g, int64_t nb, quant_format f, dot_sums *out)
{
    switch (g.w) {
    case 4:
        dot_tile(w, g.data, nb, 4, f, out);
        break;
    case 3:
        dot_tile(w, g.data, nb, 3, f, out);
        break;
    case 2:
        dot_tile(w, g.data, nb, 2, f, out);
        break;
    default:
        dot_tile(w, g.data, nb, 1, f, out);
        break;
    }
}

/* 16 values, plus those of bias (may be NULL), to y; only the first n are touched. */
static inline void dot_put(float *y, const float32x4_t v[4], const float *bias, int64_t n)
{
    for (int r = 0; r < 4; r++, n -= 4, y += 4) {
        float32x4_t s = v[r];
        if (n <= 0)
            return;
        if (bias)
            s = vaddq_f32(s, n < 4 ? neon_load_tail(bias + 4 * r, n) : vld1q_f32(bias + 4 * r));
        if (n < 4)
            neon_store_tail(y, s, n);
        else
            vst1q_f32(y, s);
    }
}

ALWAYS_INLINE void dot_unit(const assay_args *a, int64_t unit, quant_format f, quant_op op)
{
    const int64_t T = a->dim[0], N = a->dim[1], nb = a->dim[2] / BLOCK, panels = panel_count(N);
    const int64_t chunk = quant_chunk(a, DOT_G), p = unit % panels, n = p * PANEL;
    const int64_t first = unit / panels * chunk, last = first + chunk < T ? first + chunk : T;
    const float *bias = op == QUANT_MATMUL ? a->operand[2].data : NULL;
    const int parts = quant_parts(op);
    for (int64_t t = first; t < last; t += DOT_G) {
        const column_group g = group_of(a, t, DOT_G);
        dot_sums s, up;
        dot_group(panel_at(a->packed, f, nb, p * parts), g, nb, f, &s);
        if (op == QUANT_GATE_UP) {
            dot_group(panel_at(a->packed, f, nb, p * parts + 1), g, nb, f, &up);
            for (int64_t c = 0; c < g.w; c++)
                for (int r = 0; r < 4; r++)
                    s.v[c][r] = vmulq_f32(vec_silu(s.v[c][r]), up.v[c][r]);
        }
        for (int64_t c = 0; c < g.w; c++)
            dot_put((float *)tensor_row(&a->operand[3], t + c) + n, s.v[c], bias ? bias + n : NULL, N - n);
    }
}

ALWAYS_INLINE assay_status dot_run(const assay_args *a, quant_format f, quant_op op)
{
    for (int64_t i = a->begin; i < a->end; i++)
        if (a->phase == 0)
            dot_quantize(a, i, f);
        else
            dot_unit(a, i, f, op);
    return ASSAY_OK;
}
#endif
