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
    X(HIGH_CODE_BITS, "high-code-bits-of-neighbour", "formats 4.1: q6_k")                                              \
    X(GROUP_HALVES, "scale-over-half-of-two-groups", "paiml/aprender#3105")                                            \
    X(TAIL_LOST, "tail-lost", "slip: tail")                                                                            \
    X(BF16_LOW, "bf16-rounded", "slip: inputs silently rounded")

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

enum decode_mode { DECODE_FAULTS(MODE) DECODE_LEGAL(MODE) STRIDE_HALF, DECODE_MODES };

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

static void decode_q4_k(float *y, const assay_q4_k *b, const assay_q4_k *next, int mode)
{
    const float d = decode_half(mode == NEXT_SCALE ? next->d : b->d, mode), dmin = decode_half(b->dmin, mode);
    for (int g = 0; g < 8; g++) {
        int s = mode == GROUP_HALVES ? g ^ 1 : g, code[32], sc, mn;
        const uint8_t *k = b->sc;
        sc = s < 4 ? k[s] & 63 : (k[s + 4] & 15) | (mode == HIGH_SCALE_BITS ? 0 : k[s - 4] >> 6 << 4);
        mn = g < 4 ? k[g + 4] & 63 : k[g + 4] >> 4 | k[g] >> 6 << 4;
        if (mode == MIN_SCALE_SWAPPED && g >= 4)
            sc = k[g + 4] >> 4 | k[g - 4] >> 6 << 4, mn = (k[g + 4] & 15) | k[g] >> 6 << 4;
        for (int j = 0; j < 32; j++)
            code[j] = b->q[32 * (g / 2) + j] >> 4 * (g % 2) & 15;
        const float low = mode == MIN_DROPPED ? 0.0f : dmin * (float)mn;
        if (mode == INTEGER_SCALE)
            for (int j = 0; j < 32; j++)
                y[32 * g + j] = d * (float)(sc * code[j]) - low;
        else
            decode_affine(y + 32 * g, code, d * (float)sc, -low, 32, mode);
        if (mode == GROUP_HALVES)
            decode_affine(y + 32 * g, code, d * (float)(g < 4 ? k[g] & 63 : (k[g + 4] & 15) | k[g - 4] >> 6 << 4), -low,
                          16, mode);
    }
}

static void decode_q6_k(float *y, const assay_q6_k *b, const assay_q6_k *next, int mode)
{
    const float d = decode_half(mode == NEXT_SCALE ? next->d : b->d, mode);
    for (int g = 0; g < 16; g++) {
        int code[16];
        for (int i = 0; i < 16; i++) {
            const int j = 16 * g + i, h = j / 128, k = j % 128 / 32, p = j % 32;
            const int from = mode == HIGH_CODE_BITS ? k ^ 1 : k;
            code[i] = (b->ql[64 * h + p + 32 * (k & 1)] >> 4 * (k >> 1) & 15) | (b->qh[32 * h + p] >> 2 * from & 3)
                                                                                    << 4;
            code[i] -= mode == NO_OFFSET ? 0 : 32;
        }
        const int sc = b->sc[mode == GROUP_HALVES ? g ^ 1 : g];
        if (mode == INTEGER_SCALE)
            for (int i = 0; i < 16; i++)
                y[16 * g + i] = d * (float)(sc * code[i]);
        else
            decode_affine(y + 16 * g, code, d * (float)sc, -0.0f, 16, mode);
    }
}

static void decode_block(float *y, const char *b, const char *next, assay_dtype t, int mode)
{
    if (t == ASSAY_q4_k)
        decode_q4_k(y, (const void *)b, (const void *)next, mode);
    else if (t == ASSAY_q6_k)
        decode_q6_k(y, (const void *)b, (const void *)next, mode);
    else
        decode_32(y, b, next, t, mode);
}

static float decode_number(const char *p, assay_dtype t, int mode)
{
    uint16_t h;
    float f;
    if (t == ASSAY_f32) {
        memcpy(&f, p, 4);
        return f;
    }
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
        assay_q6_k copy;
        if (info->block == 1) {
            out[0] = decode_number(b, t, mode);
        } else {
            if (mode == STAGED)
                memcpy(&copy, b, (size_t)info->bytes);
            decode_block(out, mode == STAGED ? (const char *)&copy : b, next, t, mode);
        }
        if (mode == BYTE_STORES)
            for (size_t j = 0; j < (size_t)info->block * 4; j++)
                ((volatile char *)(y + i * info->block))[j] = ((const char *)out)[j];
        else
            memcpy(y + i * info->block, out, (size_t)info->block * sizeof *out);
    }
}
#endif
