/* SPDX-License-Identifier: MIT
 * dotprod.c - quantized dots for Arm with the dot product extension: 16 rows by up to 4 columns.  One load of 16 bytes
 * brings 4 bytes of each of 4 columns; sdot multiplies them by lane with 4 rows of codes.
 * Codes to 63 are signed bytes as they are; the offset comes from the start value, -8 times the sum of the activations
 * for q4_0.  sdot sums in 32 bits: nothing saturates, codes of -128 included. */
#include "../isa/neon.h"
#include "../isa/simd_neon.h"
#include "../isa/simd_exp.h"
#include "panel.h"

enum { DOT_G = 4 };
#define QUANT_G                     DOT_G
#define QUANT_WIDE                  1
#define QUANT_TIER                  dotprod
#define QUANT_PACK                  "" /* signed codes of q8_0 */
#define QUANT_FLIP                  0
#define QUANT_LINKS(groups, minima) ((groups) * (1 + (minima))) /* float sums for each block */

/* ---- phase 0: one row of x to q8_0 (d = max|x| / 127, ties away from zero; a block with NaN or inf is NaN) ---- */

ALWAYS_INLINE void dot_quantize(const assay_args *a, int64_t t)
{
    const column_group g = group_of(a, t, DOT_G);
    const float *x = tensor_row(&a->operand[0], t);
    const int64_t nb = a->dim[2] / BLOCK;
    for (int64_t b = 0; b < nb; b++, x += BLOCK) {
        /* as integers magnitudes order like the numbers they are, with inf and NaN above all */
        uint32x4_t top = vdupq_n_u32(0);
        for (int i = 0; i < BLOCK; i += 4)
            top = vmaxq_u32(top, vreinterpretq_u32_f32(vabsq_f32(vld1q_f32(x + i))));
        const float amax = f32_from_bits(vmaxvq_u32(top));
        int8_t q[BLOCK] = { 0 };
        int32_t fold[2] = { 0 };
        if (!(amax <= 0x1.fffffep127f)) {
            column_put(&g, t - g.t, b, q, NAN, fold);
            continue;
        }
        const float d = amax / 127;
        float id = d != 0 ? 1 / d : 0;
        id = id <= 0x1.fffffep127f ? id : 0;
        int32x4_t sum[2] = { vdupq_n_s32(0), vdupq_n_s32(0) }; /* of each half */
        for (int i = 0; i < BLOCK; i += 8) {                   /* vcvta: to nearest, ties away from zero */
            const int32x4_t lo = vcvtaq_s32_f32(vmulq_n_f32(vld1q_f32(x + i), id));
            const int32x4_t hi = vcvtaq_s32_f32(vmulq_n_f32(vld1q_f32(x + i + 4), id));
            sum[i / 16] = vaddq_s32(sum[i / 16], vaddq_s32(lo, hi));
            vst1_s8(q + i, vqmovn_s16(vcombine_s16(vqmovn_s32(lo), vqmovn_s32(hi))));
        }
        const float stored = vgetq_lane_f32(vcvt_f32_f16(vcvt_f16_f32(vdupq_n_f32(d))), 0);
        if (F.group == BLOCK)
            sum[0] = vaddq_s32(sum[0], sum[1]);
        for (int i = 0; i < quant_groups(); i++) {
            const int32_t s = vaddvq_s32(sum[i]);
            const float ds = stored * (float)s;
            fold[i] = -F.offset * s;
            if (F.minimum)
                memcpy(&fold[i], &ds, 4);
        }
        column_put(&g, t - g.t, b, q, stored, fold);
    }
}

/* ---- phase 1: sum[c] = 16 rows of the panel times column c ---- */

typedef struct dot_sums {
    float32x4_t v[DOT_G][4];
} dot_sums;

/* 4 bytes of each of C columns.  For 3 columns 4 bytes more are read: the scales, which follow the codes. */
ALWAYS_INLINE int8x16_t dot_x(const uint8_t *p, int C)
{
    if (C > 2)
        return vreinterpretq_s8_u8(vld1q_u8(p));
    if (C == 2)
        return vreinterpretq_s8_u8(vcombine_u8(vld1_u8(p), vdup_n_u8(0)));
    return vreinterpretq_s8_s32(vdupq_n_s32(i32_at(p)));
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

/* Field j of `bits` bits of 4 rows, moved to bit `to` */
ALWAYS_INLINE uint8x16_t dot_field(const uint8_t *p, int bits, int j, int to)
{
    const uint8x16_t v = vld1q_u8(p + 64 * (j % bits));
    const int left = to - j / bits * bits;
    return bits == 8 ? v
                     : vandq_u8(vshlq_u8(v, vdupq_n_s8((int8_t)left)), vdupq_n_u8((uint8_t)(((1 << bits) - 1) << to)));
}
/* What group j of 4 weights stands for: signed bytes, of rows 4r .. 4r+3 */
ALWAYS_INLINE int8x16_t dot_weights(const uint8_t *block, int j, int r)
{
    uint8x16_t v = dot_field(block + 16 * r, F.low, j, 0);
    if (F.high)
        v = vorrq_u8(v, dot_field(block + 64 * F.low + 16 * r, F.high ? F.high : 1, j, F.low));
    return F.values ? vqtbl1q_s8(vld1q_s8(F.values), v) : vreinterpretq_s8_u8(v);
}

static inline float32x4_t dot_halves(const uint16_t *p) /* scales or minima of a span */
{
    return F.values == e2m1_unsigned ? vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(p), 16)) /* bf16 */
                                     : vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
}
/* Scales (i = 0) of group g of the block times those of the span, or minima (i = 1): 8 bits times 11, exact */
ALWAYS_INLINE float32x4_t dot_scale(const uint8_t *span, const uint8_t *block, int g, int i, int r)
{
    const float32x4_t all = dot_halves(span_scales(span, i) + 4 * r);
    if (F.span == 1)
        return all;
    const int8x8_t own = vreinterpret_s8_s32(vdup_n_s32(i32_at(group_scales(block, g, i) + 4 * r)));
    return vmulq_f32(all, vcvtq_f32_s32(vmovl_s16(vget_low_s16(vmovl_s8(own))))); /* at most 63, or signed */
}

/* sum += integers of group g of the block, by their scales; and its minima times sums of activations */
ALWAYS_INLINE void dot_combine(float32x4_t sum[][4], int32x4_t acc[][4], const uint8_t *span, const uint8_t *block,
                               const uint8_t *q, int C, int g)
{
    const int minima = F.minimum ? 4 : 0;
    UNROLL
    for (int r = 0; r < 4; r++) {
        const float32x4_t d = dot_scale(span, block, g, 0, r);
        UNROLL
        for (int c = 0; c < C; c++) {
            const float32x4_t v = vmulq_n_f32(vcvtq_f32_s32(acc[c][r]), f32_at(column_scales(q, C) + 4 * c));
            sum[c][r] = vfmaq_f32(sum[c][r], v, d);
        }
    }
    UNROLL
    for (int r = 0; r < minima; r++) {
        const float32x4_t m = dot_scale(span, block, g, 1, r);
        UNROLL
        for (int c = 0; c < C; c++)
            sum[c][r] = vfmaq_n_f32(sum[c][r], m, f32_at(column_folds(q, C, g) + 4 * c));
    }
}

ALWAYS_INLINE void dot_tile(const uint8_t *span, const uint8_t *q, int64_t spans, int C, dot_sums *out)
{
    float32x4_t sum[DOT_G][4];
    UNROLL
    for (int c = 0; c < C; c++)
        sum[c][0] = sum[c][1] = sum[c][2] = sum[c][3] = vdupq_n_f32(0);
    for (int64_t n = 0; n < spans; n++, span += span_bytes())
        for (int64_t b = 0; b < F.span; b++, q += C * column_bytes()) {
            const uint8_t *block = span + b * block_bytes();
            UNROLL
            for (int g = 0; g < quant_groups(); g++) {
                int32x4_t acc[DOT_G][4];
                UNROLL
                for (int c = 0; c < C; c++) {
                    const int32_t start = F.minimum ? 0 : i32_at(column_folds(q, C, g) + 4 * c);
                    acc[c][0] = acc[c][1] = acc[c][2] = acc[c][3] = vdupq_n_s32(start);
                }
                UNROLL
                for (int i = 0; i < F.group / 4; i++) {
                    const int j = quant_order(g * (F.group / 4) + i);
                    int8x16_t w[4];
                    UNROLL
                    for (int r = 0; r < 4; r++)
                        w[r] = dot_weights(block, j, r);
                    dot_step(acc, w, dot_x(q + 4 * j * C, C), C);
                }
                dot_combine(sum, acc, span, block, q, C, g);
            }
        }
    UNROLL
    for (int c = 0; c < C; c++)
        for (int r = 0; r < 4; r++)
            out->v[c][r] = sum[c][r];
}

static void dot_columns(const uint8_t *w, column_group g, int64_t spans, dot_sums *out)
{
    switch (g.w) {
    case 4:
        dot_tile(w, g.data, spans, 4, out);
        break;
    case 3:
        dot_tile(w, g.data, spans, 3, out);
        break;
    case 2:
        dot_tile(w, g.data, spans, 2, out);
        break;
    default:
        dot_tile(w, g.data, spans, 1, out);
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

static void dot_unit(const assay_args *a, int64_t unit, quant_op op)
{
    const int64_t T = a->dim[0], N = a->dim[1], panels = panel_count(N);
    const int64_t chunk = quant_chunk(a, DOT_G), p = unit % panels, n = p * PANEL;
    const int64_t first = unit / panels * chunk, last = first + chunk < T ? first + chunk : T;
    const float *bias = op == QUANT_MATMUL ? a->operand[2].data : NULL;
    const int parts = quant_parts(op);
    for (int64_t t = first; t < last; t += DOT_G) {
        const column_group g = group_of(a, t, DOT_G);
        dot_sums s, up;
        dot_columns(panel_at(a, p * parts), g, quant_spans(a), &s);
        if (op == QUANT_GATE_UP) {
            dot_columns(panel_at(a, p * parts + 1), g, quant_spans(a), &up);
            for (int64_t c = 0; c < g.w; c++)
                for (int r = 0; r < 4; r++)
                    s.v[c][r] = vmulq_f32(vec_silu(s.v[c][r]), up.v[c][r]);
        }
        for (int64_t c = 0; c < g.w; c++)
            dot_put((float *)tensor_row(&a->operand[3], t + c) + n, s.v[c], bias ? bias + n : NULL, N - n);
    }
}

static assay_status quant_run(const assay_args *a, quant_op op)
{
    for (int64_t i = a->begin; i < a->end; i++)
        if (a->phase == 0)
            dot_quantize(a, i);
        else
            dot_unit(a, i, op);
    return ASSAY_OK;
}
#include "kernel.h"
