/* SPDX-License-Identifier: MIT
 * formats.h - block formats of weights as the kernels of this folder see them: a row each, and how a row of a file is
 * read.  A weight is d (code - offset) or d code + m; with groups of their own scales d is that of the super-block
 * times an integer, and m likewise. */
#ifndef ASSAY_QUANT_FORMATS_H
#define ASSAY_QUANT_FORMATS_H
#include "../isa/blocks.h"
#include <stdbool.h>

typedef struct quant_format {
    int low, high;        /* bits of a code, stored apart */
    int group;            /* weights that share a scale: 32, or 16 */
    int span;             /* blocks of 32 that share d: 1, or 8 whose groups have scales of 8 bits */
    int offset;           /* what a code, or what it stands for, exceeds its meaning by */
    bool minimum;         /* d code + m */
    bool wide;            /* what codes stand for are signed bytes */
    const int8_t *values; /* what codes stand for; NULL: themselves */
} quant_format;

/* e2m1_values more 12 */
static const int8_t e2m1_unsigned[16] = { 12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0 };

/* X(type, low, high, group, span, offset, minimum, wide, values) */
#define QUANT_FORMATS(X)                                                                                               \
    X(q8_0, 8, 0, 32, 1, 0, 0, 1, NULL)                                                                                \
    X(q4_0, 4, 0, 32, 1, 8, 0, 0, NULL)                                                                                \
    X(q4_1, 4, 0, 32, 1, 0, 1, 0, NULL)                                                                                \
    X(q5_0, 4, 1, 32, 1, 16, 0, 0, NULL)                                                                               \
    X(q5_1, 4, 1, 32, 1, 0, 1, 0, NULL)                                                                                \
    X(iq4_nl, 4, 0, 32, 1, 0, 0, 1, iq4_values)                                                                        \
    X(mxfp4, 4, 0, 32, 1, 12, 0, 0, e2m1_unsigned)                                                                     \
    X(q2_k, 2, 0, 16, 8, 0, 1, 0, NULL)                                                                                \
    X(q3_k, 2, 1, 16, 8, 4, 0, 0, NULL)                                                                                \
    X(q4_k, 4, 0, 32, 8, 0, 1, 0, NULL)                                                                                \
    X(q5_k, 4, 1, 32, 8, 0, 1, 0, NULL)                                                                                \
    X(q6_k, 4, 2, 16, 8, 32, 0, 0, NULL)                                                                               \
    X(iq4_xs, 4, 0, 32, 8, 0, 0, 1, iq4_values)
#define ROW(type, low, high, group, span, offset, minimum, wide, values)                                               \
    [ASSAY_##type] = { low, high, group, span, offset, minimum, wide, values },
static const quant_format quant_formats[ASSAY_DTYPE_END] = { QUANT_FORMATS(ROW) };
/* What contracts, which C wants to be constants, depend on */
#define CONSTANTS(type, low, high, group, span, offset, minimum, wide, values)                                         \
    groups_##type = 32 / (group), minima_##type = (minimum),
enum { QUANT_FORMATS(CONSTANTS) };
#undef ROW
#undef CONSTANTS

/* Blocks of one row that share d, as numbers.  d and m: f16, of mxfp4 bf16 (of half its scale, for its values are
 * doubled); minima of groups are added, so dmin has the other sign. */
typedef struct quant_span {
    uint16_t d, m;
    uint8_t code[256], scale[16], minimum[16];
} quant_span;

/* Places of code k: two to a byte, 16 apart (of a block), 32 apart (of a super-block), and of 2 bits four. */
static inline int nibble_16(const uint8_t *q, int k)
{
    return q[k % 16] >> k / 16 * 4 & 15;
}
static inline int nibble_32(const uint8_t *q, int k)
{
    return q[k / 64 * 32 + k % 32] >> k / 32 % 2 * 4 & 15;
}
static inline int two_bits(const uint8_t *q, int k)
{
    return q[k / 128 * 32 + k % 32] >> k % 128 / 32 * 2 & 3;
}

static inline void read_block(quant_span *s, assay_dtype t, const uint8_t *p)
{
    const bool minimum = t == ASSAY_q4_1 || t == ASSAY_q5_1, fifth = t == ASSAY_q5_0 || t == ASSAY_q5_1;
    const uint8_t *high = p + (t == ASSAY_mxfp4 ? 1 : minimum ? 4 : 2), *low = high + (fifth ? 4 : 0);
    if (t == ASSAY_mxfp4)
        s->d = (uint16_t)(f32_bits(e8m0_half(*p)) >> 16);
    else
        memcpy(&s->d, p, 2);
    if (minimum)
        memcpy(&s->m, p + 2, 2);
    for (int k = 0; k < 32; k++)
        s->code[k] =
            (uint8_t)(t == ASSAY_q8_0 ? low[k] : nibble_16(low, k) | (fifth ? (high[k / 8] >> k % 8 & 1) << 4 : 0));
}

static inline void read_super(quant_span *s, assay_dtype t, const uint8_t *p)
{
    const assay_q2_k *k2 = (const void *)p;
    const assay_q3_k *k3 = (const void *)p;
    const assay_q4_k *k4 = (const void *)p;
    const assay_q5_k *k5 = (const void *)p; /* begins as q4_k does */
    const assay_q6_k *k6 = (const void *)p;
    const assay_iq4_xs *xs = (const void *)p; /* d first, as in q4_k */
    s->d = t == ASSAY_q2_k ? k2->d : t == ASSAY_q3_k ? k3->d : t == ASSAY_q6_k ? k6->d : k4->d;
    s->m = (uint16_t)((t == ASSAY_q2_k ? k2->dmin : k4->dmin) ^ 0x8000);
    if (t == ASSAY_q4_k || t == ASSAY_q5_k)
        q4_k_scales(k4->sc, s->scale, s->minimum);
    if (t == ASSAY_q3_k)
        q3_k_scales(k3->sc, (int8_t *)s->scale);
    if (t == ASSAY_q6_k)
        memcpy(s->scale, k6->sc, 16);
    for (int g = 0; g < 8 && t == ASSAY_iq4_xs; g++)
        s->scale[g] = (uint8_t)(((xs->sl[g / 2] >> g % 2 * 4 & 15) | (xs->sh >> 2 * g & 3) << 4) - 32);
    for (int g = 0; g < 16 && t == ASSAY_q2_k; g++)
        s->scale[g] = k2->sc[g] & 15, s->minimum[g] = k2->sc[g] >> 4;
    for (int k = 0; k < 256; k++) {
        const int half = k / 128, quarter = k % 128 / 32, i = k % 32;
        const int six = k6->ql[64 * half + 32 * (quarter & 1) + i] >> 4 * (quarter >> 1) & 15;
        s->code[k] = (uint8_t)(t == ASSAY_q2_k     ? two_bits(k2->q, k)
                               : t == ASSAY_q3_k   ? two_bits(k3->q, k) | (k3->h[i] >> k / 32 & 1) << 2
                               : t == ASSAY_q4_k   ? nibble_32(k4->q, k)
                               : t == ASSAY_iq4_xs ? nibble_16(xs->q + k / 32 * 16, k % 32)
                               : t == ASSAY_q5_k   ? nibble_32(k5->q, k) | (k5->h[i] >> k / 32 & 1) << 4
                                                   : six | (k6->qh[32 * half + i] >> 2 * quarter & 3) << 4);
    }
}
#endif
