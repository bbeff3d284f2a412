/* SPDX-License-Identifier: MIT
 * block_integers.h - 32 weights of a row of any block format as integers: w = d scale[h] q + m minimum[h], h the half
 * of the 32.  Formats without groups have scales of 1, those without minima m = 0. */
#ifndef ASSAY_BLOCK_INTEGERS_H
#define ASSAY_BLOCK_INTEGERS_H
#include "../../reference/core/dtype.h"
#include "../../reference/core/dtype_super.h"
#include "../../reference/core/values.h"
#include <math.h>
#include <string.h>

/* What codes of iq4_nl and iq4_xs stand for */
static const int iq4_integers[] = { -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113 };

typedef struct block_integers {
    float d, m;
    int scale[2], minimum[2], q[32];
} block_integers;

static inline void super_integers(block_integers *b, const assay_super *s, assay_dtype t, int64_t at)
{
    const bool halves = t == ASSAY_q2_k || t == ASSAY_q3_k || t == ASSAY_q6_k;
    const bool minima = assay_block_parts_of(t)->minimum >= 0;
    b->d = assay_f16_to_f32(s->d);
    b->m = minima ? -assay_f16_to_f32(s->dmin) : 0;
    for (int h = 0; h < 2; h++) {
        b->scale[h] = s->scale[halves ? 2 * at + h : at];
        b->minimum[h] = minima ? s->minimum[halves ? 2 * at + h : at] : 0;
    }
    for (int k = 0; k < 32; k++)
        b->q[k] = t == ASSAY_iq4_xs ? iq4_integers[s->code[32 * at + k]] : s->code[32 * at + k];
}

/* Block i of 32 of a row.  *super: of the super-block, read when its first 32 weights are. */
static inline void take_integers(block_integers *b, assay_super *super, assay_dtype t, const void *row, int64_t i)
{
    static const int e2m1[] = { 0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12 };
    const assay_dtype_info *info = assay_dtype_of(t);
    const assay_block_parts *parts = assay_block_parts_of(t);
    const unsigned char *p = (const unsigned char *)row + i * 32 / info->block * info->bytes;
    const bool five = t == ASSAY_q5_0 || t == ASSAY_q5_1, eight = t == ASSAY_q8_0;
    const int less = t == ASSAY_q4_0 ? 8 : t == ASSAY_q5_0 ? 16 : 0;
    uint16_t head[2];
    if (info->block > 32) {
        if (i % 8 == 0)
            assay_super_read(super, p, t);
        super_integers(b, super, t, i % 8);
        return;
    }
    memcpy(head, p, sizeof head);
    const float power = *p == 255 ? NAN : ldexpf(1, *p - 128); /* half the scale: its values are doubled */
    *b = (block_integers){ .d = t == ASSAY_mxfp4 ? power : assay_f16_to_f32(head[0]), .scale = { 1, 1 } };
    if (parts->minimum >= 0)
        b->m = assay_f16_to_f32(head[1]), b->minimum[0] = b->minimum[1] = 1;
    const unsigned char *high = p + parts->codes, *low = high + (five ? 4 : 0);
    for (int k = 0; k < 32; k++) {
        const int nibble = low[k % 16] >> (k / 16 * 4) & 15, fifth = five ? (high[k / 8] >> k % 8 & 1) << 4 : 0;
        b->q[k] = eight               ? (int8_t)low[k]
                  : t == ASSAY_mxfp4  ? e2m1[nibble]
                  : t == ASSAY_iq4_nl ? iq4_integers[nibble]
                                      : (nibble | fifth) - less;
    }
}
#endif
