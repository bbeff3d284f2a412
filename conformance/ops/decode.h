/* SPDX-License-Identifier: MIT
 * decode.h - rows of blocks read in plain C, wrongly or by legal detours: for the faults of dequantize and embedding.
 */
#ifndef ASSAY_FAULTS_DECODE_H
#define ASSAY_FAULTS_DECODE_H
#include "../../reference/core/dtype.h"
#include "assay/blocks.h"
#include "faults.h"

/* X(mode, name, where it comes from); STRIDE_HALF is each op's own */
#define DECODE_FAULTS(X)                                                                                               \
    X(INTERLEAVED, "nibbles-interleaved", "kekzl/imp#722")                                                             \
    X(NO_OFFSET, "no-offset", "slip: zero point dropped")                                                              \
    X(NEXT_SCALE, "scale-of-next-block", "slip: docs/museum.md")                                                       \
    X(ODD_BLOCK_LOST, "odd-block-lost", "ggml-org/llama.cpp#8556")                                                     \
    X(F16_FLUSH, "f16-subnormals-flushed", "invergent-ai/surogate#162")                                                \
    X(F16_CARRY, "f16-or-for-carry", "dotnet/runtime#46536")                                                           \
    X(F16_INF, "f16-inf-as-number", "iree-org/iree#10875")                                                             \
    X(UNSIGNED_CODES, "codes-unsigned", "code -128, which no encoder writes")                                          \
    X(MIN_DROPPED, "minimum-dropped", "slip: docs/museum.md")                                                          \
    X(HIGH_SCALE_BITS, "high-scale-bits-lost", "slip: groups 4..7")                                                    \
    X(MIN_SCALE_SWAPPED, "scale-and-minimum-swapped", "formats 4.1: groups 4..7")                                      \
    X(FIFTH_BITS, "fifth-bits-of-the-other-half", "formats 4.1: q5_0")                                                 \
    X(HIGH_CODE_BITS, "high-code-bits-of-neighbour", "formats 4.1: q3_k, q5_k, q6_k")                                  \
    X(GROUP_HALVES, "scale-over-half-of-two-groups", "paiml/aprender#3105")                                            \
    X(THIRD_BIT, "third-bit-as-it-stands", "formats 10: the high bit of q3_k is inverted")                             \
    X(TWO_BITS, "two-bits-in-their-order", "formats 10: q2_k strides by 32")                                           \
    X(POWER_NAN, "power-ff-as-number", "formats 10: ggml reads e = ff as 2^127")                                       \
    X(POWER_FLUSH, "power-subnormal-flushed", "NVIDIA/TransformerEngine#3262")                                         \
    X(TABLE_LINEAR, "table-as-integers", "formats 3: the codes of mxfp4 and iq4_nl are places in a table")             \
    X(E4M3_END, "e4m3-7f-as-480", "formats 1: e4m3 has a NaN and no infinities")                                       \
    X(FNUZ, "8-bit-floats-halved", "formats 10: FNUZ has another bias")                                                \
    X(FNUZ_ZERO, "8-bit-floats-80-as-zero", "formats 1: FNUZ has its NaN where -0 would be")                           \
    X(FLUSH_8, "8-bit-floats-flushed", "formats 1: subnormals")                                                        \
    X(TAIL_LOST, "tail-lost", "slip: tail")                                                                            \
    X(BF16_LOW, "bf16-rounded", "slip: inputs silently rounded")

#define SCALED_FAULTS(X)                                                                                               \
    X(MX_FROM_TOP, "mx-six-bits-from-the-top", "formats 2: OCP fixes no order in memory")                              \
    X(MX_ONE_BYTE, "mx-six-bits-of-one-byte", "a code that lies in two bytes")                                         \
    X(MX_OTHER_FORM, "mx-bits-of-the-other-form", "formats 1: e2m3 and e3m2, e4m3 and e5m2")                           \
    X(MX_SIGN_SIZE, "mxint8-as-sign-and-size", "formats 2: two's complement")                                          \
    X(MX_END, "mx-nan-as-number", "formats 2: elements of 8 bits have NaN, e5m2 infinities")                           \
    X(NV_FULL, "nvfp4-7f-as-480", "formats 3: 7f decodes to 0")                                                        \
    X(NV_SIGNED, "nvfp4-scale-with-a-sign", "formats 3: bit 7 is ignored")                                             \
    X(NV_OF_32, "nvfp4-halves-of-32", "formats 10: its halves lie 8 apart, not 16")                                    \
    X(NV_ONE, "nvfp4-first-scale-for-all", "slip: groups that all get one scale")                                      \
    X(NV_NORMAL, "nvfp4-subnormal-scale-as-normal", "local-inference-lab/b12x#388")                                    \
    X(XS_FOUR_BITS, "iq4_xs-high-scale-bits-lost", "slip: high bits apart")                                            \
    X(TRIT_ORDER, "tq1_0-digits-of-a-byte-side-by-side", "formats 4.1: digits lie 32, 16 and 4 apart")                 \
    X(TRIT_REST, "tq1_0-last-16-as-the-others", "formats 4.1: the last four bytes hold four digits each")              \
    X(TRIT_POWERS, "tq1_0-digits-from-the-last", "formats 4.2: the first digit counts most")                           \
    X(CODE_3, "tq2_0-code-3-as-1", "formats 4.1: code 3 decodes to 2 d")
/* of what is no table: dequantize alone */
#define ACTIVATION_FAULTS(X) X(K8_HALF, "q8_k-scale-as-f16", "formats 4.1: its d is an f32")
#define GRID_FAULTS(X)                                                                                                 \
    X(GRID_REVERSED, "iq-entry-backwards", "formats 5: the first element in the lowest digit")                         \
    X(GRID_LOW, "iq-high-bits-of-the-place-lost", "slip: high bits apart")                                             \
    X(GRID_HALVES, "iq3-fours-swapped", "formats 4.1: iq3 has two places to eight elements")                           \
    X(SIGNS_PLAIN, "iq-eighth-sign-lost", "formats 10: seven signs and parity, or eight plain bits")                   \
    X(SCALE_OF_GROUP, "iq-scale-of-32-for-16", "formats 4.1: iq2_xs, iq2_s and iq1_m have a scale to 16 elements")     \
    X(SCALE_EVEN, "iq-scale-without-its-half", "formats 4.1: d (0.5 + s)")                                             \
    X(OVER_EIGHT, "iq3_xxs-scale-of-iq2", "formats 4.1: a half, not a quarter")                                        \
    X(DELTA_LOST, "iq1-delta-lost", "formats 4.1: an eighth more or less")                                             \
    X(DELTA_SIGN, "iq1-delta-always-up", "formats 4.1: an eighth more or less")                                        \
    X(D_IN_FRONT, "iq1_m-scale-in-front", "formats 10: iq1_m hides its d in four top nibbles")

#define DECODE_LEGAL(X)                                                                                                \
    X(PLAIN, "plain", "legal: the definition")                                                                         \
    X(REVERSED, "reversed", "legal: blocks in any order")                                                              \
    X(WIDE, "wide", "legal: exact in double, rounded once")                                                            \
    X(INTEGER_SCALE, "integer-scale", "legal: scale and code multiplied as integers; the zero may be +0")              \
    X(INTEGER_OFFSET, "integer-offset", "legal: the offset taken from the integer or from the float code")             \
    X(FUSED, "fused", "legal: both products are exact, so that a fused sum rounds the same")                           \
    X(F16_BY_POWER, "f16-by-power", "legal: f16 through a multiplication by 2^112")                                    \
    X(STAGED, "staged", "legal: through a local copy of the block")                                                    \
    X(TABLE, "table", "legal: a table of all codes times d")                                                           \
    X(PAIRS, "pairs", "legal: two elements at a time")                                                                 \
    X(MINUS_8D, "minus-8d", "legal: d q - 8 d (q5_0: 16 d) is exact before it is rounded: fused")                      \
    X(BYTE_STORES, "byte-stores", "legal: written byte by byte")

enum decode_mode {
    DECODE_FAULTS(MODE) SCALED_FAULTS(MODE) ACTIVATION_FAULTS(MODE) GRID_FAULTS(MODE) DECODE_LEGAL(MODE) STRIDE_HALF,
    DECODE_MODES
};

static float decode_half(uint16_t h, int mode)
{
    const int e = h >> 10 & 31, m = h & 1023;
    if (mode == F16_FLUSH && e == 0)
        return h >> 15 ? -0.0f : 0.0f;
    if (mode == F16_CARRY && e == 0 && m > 0) { /* the normalised mantissa OR-ed, not added */
        const int up = 10 - ilogbf((float)m);
        const uint32_t u = (uint32_t)(h >> 15) << 31 | (uint32_t)((112 - up) << 23 | m << up << 13);
        float f;
        memcpy(&f, &u, sizeof f);
        return f;
    }
    if (mode == F16_INF && e == 31)
        return ldexpf((float)(m + 1024), 6) * (h >> 15 ? -1 : 1);
    if (mode == F16_BY_POWER && e < 31) {
        const uint32_t u = (uint32_t)(h & 0x7fff) << 13;
        float f;
        memcpy(&f, &u, sizeof f);
        f *= 0x1p112f;
        return h >> 15 ? -f : f;
    }
    return assay_f16_to_f32(h);
}

#include "decode_scaled.h"
#include "decode_grids.h"

static int64_t decode_bytes(assay_dtype t, int64_t n)
{
    return assay_dtype_bytes(t, n);
}

static int decode_nibble(const uint8_t *q, int j, int mode) /* of 16 bytes */
{
    return mode == INTERLEAVED ? q[j / 2] >> 4 * (j % 2) & 15 : q[j % 16] >> 4 * (j / 16) & 15;
}

/* y[j] = code d + m in one of several ways that agree */
static void decode_affine(float *y, const int *code, float d, float m, int n, int mode)
{
    float table[256];
    for (int q = 0; mode == TABLE && q < 256; q++)
        table[q] = d * (float)(q - 128);
    for (int j = 0; j < n; j++) {
        const float p = mode == TABLE ? table[code[j] + 128] : d * (float)code[j];
        y[j] = mode == WIDE    ? (float)((double)d * code[j] + (double)m)
               : mode == FUSED ? fmaf(d, (float)code[j], m)
                               : p + m;
    }
}

static void decode_32(float *y, const char *b, const char *next, assay_dtype t, int mode)
{
    uint16_t d, m = 0x8000; /* -0: adds nothing, not even a sign */
    const bool eight = t == ASSAY_q8_0 || t == ASSAY_q8_1, five = t == ASSAY_q5_0 || t == ASSAY_q5_1;
    const bool minimum = t == ASSAY_q4_1 || t == ASSAY_q5_1;
    const int middle = eight || minimum ? 0 : five ? 16 : 8, less = mode == NO_OFFSET ? 0 : middle;
    int code[32];
    memcpy(&d, mode == NEXT_SCALE ? next : b, 2);
    if (minimum && mode != MIN_DROPPED)
        memcpy(&m, b + 2, 2);
    const uint8_t *fifth = (const uint8_t *)b + (minimum || t == ASSAY_q8_1 ? 4 : 2), *q = fifth + (five ? 4 : 0);
    const float scale = decode_half(d, mode), low = decode_half(m, mode);
    for (int j = 0; j < 32; j++) {
        const int bit = mode == FIFTH_BITS ? j ^ 16 : j, high = five ? (fifth[bit / 8] >> bit % 8 & 1) << 4 : 0;
        code[j] = eight ? (int8_t)q[j] : (decode_nibble(q, j, mode) | high) - less;
        if (mode == UNSIGNED_CODES && eight)
            code[j] = code[j] == -128 ? 127 : code[j];
    }
    if (mode != MINUS_8D || middle == 0 || !isfinite(scale))
        decode_affine(y, code, scale, low, 32, mode);
    else
        for (int j = 0; j < 32; j++)
            y[j] = code[j] == 0 ? scale * 0 : fmaf(scale, (float)(code[j] + middle), -(float)middle * scale);
}

/* Codes that are places in a table, 32 of them: mxfp4 and iq4_nl */
static void decode_table(float *y, const uint8_t *b, const uint8_t *next, assay_dtype t, int mode)
{
    static const int e2m1[] = { 0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12 };
    static const int iq4[] = { -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113 };
    const bool power = t == ASSAY_mxfp4;
    uint16_t h;
    float d;
    int code[32];
    b = mode == NEXT_SCALE ? next : b;
    memcpy(&h, b, 2);
    d = !power ? decode_half(h, mode) : *b == 255 && mode != POWER_NAN ? NAN : ldexpf(1, *b - 128);
    if (power && mode == POWER_FLUSH && *b < 2)
        d = 0;
    for (int j = 0; j < 32; j++) {
        const int q = decode_nibble(b + (power ? 1 : 2), j, mode);
        code[j] = mode == TABLE_LINEAR ? q - 8 : power ? e2m1[q] : iq4[q];
    }
    decode_affine(y, code, d, -0.0f, 32, mode);
}

/* ---- super-blocks of 256 ---- */

typedef struct super {
    float d, dmin;
    int group, less; /* elements of a group, what is taken from a code */
    int sc[16], mn[16], code[256];
} super;

static int bits_of(const uint8_t *p, int at, int n)
{
    return *p >> at & ((1 << n) - 1);
}

static int two_bits(const uint8_t *q, int j, int mode)
{
    return mode == TWO_BITS ? bits_of(q + j / 4, 2 * (j % 4), 2)
                            : bits_of(q + 32 * (j / 128) + j % 32, 2 * (j % 128 / 32), 2);
}

static void open_q2_k(super *s, const assay_q2_k *b, int mode)
{
    for (int g = 0; g < 16; g++) {
        const bool swapped = mode == MIN_SCALE_SWAPPED;
        s->sc[g] = bits_of(b->sc + g, swapped ? 4 : 0, 4), s->mn[g] = bits_of(b->sc + g, swapped ? 0 : 4, 4);
    }
    for (int j = 0; j < 256; j++)
        s->code[j] = two_bits(b->q, j, mode);
}

static void open_q3_k(super *s, const assay_q3_k *b, int mode)
{
    for (int g = 0; g < 16; g++) {
        const int high = mode == HIGH_SCALE_BITS ? 2 : bits_of(b->sc + 8 + g % 4, 2 * (g / 4), 2);
        s->sc[g] = (bits_of(b->sc + g % 8, 4 * (g / 8), 4) | high << 4) - 32;
    }
    for (int j = 0; j < 256; j++) {
        const int third = bits_of(b->h + j % 32, (mode == HIGH_CODE_BITS ? j ^ 32 : j) / 32, 1);
        s->code[j] = two_bits(b->q, j, mode) | (mode == THIRD_BIT ? !third : third) << 2;
    }
}

/* q4_k, and q5_k, whose fifth bits (h; NULL: none) stand apart */
static void open_q4_k(super *s, const uint8_t *k, const uint8_t *h, const uint8_t *q, int mode)
{
    for (int g = 0; g < 8; g++) {
        const int high = mode == HIGH_SCALE_BITS ? 0 : g < 4 ? 0 : k[g - 4] >> 6 << 4;
        s->sc[g] = g < 4 ? k[g] & 63 : (k[g + 4] & 15) | high;
        s->mn[g] = g < 4 ? k[g + 4] & 63 : k[g + 4] >> 4 | k[g] >> 6 << 4;
        if (mode == MIN_SCALE_SWAPPED && g >= 4)
            s->sc[g] = k[g + 4] >> 4 | k[g - 4] >> 6 << 4, s->mn[g] = (k[g + 4] & 15) | k[g] >> 6 << 4;
    }
    for (int j = 0; j < 256; j++) {
        const int fifth = h ? bits_of(h + j % 32, (mode == HIGH_CODE_BITS ? j ^ 32 : j) / 32, 1) : 0;
        s->code[j] = bits_of(q + 32 * (j / 64) + j % 32, 4 * (j / 32 % 2), 4) | fifth << 4;
    }
}

static void open_q6_k(super *s, const assay_q6_k *b, int mode)
{
    for (int g = 0; g < 16; g++)
        s->sc[g] = b->sc[g];
    for (int j = 0; j < 256; j++) {
        const int h = j / 128, k = j % 128 / 32, p = j % 32, from = mode == HIGH_CODE_BITS ? k ^ 1 : k;
        s->code[j] =
            bits_of(b->ql + 64 * h + p + 32 * (k & 1), 4 * (k >> 1), 4) | bits_of(b->qh + 32 * h + p, 2 * from, 2) << 4;
    }
}

static float half_at(const uint8_t *b, int at, int mode)
{
    uint16_t h;
    memcpy(&h, b + at, 2);
    return decode_half(h, mode);
}

static void decode_super(float *y, const uint8_t *b, const uint8_t *next, assay_dtype t, int mode)
{
    const bool four = t == ASSAY_q4_k || t == ASSAY_q5_k;
    const assay_q5_k *b5 = (const void *)b;
    const assay_q4_k *b4 = (const void *)b;
    const int d = four ? 0 : t == ASSAY_q2_k ? 80 : t == ASSAY_q3_k ? 108 : 208;
    super s = { .d = half_at(mode == NEXT_SCALE ? next : b, d, mode), .group = four ? 32 : 16 };
    s.dmin = four || t == ASSAY_q2_k ? half_at(b, d + 2, mode) : -0.0f;
    s.less = mode == NO_OFFSET ? 0 : t == ASSAY_q3_k ? 4 : t == ASSAY_q6_k ? 32 : 0;
    if (t == ASSAY_q2_k)
        open_q2_k(&s, (const void *)b, mode);
    else if (t == ASSAY_q3_k)
        open_q3_k(&s, (const void *)b, mode);
    else if (four)
        open_q4_k(&s, b4->sc, t == ASSAY_q5_k ? b5->h : NULL, t == ASSAY_q5_k ? b5->q : b4->q, mode);
    else
        open_q6_k(&s, (const void *)b, mode);
    for (int h = 0; h < 16;
         h++) { /* sixteen elements each; GROUP_HALVES: of 32 the upper ones by their neighbour's scale */
        const int g = 16 * h / s.group, by = mode == GROUP_HALVES && (h % 2 || s.group == 16) ? g ^ 1 : g;
        const bool minimum = four || t == ASSAY_q2_k;
        const float low = !minimum ? 0.0f : mode == MIN_DROPPED ? 0.0f : s.dmin * (float)s.mn[g];
        int *code = s.code + 16 * h;
        for (int i = 0; i < 16; i++)
            code[i] -= s.less;
        if (mode == INTEGER_SCALE)
            for (int i = 0; i < 16; i++)
                y[16 * h + i] = s.d * (float)(s.sc[by] * code[i]) - low;
        else
            decode_affine(y + 16 * h, code, s.d * (float)s.sc[by], -low, 16, mode);
    }
}

static void decode_block(float *y, const char *b, const char *next, assay_dtype t, int mode)
{
    const uint8_t *p = (const uint8_t *)b, *q = (const uint8_t *)next;
    if (is_scaled(t))
        decode_scaled(y, p, q, t, mode);
    else if (is_grid(t))
        decode_grid(y, p, q, t, mode);
    else if (assay_dtype_of(t)->block == 256)
        decode_super(y, p, q, t, mode);
    else if (t == ASSAY_mxfp4 || t == ASSAY_iq4_nl)
        decode_table(y, p, q, t, mode);
    else
        decode_32(y, b, next, t, mode);
}

static float decode_8(uint8_t c, assay_dtype t, int mode)
{
    const bool fnuz = t == ASSAY_e4m3fnuz || t == ASSAY_e5m2fnuz, four = t == ASSAY_e4m3 || t == ASSAY_e4m3fnuz;
    const int m = four ? 3 : 2, bias = (four ? 7 : 15) + fnuz, e = c % 128 >> m, f = c & ((1 << m) - 1);
    const bool last = fnuz              ? c == 128 && mode != FNUZ_ZERO
                      : t == ASSAY_e4m3 ? c % 128 == 127 && mode != E4M3_END
                                        : e == 31;
    float v = e ? ldexpf((float)(f + (1 << m)), e - bias - m) : mode == FLUSH_8 ? 0 : ldexpf((float)f, 1 - bias - m);
    if (last)
        v = t == ASSAY_e5m2 && f == 0 ? INFINITY : NAN;
    v = mode == FNUZ ? v / 2 : v;
    return c >= 128 ? -v : v;
}

static float decode_number(const char *p, assay_dtype t, int mode)
{
    uint16_t h;
    float f;
    if (t == ASSAY_f32) {
        memcpy(&f, p, 4);
        return f;
    }
    if (assay_dtype_of(t)->bytes == 1)
        return decode_8((uint8_t)*p, t, mode);
    memcpy(&h, p, 2);
    return t == ASSAY_f16 ? decode_half(h, mode) : assay_bf16_to_f32(mode == BF16_LOW ? (uint16_t)(h & 0xfffe) : h);
}

/* n elements of type t at x */
static void decode_row(float *y, const char *x, assay_dtype t, int64_t n, int mode)
{
    const assay_dtype_info *info = assay_dtype_of(t);
    const int64_t blocks = n / info->block;
    const int64_t last = mode == ODD_BLOCK_LOST && info->block > 1 && blocks % 2 ? blocks - 1
                         : mode == TAIL_LOST && info->block == 1                 ? blocks & ~INT64_C(7)
                                                                                 : blocks;
    for (int64_t k = 0; k < last; k++) {
        const int64_t i = mode == REVERSED ? blocks - 1 - k : mode == PAIRS && (k ^ 1) < blocks ? k ^ 1 : k;
        const char *b = x + i * info->bytes, *next = i + 1 < blocks ? b + info->bytes : b;
        float out[256];
        _Alignas(16) unsigned char copy[300];
        if (info->block == 1) {
            out[0] = decode_number(b, t, mode);
        } else {
            if (mode == STAGED)
                memcpy(copy, b, (size_t)info->bytes);
            decode_block(out, mode == STAGED ? (const char *)copy : b, next, t, mode);
        }
        if (mode == BYTE_STORES)
            for (size_t j = 0; j < (size_t)info->block * 4; j++)
                ((volatile char *)(y + i * info->block))[j] = ((const char *)out)[j];
        else
            memcpy(y + i * info->block, out, (size_t)info->block * sizeof *out);
    }
}
#endif
