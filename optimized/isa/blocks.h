/* SPDX-License-Identifier: MIT
 * blocks.h - quantized blocks in plain C, for every instruction set: where fields lie, without arithmetic on x. */
#ifndef ASSAY_ISA_BLOCKS_H
#define ASSAY_ISA_BLOCKS_H
#include "assay/assay.h"
#include "assay/blocks.h"
#include <string.h>

/* The 8 scales and 8 minima of a q4_k super-block, 6 bits each: groups 4..7 keep their top two bits in the bytes of
 * groups 0..3. */
static inline void q4_k_scales(const uint8_t packed[12], uint8_t sc[8], uint8_t mn[8])
{
    uint32_t u[3], s[2], m[2];
    memcpy(u, packed, 12);
    s[0] = u[0] & 0x3f3f3f3fu, m[0] = u[1] & 0x3f3f3f3fu;
    s[1] = (u[2] & 0x0f0f0f0fu) | (u[0] >> 6 & 0x03030303u) << 4;
    m[1] = (u[2] >> 4 & 0x0f0f0f0fu) | (u[1] >> 6 & 0x03030303u) << 4;
    memcpy(sc, s, 8);
    memcpy(mn, m, 8);
}
/* The 16 scales of a q3_k super-block, 6 bits each, less 32: the lower four as nibbles, the upper two in the last bytes
 */
static inline void q3_k_scales(const uint8_t packed[12], int8_t sc[16])
{
    uint32_t u[3], s[4];
    memcpy(u, packed, 12);
    for (int i = 0; i < 4; i++)
        s[i] = (u[i % 2] >> (i / 2 * 4) & 0x0f0f0f0fu) | (u[2] >> 2 * i & 0x03030303u) << 4;
    memcpy(sc, s, 16);
    for (int g = 0; g < 16; g++)
        sc[g] = (int8_t)(sc[g] - 32);
}
/* What the codes of iq4_nl stand for, and those of E2M1, doubled */
static const int8_t iq4_values[16] = { -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113 };
static const int8_t e2m1_values[16] = { 0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12 };
/* An E8M0 power of two, halved: 2^(e-128); e 255: NaN */
static inline float e8m0_half(uint8_t e)
{
    const uint32_t u = e == 255 ? 0x7fc00000u : e < 2 ? 0x200000u << e : (uint32_t)(e - 1) << 23;
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}
/* A scale of nvfp4, halved: E4M3 without a sign, 7f stands for 0, ff for 480 */
static inline float ue4m3_half(uint8_t c)
{
    const uint32_t u = (c & 0x78u ? (c & 0x7fu) + (119u << 3) : 0) << 20;
    float f;
    memcpy(&f, &u, sizeof f);
    return c == 0x7f ? 0 : c & 0x78 ? f : (float)(c & 7) * 0x1p-10f;
}
static inline float e4m3_from_bits(uint8_t c)
{
    const uint32_t size = c & 0x7f;
    const uint32_t u = size == 0x7f ? 0x7fc00000u : (size << 20) + (120u << 23);
    float f;
    memcpy(&f, &u, sizeof f);
    if (size < 8)
        f = (float)size * 0x1p-9f;
    return c & 0x80 ? -f : f;
}
/* Bytes of n elements of a row; n is a multiple of the block */
static inline int64_t row_bytes(assay_dtype t, int64_t n)
{
    switch (t) {
    case ASSAY_f16:
    case ASSAY_bf16:
        return 2 * n;
    case ASSAY_q8_0:
        return n / 32 * (int64_t)sizeof(assay_q8_0);
    case ASSAY_q8_1:
        return n / 32 * (int64_t)sizeof(assay_q8_1);
    case ASSAY_q4_0:
        return n / 32 * (int64_t)sizeof(assay_q4_0);
    case ASSAY_q4_1:
        return n / 32 * (int64_t)sizeof(assay_q4_1);
    case ASSAY_q5_0:
        return n / 32 * (int64_t)sizeof(assay_q5_0);
    case ASSAY_q5_1:
        return n / 32 * (int64_t)sizeof(assay_q5_1);
    case ASSAY_e4m3:
    case ASSAY_e5m2:
    case ASSAY_e4m3fnuz:
    case ASSAY_e5m2fnuz:
        return n;
    case ASSAY_iq4_xs:
        return n / 256 * (int64_t)sizeof(assay_iq4_xs);
    case ASSAY_nvfp4:
        return n / 64 * (int64_t)sizeof(assay_nvfp4);
    case ASSAY_tq1_0:
        return n / 256 * (int64_t)sizeof(assay_tq1_0);
    case ASSAY_tq2_0:
        return n / 256 * (int64_t)sizeof(assay_tq2_0);
    case ASSAY_q8_k:
        return n / 256 * (int64_t)sizeof(assay_q8_k);
    case ASSAY_mxfp8_e4m3:
    case ASSAY_mxfp8_e5m2:
    case ASSAY_mxint8:
        return n / 32 * (int64_t)sizeof(assay_mx8);
    case ASSAY_mxfp6_e2m3:
    case ASSAY_mxfp6_e3m2:
        return n / 32 * (int64_t)sizeof(assay_mx6);
    case ASSAY_iq4_nl:
        return n / 32 * (int64_t)sizeof(assay_iq4_nl);
    case ASSAY_mxfp4:
        return n / 32 * (int64_t)sizeof(assay_mxfp4);
    case ASSAY_q2_k:
        return n / 256 * (int64_t)sizeof(assay_q2_k);
    case ASSAY_q3_k:
        return n / 256 * (int64_t)sizeof(assay_q3_k);
    case ASSAY_q5_k:
        return n / 256 * (int64_t)sizeof(assay_q5_k);
    case ASSAY_q4_k:
        return n / 256 * (int64_t)sizeof(assay_q4_k);
    case ASSAY_q6_k:
        return n / 256 * (int64_t)sizeof(assay_q6_k);
    default:
        return 4 * n; /* f32 */
    }
}
static inline uint16_t bf16_from_bits(uint32_t u) /* of an f32: to nearest even, NaN quiet */
{
    return (u & 0x7fffffffu) > 0x7f800000u ? (uint16_t)(u >> 16 | 0x40u)
                                           : (uint16_t)((u + 0x7fffu + (u >> 16 & 1)) >> 16);
}
static inline float f32_from_bits(uint32_t u)
{
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}
static inline uint32_t f32_bits(float f)
{
    uint32_t u;
    memcpy(&u, &f, sizeof u);
    return u;
}
#endif
