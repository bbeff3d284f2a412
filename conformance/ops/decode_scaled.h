/* SPDX-License-Identifier: MIT
 * decode_scaled.h - what decode.h reads of OCP MX, NVFP4, iq4_xs, ternary numbers and q8_k, with wrong ways of their
 * own. Each opens a block to float codes and their scales, one for each 16. */
#ifndef ASSAY_FAULTS_DECODE_SCALED_H
#define ASSAY_FAULTS_DECODE_SCALED_H

#define SCALED_TYPES                                                                                                   \
    (ASSAY_T(iq4_xs) | ASSAY_T(nvfp4) | ASSAY_T(tq1_0) | ASSAY_T(tq2_0) | ASSAY_T(mxfp8_e4m3) | ASSAY_T(mxfp8_e5m2) |  \
     ASSAY_T(mxfp6_e2m3) | ASSAY_T(mxfp6_e3m2) | ASSAY_T(mxint8) | ASSAY_T(e4m3fnuz) | ASSAY_T(e5m2fnuz))

typedef struct scaled {
    float scale[16], code[256]; /* of each 16 */
} scaled;

static bool is_mx(assay_dtype t)
{
    return t == ASSAY_mxfp8_e4m3 || t == ASSAY_mxfp8_e5m2 || t == ASSAY_mxfp6_e2m3 || t == ASSAY_mxfp6_e3m2 ||
           t == ASSAY_mxint8;
}
static bool is_scaled(assay_dtype t)
{
    return is_mx(t) || t == ASSAY_nvfp4 || t == ASSAY_iq4_xs || t == ASSAY_tq1_0 || t == ASSAY_tq2_0 || t == ASSAY_q8_k;
}

/* A float of 1 + e + m bits; `last`: the last exponent stands for what is no number */
static float small_float(int code, int bits, int m, int bias, int mode)
{
    const int half = 1 << (bits - 1), size = code & (half - 1), e = size >> m, f = size & ((1 << m) - 1);
    float v = e ? ldexpf((float)(f + (1 << m)), e - bias - m) : mode == FLUSH_8 ? 0 : ldexpf((float)f, 1 - bias - m);
    if (bits == 8 && m == 3 && size == 127 && mode != MX_END)
        v = NAN;
    if (bits == 8 && m == 2 && size >= 124 && mode != MX_END)
        v = size == 124 ? INFINITY : NAN;
    return code & half ? -v : v;
}

static int six_bits(const uint8_t *q, int j, int mode)
{
    const int at = 6 * j, from = at % 8;
    const int high = from > 2 && mode != MX_ONE_BYTE ? q[at / 8 + 1] : 0;
    if (mode == MX_FROM_TOP)
        return (q[at / 8] << 8 | (from > 2 ? q[at / 8 + 1] : 0)) >> (10 - from) & 63;
    return (q[at / 8] | high << 8) >> from & 63;
}

static void open_mx(scaled *s, const uint8_t *b, const uint8_t *next, assay_dtype t, int mode)
{
    const uint8_t e = mode == NEXT_SCALE ? *next : *b;
    const bool more = (t == ASSAY_mxfp8_e4m3 || t == ASSAY_mxfp6_e2m3) != (mode == MX_OTHER_FORM); /* fraction bits */
    s->scale[0] = s->scale[1] = e == 255 && mode != POWER_NAN   ? NAN
                                : e == 0 && mode == POWER_FLUSH ? 0
                                                                : ldexpf(1, e - 127);
    for (int j = 0; j < 32; j++)
        if (t == ASSAY_mxfp6_e2m3 || t == ASSAY_mxfp6_e3m2)
            s->code[j] = small_float(six_bits(b + 1, j, mode), 6, more ? 3 : 2, more ? 1 : 3, mode);
        else if (t != ASSAY_mxint8)
            s->code[j] = small_float(b[1 + j], 8, more ? 3 : 2, more ? 7 : 15, mode);
        else
            s->code[j] = (float)(mode == MX_SIGN_SIZE && b[1 + j] > 127 ? 128 - b[1 + j] : (int8_t)b[1 + j]) / 64;
}

static void open_nvfp4(scaled *s, const uint8_t *b, const uint8_t *next, int mode)
{
    static const float e2m1[] = { 0, 0.5F, 1, 1.5F, 2, 3, 4, 6, -0.0F, -0.5F, -1, -1.5F, -2, -3, -4, -6 };
    for (int g = 0; g < 4; g++) {
        const uint8_t c = (mode == NEXT_SCALE ? next : b)[mode == NV_ONE ? 0 : g];
        const float size =
            c % 128 < 8 && mode == NV_NORMAL ? ldexpf((float)(c % 8 + 8), -10) : small_float(c % 128, 8, 3, 7, MX_END);
        s->scale[g] = c == 127 && mode != NV_FULL ? 0 : c > 127 && mode == NV_SIGNED ? -size : size;
    }
    for (int j = 0; j < 64; j++) {
        const uint8_t *q = b + 4 + (mode == NV_OF_32 ? 16 * (j / 32) + j % 16 : 8 * (j / 16) + j % 8);
        const int code = *q >> (mode == NV_OF_32 ? j % 32 / 16 : j % 16 / 8) * 4 & 15;
        s->code[j] = mode == TABLE_LINEAR ? (float)(code - 8) : e2m1[code];
    }
}

static void open_iq4_xs(scaled *s, const uint8_t *b, float d, int mode)
{
    static const int iq4[] = { -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113 };
    for (int h = 0; h < 16; h++) {
        const int g = h / 2, low = b[4 + g / 2] >> g % 2 * 4 & 15, high = b[2 + g / 4] >> g % 4 * 2 & 3;
        s->scale[h] = d * (float)((low | (mode == XS_FOUR_BITS ? 2 : high) << 4) - (mode == NO_OFFSET ? 0 : 32));
    }
    for (int j = 0; j < 256; j++) {
        const int code = b[8 + 16 * (j / 32) + j % 16] >> j % 32 / 16 * 4 & 15;
        s->code[j] = (float)(mode == TABLE_LINEAR ? code - 8 : iq4[code]);
    }
}

static void open_ternary(scaled *s, const uint8_t *b, float d, bool two_bits, int mode)
{
    static const int power[] = { 1, 3, 9, 27, 81 };
    for (int h = 0; h < 16; h++)
        s->scale[h] = d;
    for (int j = 0; j < 256; j++) {
        const int wide = j < 160 ? 32 : j < 240 ? 16 : 4, from = j < 160 ? 0 : j < 240 ? 160 : 240;
        int at = (j < 160 ? 0 : j < 240 ? 32 : 48) + (j - from) % wide, n = (j - from) / wide;
        if (mode == TRIT_ORDER && j < 160)
            at = j / 5, n = j % 5;
        if (mode == TRIT_REST && j >= 240)
            at = 48 + (j - 240) / 4, n = j % 4;
        const int digit = (b[at] * power[mode == TRIT_POWERS ? 4 - n : n] & 255) * 3 >> 8;
        const int two =
            mode == TWO_BITS ? b[j / 4] >> j % 4 * 2 & 3 : b[32 * (j / 128) + j % 32] >> j % 128 / 32 * 2 & 3;
        const int code = two_bits ? (mode == CODE_3 && two == 3 ? 2 : two) : digit;
        s->code[j] = (float)(code - (mode == NO_OFFSET ? 0 : 1));
    }
}

static void open_q8_k(scaled *s, const uint8_t *b, const uint8_t *next, int mode)
{
    float d;
    memcpy(&d, mode == NEXT_SCALE ? next : b, sizeof d);
    for (int h = 0; h < 16; h++)
        s->scale[h] = mode == K8_HALF ? assay_f16_to_f32(assay_f16_from_f32(d)) : d;
    for (int j = 0; j < 256; j++)
        s->code[j] = (float)(mode == UNSIGNED_CODES && b[4 + j] == 128 ? 127 : (int8_t)b[4 + j]);
}

static void decode_scaled(float *y, const uint8_t *b, const uint8_t *next, assay_dtype t, int mode)
{
    scaled s;
    uint16_t h;
    memcpy(&h, (mode == NEXT_SCALE ? next : b) + (t == ASSAY_tq1_0 ? 52 : t == ASSAY_tq2_0 ? 64 : 0), sizeof h);
    if (is_mx(t))
        open_mx(&s, b, next, t, mode);
    else if (t == ASSAY_nvfp4)
        open_nvfp4(&s, b, next, mode);
    else if (t == ASSAY_iq4_xs)
        open_iq4_xs(&s, b, decode_half(h, mode), mode);
    else if (t == ASSAY_q8_k)
        open_q8_k(&s, b, next, mode);
    else
        open_ternary(&s, b, decode_half(h, mode), t == ASSAY_tq2_0, mode);
    for (int j = 0; j < assay_dtype_of(t)->block; j++) {
        const float d = s.scale[j / 16];
        y[j] = mode == WIDE ? (float)((double)d * (double)s.code[j]) : d * s.code[j];
    }
}
#endif
