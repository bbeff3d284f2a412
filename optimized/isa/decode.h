/* SPDX-License-Identifier: MIT
 * decode.h - from every element type to f32, for kernels that dequantize or look up rows: row_decode.  The blocks are
 * written once, over what decode_<tier>.h brings:
 *
 *   codes32                    the integer codes of 32 elements in their order
 *   nibbles five_bits          0 .. 15: the low halves of 16 bytes, then the high ones; 0 .. 31: a fifth bit from h
 *   four_bits two_bits         the k-th four (two) bits of each of 32 bytes
 *   or_bit minus               value where bit k of a byte of h is set; less an offset
 *   i8_codes table_codes q6_k_codes    bytes as they are; what nibbles stand for in a table; of group g
 *   <tier>_scaled _affine      32 results: codes times d; that plus m; either half has its own
 *   <tier>_from_halves         n of f16 or bf16
 *   half_to_f32, decode_eight  one f16; eight floats of 8 bits
 *   <tier>_nibbles_of_words    a vector of floats, nibble j of each 32-bit word at q
 *   <tier>_e2m1_of_words       the same of codes of E2M1
 *   <tier>_twice               each of half a vector of floats at p two times
 *   <tier>_nibble_dots         floats: of each word the sum of its nibbles times eight bytes */
#ifndef ASSAY_ISA_DECODE_H
#define ASSAY_ISA_DECODE_H
#include "simd.h"
#include SIMD_FILE(decode)

static inline void decode_scaled(float *y, codes32 c, float d)
{
    SIMD_OWN(scaled)(y, c, d, d);
}
static inline void decode_affine(float *y, codes32 c, float d, float m)
{
    SIMD_OWN(affine)(y, c, d, m, d, m);
}
static inline void decode_q2_k(float *y, const assay_q2_k *b)
{
    const float d = half_to_f32(b->d), dmin = half_to_f32(b->dmin);
    for (int g = 0; g < 8; g++) {
        const uint8_t *sc = b->sc + 2 * g;
        const codes32 c = two_bits(b->q + 32 * (g / 4), g % 4);
        const float d0 = d * (float)(sc[0] & 15), d1 = d * (float)(sc[1] & 15);
        SIMD_OWN(affine)(y + 32 * g, c, d0, -(dmin * (float)(sc[0] >> 4)), d1, -(dmin * (float)(sc[1] >> 4)));
    }
}
static inline void decode_q3_k(float *y, const assay_q3_k *b)
{
    int8_t sc[16];
    q3_k_scales(b->sc, sc);
    const float d = half_to_f32(b->d);
    for (int g = 0; g < 8; g++) {
        const codes32 c = minus(or_bit(two_bits(b->q + 32 * (g / 4), g % 4), b->h, g, 4), 4); /* -4 .. 3 */
        SIMD_OWN(scaled)(y + 32 * g, c, d * sc[2 * g], d * sc[2 * g + 1]);
    }
}
static inline void decode_q4_k(float *y, const assay_q4_k *b)
{
    uint8_t sc[8], mn[8];
    q4_k_scales(b->sc, sc, mn);
    const float d = half_to_f32(b->d), dmin = half_to_f32(b->dmin);
    for (int g = 0; g < 8; g++)
        decode_affine(y + 32 * g, four_bits(b->q + 32 * (g / 2), g % 2), d * sc[g], -(dmin * mn[g]));
}
static inline void decode_q5_k(float *y, const assay_q5_k *b)
{
    uint8_t sc[8], mn[8];
    q4_k_scales(b->sc, sc, mn);
    const float d = half_to_f32(b->d), dmin = half_to_f32(b->dmin);
    for (int g = 0; g < 8; g++) {
        const codes32 c = or_bit(four_bits(b->q + 32 * (g / 2), g % 2), b->h, g, 16); /* 0 .. 31 */
        decode_affine(y + 32 * g, c, d * sc[g], -(dmin * mn[g]));
    }
}
static inline void decode_q6_k(float *y, const assay_q6_k *b)
{
    const float d = half_to_f32(b->d);
    for (int g = 0; g < 8; g++)
        SIMD_OWN(scaled)(y + 32 * g, q6_k_codes(b, g), d * b->sc[2 * g], d * b->sc[2 * g + 1]);
}
static inline void decode_bytes(float *y, const uint8_t *x, bool e4m3, int64_t n)
{
    int64_t i = 0;
    for (; i + 8 <= n; i += 8)
        decode_eight(y + i, x + i, e4m3);
    for (; i < n; i++)
        y[i] = e4m3 ? e4m3_from_bits(x[i]) : half_to_f32((uint16_t)(x[i] << 8));
}

#include "decode_scaled.h"

/* The blocks of files that are multiplied, too; DECODE_MORE (decode_scaled.h): the others */
#define DECODE_BLOCKS                                                                                                  \
    (ASSAY_T(q8_0) | ASSAY_T(q4_0) | ASSAY_T(q4_1) | ASSAY_T(q5_0) | ASSAY_T(q5_1) | ASSAY_T(iq4_nl) |                 \
     ASSAY_T(mxfp4) | ASSAY_T(q2_k) | ASSAY_T(q3_k) | ASSAY_T(q4_k) | ASSAY_T(q5_k) | ASSAY_T(q6_k) | ASSAY_T(iq4_xs))
/* n elements of type t (whole blocks) at x, which may have any alignment */
static inline void row_decode(float *y, const void *x, assay_dtype t, int64_t n)
{
    int64_t i = 0;
    switch (t) {
    case ASSAY_f16: /* constants: no loop asks for the type */
        SIMD_OWN(from_halves)(y, x, true, n);
        break;
    case ASSAY_bf16:
        SIMD_OWN(from_halves)(y, x, false, n);
        break;
    case ASSAY_e4m3:
        decode_bytes(y, x, true, n);
        break;
    case ASSAY_e5m2:
        decode_bytes(y, x, false, n);
        break;
    case ASSAY_e2m1:
        for (; i < n; i++)
            y[i] = 0.5f * e2m1_values[((const uint8_t *)x)[i / 2] >> i % 2 * 4 & 15];
        break;
    case ASSAY_q8_0:
        for (const assay_q8_0 *b = x; i < n; i += 32, b++)
            decode_scaled(y + i, i8_codes(b->q), half_to_f32(b->d));
        break;
    case ASSAY_q8_1:
        for (const assay_q8_1 *b = x; i < n; i += 32, b++)
            decode_scaled(y + i, i8_codes(b->q), half_to_f32(b->d));
        break;
    case ASSAY_q4_0:
        for (const assay_q4_0 *b = x; i < n; i += 32, b++)
            decode_scaled(y + i, minus(nibbles(b->q), 8), half_to_f32(b->d));
        break;
    case ASSAY_q4_1:
        for (const assay_q4_1 *b = x; i < n; i += 32, b++)
            decode_affine(y + i, nibbles(b->q), half_to_f32(b->d), half_to_f32(b->m));
        break;
    case ASSAY_q5_0:
        for (const assay_q5_0 *b = x; i < n; i += 32, b++)
            decode_scaled(y + i, minus(five_bits(b->h, b->q), 16), half_to_f32(b->d));
        break;
    case ASSAY_q5_1:
        for (const assay_q5_1 *b = x; i < n; i += 32, b++)
            decode_affine(y + i, five_bits(b->h, b->q), half_to_f32(b->d), half_to_f32(b->m));
        break;
    case ASSAY_iq4_nl:
        for (const assay_iq4_nl *b = x; i < n; i += 32, b++)
            decode_scaled(y + i, table_codes(iq4_values, b->q), half_to_f32(b->d));
        break;
    case ASSAY_mxfp4:
        for (const assay_mxfp4 *b = x; i < n; i += 32, b++)
            decode_scaled(y + i, table_codes(e2m1_values, b->q), e8m0_half(b->e));
        break;
    case ASSAY_q2_k:
        for (const assay_q2_k *b = x; i < n; i += 256, b++)
            decode_q2_k(y + i, b);
        break;
    case ASSAY_q3_k:
        for (const assay_q3_k *b = x; i < n; i += 256, b++)
            decode_q3_k(y + i, b);
        break;
    case ASSAY_q4_k:
        for (const assay_q4_k *b = x; i < n; i += 256, b++)
            decode_q4_k(y + i, b);
        break;
    case ASSAY_q5_k:
        for (const assay_q5_k *b = x; i < n; i += 256, b++)
            decode_q5_k(y + i, b);
        break;
    case ASSAY_q6_k:
        for (const assay_q6_k *b = x; i < n; i += 256, b++)
            decode_q6_k(y + i, b);
        break;
    case ASSAY_f32:
        memcpy(y, x, (size_t)n * sizeof *y);
        break;
    default:
        decode_more(y, x, t, n);
    }
}
#endif
