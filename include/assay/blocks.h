/* SPDX-License-Identifier: MIT
 * blocks.h - storage of quantized blocks.  Bytes and little-endian 16-bit words only: no unions, no bit-fields,
 * no padding.  x[i] is the meaning.  Formats: GGUF (ggml-org/ggml src/ggml-common.h).  d, m, dmin, s are IEEE binary16.
 *
 * How to round, pinned by vectors/: in f32, one rounding per operation; codes use the f32 d, the block holds f16(d).
 *   id = 1 / d, or 0 where d is 0 or 1 / d overflows; x * id and x / d differ near ties.
 *   q8_0, q8_1  d = max |x| / 127        q = x * id to nearest, ties away from 0;  q8_1: s = f16(d * sum of q)
 *   q4_0        d = mx / -8              q = min(15, trunc(x * id + 8.5));  mx: the first x of largest |x|, signed
 *   q4_1        d = (max - min) / 15     q = min(15, trunc((x - min) * id + 0.5));  m = f16(min)
 *   q5_0, q5_1  the same with -16, 31 and 16.5 for -8, 15 and 8.5
 *
 * A block that holds a NaN or an infinity, or whose d overflows f32, has d, m, s = NaN (7e00) and the codes of a block
 * of zeros.  q2_k to q6_k and iq types are searches: reference/ops/quantize.bound.md.
 * mxfp4: e is that of the largest |x| less 2, codes are the nearest, of two the one nearer to 0.
 * OCP MX: e is that of the largest |x| less that of the largest code, codes to nearest, ties to even, within their
 * range. nvfp4, tq1_0, tq2_0, q8_k: reference/core/dtype_tables.c, dtype_256.c. */
#ifndef ASSAY_BLOCKS_H
#define ASSAY_BLOCKS_H
#include <stdint.h>

/* x[i] = d*q[i], 0 <= i < 32 */
typedef struct assay_q8_0 {
    uint16_t d;
    int8_t q[32];
} assay_q8_0;
/* x[i] = d*q[i]; s = d*sum(q) is redundant and serves formats that have a minimum */
typedef struct assay_q8_1 {
    uint16_t d, s;
    int8_t q[32];
} assay_q8_1;
/* x[i] = d*(lo(q[i])-8), x[i+16] = d*(hi(q[i])-8), 0 <= i < 16 */
typedef struct assay_q4_0 {
    uint16_t d;
    uint8_t q[16];
} assay_q4_0;
/* x[i] = d*lo(q[i])+m, x[i+16] = d*hi(q[i])+m, 0 <= i < 16 */
typedef struct assay_q4_1 {
    uint16_t d, m;
    uint8_t q[16];
} assay_q4_1;
/* as q4_0 and q4_1 with a fifth bit: of x[i] bit i % 8 of h[i / 8]; d*(code-16), d*code+m */
typedef struct assay_q5_0 {
    uint16_t d;
    uint8_t h[4], q[16];
} assay_q5_0;
typedef struct assay_q5_1 {
    uint16_t d, m;
    uint8_t h[4], q[16];
} assay_q5_1;
/* 8 groups of 32: x = d*sc[g]*code - dmin*mn[g]; sc, mn: 6 bits each, packed in sc[12] */
typedef struct assay_q4_k {
    uint16_t d, dmin;
    uint8_t sc[12];
    uint8_t q[128];
} assay_q4_k;
/* the same with a fifth bit: of element j bit j / 32 of h[j % 32] */
typedef struct assay_q5_k {
    uint16_t d, dmin;
    uint8_t sc[12], h[32];
    uint8_t q[128];
} assay_q5_k;
/* 16 groups of 16: x = d*(sc[g]&15)*code - dmin*(sc[g]>>4), codes of 2 bits */
typedef struct assay_q2_k {
    uint8_t sc[16], q[64];
    uint16_t d, dmin;
} assay_q2_k;
/* 16 groups of 16: x = d*(sc-32)*(code-4), sc: 6 bits each, packed in sc[12]; code: 2 bits in q, the third in h */
typedef struct assay_q3_k {
    uint8_t h[32], q[64], sc[12];
    uint16_t d;
} assay_q3_k;
/* 16 groups of 16: x = d*sc[g]*(code-32), code = 4 low bits in ql, 2 high bits in qh */
typedef struct assay_q6_k {
    uint8_t ql[128], qh[64];
    int8_t sc[16];
    uint16_t d;
} assay_q6_k;
/* x = 2^(e-127) * E2M1 code: OCP MX; e 255: NaN.  x[i] in the low half of q[i], x[i+16] in its high half */
typedef struct assay_mxfp4 {
    uint8_t e;
    uint8_t q[16];
} assay_mxfp4;
/* x = d * one of -127 -104 -83 -65 -49 -35 -22 -10 1 13 25 38 53 69 89 113, places as in mxfp4 */
typedef struct assay_iq4_nl {
    uint16_t d;
    uint8_t q[16];
} assay_iq4_nl;
/* 8 groups of 32: x = d*(ls-32)*value, values and places within 32 as in iq4_nl; ls: four bits of group g in nibble g
 * of sl, the two above them in bits 2 g and 2 g + 1 of sh */
typedef struct assay_iq4_xs {
    uint16_t d, sh;
    uint8_t sl[4], q[128];
} assay_iq4_xs;
/* The iq types: 8 groups of 4 octets of x, whose sizes are an entry of a grid (reference/core/dtype_grids.h); signs are
 * bits, or seven bits, the eighth such that an even number is set.  All but iq1_m begin with d; sc: two scales in a
 * byte. iq2_xxs  per group four bytes of places, then a word: seven signs an octet, a scale of 4 bits on top; x =
 * d*(1/2 + scale)/4*grid iq2_xs   a place of 9 bits and seven signs an octet; iq2_s: places 8 bits, two more in h, and
 * eight signs; the same iq3_xxs  two places an octet, then words as in iq2_xxs; x = d*(1/2 + scale)/2*grid iq3_s    two
 * places of 8 bits an octet, a ninth in h, eight signs; x = d*(1 + 2*scale)*grid iq1_s    places of 8 bits, per group a
 * word with three bits more an octet, a scale of 3 bits, and the sign of 1/8; x = d*(1 + 2*scale)*(grid + or - 1/8)
 *   iq1_m    the same with the sign an octet, scales of 3 bits to 16 elements, and d in the upper nibbles of sc */
typedef struct assay_iq2_xxs {
    uint16_t d;
    uint8_t q[64];
} assay_iq2_xxs;
typedef struct assay_iq2_xs {
    uint16_t d, q[32];
    uint8_t sc[8];
} assay_iq2_xs;
typedef struct assay_iq2_s {
    uint16_t d;
    uint8_t q[32], sign[32], h[8], sc[8];
} assay_iq2_s;
typedef struct assay_iq3_xxs {
    uint16_t d;
    uint8_t q[64], w[32];
} assay_iq3_xxs;
typedef struct assay_iq3_s {
    uint16_t d;
    uint8_t q[64], h[8], sign[32], sc[4];
} assay_iq3_s;
typedef struct assay_iq1_s {
    uint16_t d;
    uint8_t q[32];
    uint16_t h[8];
} assay_iq1_s;
typedef struct assay_iq1_m {
    uint8_t q[32], h[16];
    uint16_t sc[4];
} assay_iq1_m;
/* 4 groups of 16: x = d[g] * E2M1 code; d: E4M3 without a sign, 7f stands for 0 (GGUF's; ff is 480).  Of group g
 * x[i] in the low half of q[8 g + i], x[i+8] in its high half */
typedef struct assay_nvfp4 {
    uint8_t d[4], q[32];
} assay_nvfp4;
/* x = d*(t-1), t = 0, 1, 2: five in a byte, four in each of h, as a fraction of base 3: the first is the first digit of
 * byte/256.  Digit n of byte b of q is of element 32 n + b, b < 32, and 160 + 16 n + b - 32 beyond, that of h of
 * element 240 + 4 n + b */
typedef struct assay_tq1_0 {
    uint8_t q[48], h[4];
    uint16_t d;
} assay_tq1_0;
/* x = d*(code-1), codes of 2 bits, places as in q2_k */
typedef struct assay_tq2_0 {
    uint8_t q[64];
    uint16_t d;
} assay_tq2_0;
/* x = d*q, d: an f32; sum[k]: of the codes 16 k to 16 k + 15 */
typedef struct assay_q8_k {
    uint8_t d[4];
    int8_t q[256];
    int16_t sum[16];
} assay_q8_k;
/* x = 2^(e-127) * code: OCP MX, e 255: NaN.  Codes: E4M3, E5M2, or integers of steps of 2^-6; of 6 bits, E2M3 or E3M2,
 * one behind the other, the lowest bit first */
typedef struct assay_mx8 {
    uint8_t e, q[32];
} assay_mx8;
typedef struct assay_mx6 {
    uint8_t e, q[24];
} assay_mx6;

#ifndef __cplusplus /* which calls it otherwise */
#define ASSAY_STATIC_ASSERT _Static_assert
#else
#define ASSAY_STATIC_ASSERT static_assert
#endif
ASSAY_STATIC_ASSERT(sizeof(assay_q8_0) == 34, "q8_0 has no padding");
ASSAY_STATIC_ASSERT(sizeof(assay_q8_1) == 36, "q8_1 has no padding");
ASSAY_STATIC_ASSERT(sizeof(assay_q4_0) == 18, "q4_0 has no padding");
ASSAY_STATIC_ASSERT(sizeof(assay_q4_1) == 20, "q4_1 has no padding");
ASSAY_STATIC_ASSERT(sizeof(assay_q5_0) == 22, "q5_0 has no padding");
ASSAY_STATIC_ASSERT(sizeof(assay_q5_1) == 24, "q5_1 has no padding");
ASSAY_STATIC_ASSERT(sizeof(assay_q2_k) == 84, "q2_k has no padding");
ASSAY_STATIC_ASSERT(sizeof(assay_q3_k) == 110, "q3_k has no padding");
ASSAY_STATIC_ASSERT(sizeof(assay_q5_k) == 176, "q5_k has no padding");
ASSAY_STATIC_ASSERT(sizeof(assay_mxfp4) == 17, "mxfp4 has no padding");
ASSAY_STATIC_ASSERT(sizeof(assay_iq4_nl) == 18, "iq4_nl has no padding");
ASSAY_STATIC_ASSERT(sizeof(assay_iq4_xs) == 136, "iq4_xs has no padding");
ASSAY_STATIC_ASSERT(sizeof(assay_nvfp4) == 36, "nvfp4 has no padding");
ASSAY_STATIC_ASSERT(sizeof(assay_iq1_s) == 50 && sizeof(assay_iq1_m) == 56, "iq1 has no padding");
ASSAY_STATIC_ASSERT(sizeof(assay_iq2_xxs) == 66 && sizeof(assay_iq2_xs) == 74, "iq2 has no padding");
ASSAY_STATIC_ASSERT(sizeof(assay_iq2_s) == 82, "iq2_s has no padding");
ASSAY_STATIC_ASSERT(sizeof(assay_iq3_xxs) == 98 && sizeof(assay_iq3_s) == 110, "iq3 has no padding");
ASSAY_STATIC_ASSERT(sizeof(assay_tq1_0) == 54, "tq1_0 has no padding");
ASSAY_STATIC_ASSERT(sizeof(assay_tq2_0) == 66, "tq2_0 has no padding");
ASSAY_STATIC_ASSERT(sizeof(assay_q8_k) == 292, "q8_k has no padding");
ASSAY_STATIC_ASSERT(sizeof(assay_mx8) == 33 && sizeof(assay_mx6) == 25, "OCP MX has no padding");
ASSAY_STATIC_ASSERT(sizeof(assay_q4_k) == 144, "q4_k has no padding");
ASSAY_STATIC_ASSERT(sizeof(assay_q6_k) == 210, "q6_k has no padding");
#undef ASSAY_STATIC_ASSERT
#endif
