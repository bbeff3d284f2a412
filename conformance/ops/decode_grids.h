/* SPDX-License-Identifier: MIT
 * decode_grids.h - what decode.h reads of GGUF's iq types, with wrong ways of their own.  The grids are the
 * reference's. */
#ifndef ASSAY_FAULTS_DECODE_GRIDS_H
#define ASSAY_FAULTS_DECODE_GRIDS_H
#include "../../reference/core/dtype_grids.h"

#define GRID_TYPES                                                                                                     \
    (ASSAY_T(iq2_xxs) | ASSAY_T(iq2_xs) | ASSAY_T(iq2_s) | ASSAY_T(iq3_xxs) | ASSAY_T(iq3_s) | ASSAY_T(iq1_s) |        \
     ASSAY_T(iq1_m))
static bool is_grid(assay_dtype t)
{
    return (GRID_TYPES >> t & 1) != 0;
}

/* The number of which the k-th bit is; its elements are asked for one by one */
static int grid_number(const uint64_t *set, int k)
{
    static _Thread_local struct {
        const uint64_t *set;
        int k, number;
    } last;
    int left = k, number = 0;
    if (last.set == set && last.k == k)
        return last.number;
    for (int ones; left >= (ones = __builtin_popcountll(set[number / 64])); number += 64)
        left -= ones;
    for (; left > 0 || !(set[number / 64] >> number % 64 & 1); number++)
        left -= (int)(set[number / 64] >> number % 64 & 1);
    last.set = set, last.k = k, last.number = number;
    return number;
}

/* Element i of entry k, as its digit */
static int grid_digit(const uint64_t *set, int base, int k, int i, int mode)
{
    int number = grid_number(set, k);
    for (int n = mode == GRID_REVERSED ? (base == 3 ? 7 : 3) - i : i; n > 0; n--)
        number /= base;
    return number % base;
}

static float eighth_sign(unsigned seven, int i, int mode)
{
    unsigned odd = 0;
    for (int k = 0; k < 7; k++)
        odd ^= seven >> k & 1;
    if (mode == SIGNS_PLAIN)
        odd = 0;
    return (seven | odd << 7) >> i & 1 ? -1 : 1;
}

typedef struct grid_scale { /* of an octet: d times it over `over`, or, iq1, what is added to elements */
    int odd, over;
    float more;
} grid_scale;

static float iq2_number(const uint8_t *b, assay_dtype t, int g, int l, int i, grid_scale *s, int mode)
{
    static const float size[] = { 8, 25, 43 };
    uint32_t w;
    uint16_t v;
    memcpy(&w, b + 6 + 8 * g, 4);
    memcpy(&v, b + 2 + 2 * (4 * g + l), 2);
    s->over = 8;
    if (t == ASSAY_iq2_xxs) {
        s->odd = (int)(w >> 28);
        return size[grid_digit(iq2_xxs_set, 3, b[2 + 8 * g + l], i, mode)] * eighth_sign(w >> 7 * l & 127, i, mode);
    }
    s->odd = b[(t == ASSAY_iq2_xs ? 66 : 74) + g] >> (mode == SCALE_OF_GROUP ? 0 : l / 2 * 4) & 15;
    if (t == ASSAY_iq2_xs)
        return size[grid_digit(iq2_xs_set, 3, v & 511, i, mode)] * eighth_sign(v >> 9, i, mode);
    const int high = mode == GRID_LOW ? 0 : b[66 + g] >> 2 * l & 3, minus = b[34 + 4 * g + l] >> i & 1;
    return size[grid_digit(iq2_s_set, 3, b[2 + 4 * g + l] | high << 8, i, mode)] * (minus ? -1.0f : 1.0f);
}

static float iq3_number(const uint8_t *b, assay_dtype t, int g, int l, int i, grid_scale *s, int mode)
{
    static const float size[] = { 4, 12, 20, 28, 36, 44, 52, 62 };
    const int n = 2 * l + (mode == GRID_HALVES ? !(i / 4) : i / 4), at = i % 4;
    uint32_t w;
    memcpy(&w, b + 66 + 4 * g, 4);
    if (t == ASSAY_iq3_xxs) {
        s->odd = (int)(w >> 28), s->over = mode == OVER_EIGHT ? 8 : 4;
        return size[grid_digit(iq3_xxs_set, 8, b[2 + 8 * g + n], at, mode)] * eighth_sign(w >> 7 * l & 127, i, mode);
    }
    const int high = mode == GRID_LOW ? 0 : b[66 + g] >> n & 1, minus = b[74 + 4 * g + l] >> i & 1;
    s->odd = b[106 + g / 2] >> g % 2 * 4 & 15, s->over = 1;
    return (float)(1 + 2 * grid_digit(iq3_s_set, 8, b[2 + 8 * g + n] | high << 8, at, mode)) * (minus ? -1.0f : 1.0f);
}

static float iq1_number(const uint8_t *b, assay_dtype t, int g, int l, int i, grid_scale *s, int mode)
{
    uint16_t h;
    memcpy(&h, b + (t == ASSAY_iq1_s ? 34 + 2 * g : 48 + g / 2 * 2), 2);
    const int nib = b[32 + 2 * g + l / 2] >> l % 2 * 4 & 15, high = t == ASSAY_iq1_s ? h >> 3 * l & 7 : nib & 7;
    const bool less = t == ASSAY_iq1_s ? h >> 15 : nib >> 3;
    s->odd = t == ASSAY_iq1_s ? h >> 12 & 7 : h >> (6 * (g % 2) + (mode == SCALE_OF_GROUP ? 0 : l / 2 * 3)) & 7;
    s->over = 1, s->more = mode == DELTA_LOST ? 0 : less && mode != DELTA_SIGN ? -0.125f : 0.125f;
    const int place = b[(t == ASSAY_iq1_s ? 2 : 0) + 4 * g + l] | (mode == GRID_LOW ? 0 : high) << 8;
    return (float)(grid_digit(iq1_s_set, 3, place, i, mode) - 1);
}

static void decode_grid(float *y, const uint8_t *b, const uint8_t *next, assay_dtype t, int mode)
{
    const uint8_t *from = mode == NEXT_SCALE ? next : b;
    uint16_t h = 0;
    if (t != ASSAY_iq1_m || mode == D_IN_FRONT)
        memcpy(&h, from, 2);
    else
        for (int k = 0; k < 4; k++)
            h |= (uint16_t)(from[49 + 2 * k] >> 4 << 4 * k);
    const float d = decode_half(h, mode);
    for (int j = 0; j < 256; j++) {
        const int g = j / 32, l = j % 32 / 8, i = j % 8;
        grid_scale s = { 0, 1, 0 };
        const float v = t == ASSAY_iq1_s || t == ASSAY_iq1_m     ? iq1_number(b, t, g, l, i, &s, mode)
                        : t == ASSAY_iq3_xxs || t == ASSAY_iq3_s ? iq3_number(b, t, g, l, i, &s, mode)
                                                                 : iq2_number(b, t, g, l, i, &s, mode);
        const int odd = mode == SCALE_EVEN ? 2 * s.odd : 2 * s.odd + 1;
        y[j] = mode == WIDE ? (float)((double)d * odd * ((double)v + (double)s.more) / s.over)
                            : d * ((float)odd / (float)s.over) * (v + s.more);
    }
}
#endif
