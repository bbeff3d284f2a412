/* SPDX-License-Identifier: MIT
 * decode_scaled.h - decode.h's blocks with scales of 8 bits, of 256 ternary numbers or bytes, and the 8-bit floats that
 * have no infinities. */
#ifndef ASSAY_ISA_DECODE_SCALED_H
#define ASSAY_ISA_DECODE_SCALED_H

static inline void decode_iq4_xs(float *y, const assay_iq4_xs *b)
{
    const float d = half_to_f32(b->d);
    for (int g = 0; g < 8; g++) {
        const int scale = (b->sl[g / 2] >> g % 2 * 4 & 15) | (b->sh >> 2 * g & 3) << 4;
        decode_scaled(y + 32 * g, table_codes(iq4_values, b->q + 16 * g), d * (float)(scale - 32));
    }
}

/* Halves of 8 bytes lie in place of those of 16: of two groups the first in the low nibbles, the second in the high. */
static inline void decode_nvfp4(float *y, const assay_nvfp4 *b)
{
    const uint64_t low = 0x0f0f0f0f0f0f0f0f;
    for (int g = 0; g < 4; g += 2) {
        uint64_t in[2], out[2];
        uint8_t q[16];
        memcpy(in, b->q + 8 * g, sizeof in);
        out[0] = (in[0] & low) | (in[1] & low) << 4;
        out[1] = (in[0] >> 4 & low) | (in[1] & ~low);
        memcpy(q, out, sizeof q);
        SIMD_OWN(scaled)(y + 16 * g, table_codes(e2m1_values, q), ue4m3_half(b->d[g]), ue4m3_half(b->d[g + 1]));
    }
}

static inline void decode_tq2_0(float *y, const assay_tq2_0 *b)
{
    const float d = half_to_f32(b->d);
    for (int g = 0; g < 8; g++)
        decode_scaled(y + 32 * g, minus(two_bits(b->q + 32 * (g / 4), g % 4), 1), d);
}

/* Digits n of `wide` bytes: -1, 0, 1 */
static inline void tq1_0_digits(int8_t *t, const uint8_t *q, int wide, int digits)
{
    static const uint8_t power[] = { 1, 3, 9, 27, 81 };
    for (int n = 0; n < digits; n++)
        for (int i = 0; i < wide; i++)
            t[wide * n + i] = (int8_t)(((uint8_t)(q[i] * power[n]) * 3 >> 8) - 1);
}
static inline void decode_tq1_0(float *y, const assay_tq1_0 *b)
{
    const float d = half_to_f32(b->d);
    int8_t t[256];
    tq1_0_digits(t, b->q, 32, 5);
    tq1_0_digits(t + 160, b->q + 32, 16, 5);
    tq1_0_digits(t + 240, b->h, 4, 4);
    for (int g = 0; g < 8; g++)
        decode_scaled(y + 32 * g, i8_codes(t + 32 * g), d);
}

static inline void decode_q8_k(float *y, const assay_q8_k *b)
{
    float d;
    memcpy(&d, b->d, sizeof d);
    for (int g = 0; g < 8; g++)
        decode_scaled(y + 32 * g, i8_codes(b->q + 32 * g), d);
}

/* OCP MX.  Floats of 6 bits are those of 8 with two bits of exponent more, which are 0: e2m3 as e4m3 is 2^-6 of its
 * value, e3m2 as e5m2 2^-12. */
static inline void decode_mx(float *y, uint8_t e, const uint8_t *q, bool e4m3, float more)
{
    const float half = e8m0_half(e);
    for (int j = 0; j < 32; j += 8)
        decode_eight(y + j, q + j, e4m3);
    for (int j = 0; j < 32; j++)
        y[j] = y[j] * more * half * 2;
}
static inline void decode_mx6(float *y, const assay_mx6 *b, bool e2m3)
{
    uint8_t q[32];
    for (int k = 0; k < 8; k++) { /* four in three bytes */
        const uint32_t v = b->q[3 * k] | (uint32_t)b->q[3 * k + 1] << 8 | (uint32_t)b->q[3 * k + 2] << 16;
        for (int i = 0; i < 4; i++) {
            const uint32_t c = v >> 6 * i & 63;
            q[4 * k + i] = (uint8_t)((c & 31) | (c & 32) << 2);
        }
    }
    decode_mx(y, b->e, q, e2m3, e2m3 ? 0x1p6f : 0x1p12f);
}

/* The bits as those of an f32, whose bias is `more` bits higher; 80 is NaN. */
static inline void decode_fnuz(float *y, const uint8_t *x, int shift, float more, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        const uint32_t u = (uint32_t)(x[i] & 0x7f) << shift | (uint32_t)(x[i] & 0x80) << 24;
        y[i] = x[i] == 0x80 ? f32_from_bits(0x7fc00000u) : f32_from_bits(u) * more;
    }
}

#define DECODE_MORE                                                                                                    \
    (ASSAY_T(nvfp4) | ASSAY_T(tq1_0) | ASSAY_T(tq2_0) | ASSAY_T(mxfp8_e4m3) | ASSAY_T(mxfp8_e5m2) |                    \
     ASSAY_T(mxfp6_e2m3) | ASSAY_T(mxfp6_e3m2) | ASSAY_T(mxint8) | ASSAY_T(e4m3fnuz) | ASSAY_T(e5m2fnuz))
/* n elements of one of these types, or of q8_k */
static inline void decode_more(float *y, const void *x, assay_dtype t, int64_t n)
{
    int64_t i = 0;
    switch (t) {
    case ASSAY_iq4_xs:
        for (const assay_iq4_xs *b = x; i < n; i += 256, b++)
            decode_iq4_xs(y + i, b);
        break;
    case ASSAY_nvfp4:
        for (const assay_nvfp4 *b = x; i < n; i += 64, b++)
            decode_nvfp4(y + i, b);
        break;
    case ASSAY_tq1_0:
        for (const assay_tq1_0 *b = x; i < n; i += 256, b++)
            decode_tq1_0(y + i, b);
        break;
    case ASSAY_tq2_0:
        for (const assay_tq2_0 *b = x; i < n; i += 256, b++)
            decode_tq2_0(y + i, b);
        break;
    case ASSAY_q8_k:
        for (const assay_q8_k *b = x; i < n; i += 256, b++)
            decode_q8_k(y + i, b);
        break;
    case ASSAY_mxfp8_e4m3:
    case ASSAY_mxfp8_e5m2:
        for (const assay_mx8 *b = x; i < n; i += 32, b++)
            decode_mx(y + i, b->e, b->q, t == ASSAY_mxfp8_e4m3, 1);
        break;
    case ASSAY_mxfp6_e2m3:
    case ASSAY_mxfp6_e3m2:
        for (const assay_mx6 *b = x; i < n; i += 32, b++)
            decode_mx6(y + i, b, t == ASSAY_mxfp6_e2m3);
        break;
    case ASSAY_mxint8:
        for (const assay_mx8 *b = x; i < n; i += 32, b++)
            decode_scaled(y + i, i8_codes((const int8_t *)b->q), e8m0_half(b->e) * 0x1p-5f);
        break;
    case ASSAY_e4m3fnuz:
        decode_fnuz(y, x, 20, 0x1p119f, n);
        break;
    default: /* e5m2fnuz */
        decode_fnuz(y, x, 21, 0x1p111f, n);
    }
}
#endif
