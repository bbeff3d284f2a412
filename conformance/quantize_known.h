/* SPDX-License-Identifier: MIT
 * quantize_known.h - known answers of the encoders: whole blocks, conversions to 16 bits, planted blocks, the error. */
#ifndef ASSAY_QUANTIZE_KNOWN_H
#define ASSAY_QUANTIZE_KNOWN_H
#include "../reference/core/dtype.h"
#include "../reference/core/suite.h"
#include "assay/blocks.h"
#include "formats_known.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double from_bits(uint32_t u)
{
    float f;
    memcpy(&f, &u, sizeof f);
    return (double)f;
}

static bool no(assay_why *why, const char *type, const char *what)
{
    if (why)
        snprintf(why->text, sizeof why->text, "quantize to %s: %s", type, what);
    return false;
}

static bool known_blocks(assay_why *why)
{
    double x[256];
    assay_q8_1 b[8];
    for (size_t i = 0; i < ASSAY_COUNT_OF(known_encode); i++) {
        const char *type = known_encode[i].type;
        assay_dtype t;
        const assay_dtype_info *info = assay_dtype_find(type, &t);
        known_E(x, 256, known_encode[i].M);
        info->encode(b, x, 256);
        if (known_crc(b, (size_t)assay_dtype_bytes(t, 256)) != known_encode[i].e)
            return no(why, type, "the blocks of E(256, M) differ from the known answer");
        known_G(x, 256);
        info->encode(b, x, 256);
        if (known_crc(b, (size_t)assay_dtype_bytes(t, 256)) != known_encode[i].g)
            return no(why, type, "the blocks of G(256) differ from the known answer");
    }
    return true;
}

static bool known_error(assay_why *why)
{
    enum { N = 65536 };
    double *x = malloc(2 * N * sizeof *x), *y = x + N;
    void *blocks = malloc(N * 2);
    bool ok = x && blocks;
    if (ok)
        known_N(x, N);
    for (size_t i = 0; ok && i < ASSAY_COUNT_OF(known_quality); i++) {
        const assay_dtype_info *info = assay_dtype_find(known_quality[i].type, NULL);
        double e = 0, s = 0;
        info->encode(blocks, x, N);
        info->decode(y, blocks, N);
        for (int k = 0; k < N; k++)
            e += (x[k] - y[k]) * (x[k] - y[k]), s += x[k] * x[k];
        ok = e <= 1.01 * known_quality[i].floor * s;
        if (!ok)
            no(why, known_quality[i].type, "the error on N(65536) is over 1.01 times the known floor");
    }
    free(x);
    free(blocks);
    return ok;
}

/* A block in which every group has its extreme codes, and the super-block the extreme scale and minimum, comes back
 * byte for byte from its own values. */
static bool known_planted(assay_why *why)
{
    assay_rng r = { 11, 7, 0 };
    double x[256];
    for (int trial = 0; trial < 64; trial++) {
        assay_q4_k a, got4;
        assay_q6_k b, got6;
        uint8_t sc[8], mn[8];
        memset(&a, 0, sizeof a);
        memset(&b, 0, sizeof b);
        a.d = assay_f16_from_f64(ldexp(1 + assay_rng_uniform(&r), -8)),
        a.dmin = assay_f16_from_f64(ldexp(1 + assay_rng_uniform(&r), -6));
        b.d = assay_f16_from_f64(ldexp(1 + assay_rng_uniform(&r), -8)) | (uint16_t)(trial % 2 << 15);
        for (int g = 0; g < 8; g++) {
            sc[g] = (uint8_t)(g == trial % 8 ? 63 : 16 + assay_rng_below(&r, 47));
            mn[g] = (uint8_t)(g == trial / 8 ? 63 : 16 + assay_rng_below(&r, 47));
        }
        for (int g = 0; g < 4; g++) {
            a.sc[g] = (uint8_t)(sc[g] | sc[g + 4] >> 4 << 6), a.sc[g + 4] = (uint8_t)(mn[g] | mn[g + 4] >> 4 << 6);
            a.sc[g + 8] = (uint8_t)((sc[g + 4] & 15) | (mn[g + 4] & 15) << 4);
        }
        for (int g = 0; g < 8; g++) /* codes 0 and 15 once at least */
            for (int j = 0; j < 32; j++)
                a.q[32 * (g / 2) + j] |= (uint8_t)((j < 2 ? 15 * j : (int)assay_rng_below(&r, 16)) << g % 2 * 4);
        assay_dtype_of(ASSAY_q4_k)->decode(x, &a, 256);
        assay_dtype_of(ASSAY_q4_k)->encode(&got4, x, 256);
        if (memcmp(&a, &got4, sizeof a) != 0)
            return no(why, "q4_k", "a planted block does not come back");
        for (int g = 0; g < 16; g++) {
            const int size = 20 + (int)assay_rng_below(&r, 107);
            b.sc[g] = (int8_t)(g == trial % 16 ? -128 : assay_rng_below(&r, 2) ? size : -size);
        }
        for (int j = 0; j < 256; j++) {
            const int q = j % 16 == 3 ? 0 : (int)assay_rng_below(&r, 63), h = j / 128, k = j % 128 / 32, p = j % 32;
            b.ql[64 * h + p + 32 * (k & 1)] |= (uint8_t)((q & 15) << (k >> 1) * 4);
            b.qh[32 * h + p] |= (uint8_t)(q >> 4 << 2 * k);
        }
        assay_dtype_of(ASSAY_q6_k)->decode(x, &b, 256);
        assay_dtype_of(ASSAY_q6_k)->encode(&got6, x, 256);
        if (memcmp(&b, &got6, sizeof b) != 0)
            return no(why, "q6_k", "a planted block does not come back");
    }
    return true;
}

/* f32 bits, f16 code, bf16 code (formats table: ties, carries, subnormals, overflow) */
static bool known_halves(assay_why *why)
{
    static const uint32_t f16[][2] = {
        { 0x3f801000, 0x3c00 }, { 0x3f803000, 0x3c02 }, { 0x3f801001, 0x3c01 }, { 0xbf801000, 0xbc00 },
        { 0x477fe000, 0x7bff }, { 0x477fefff, 0x7bff }, { 0x477ff000, 0x7c00 }, { 0x7f7fffff, 0x7c00 },
        { 0x387fffff, 0x0400 }, { 0x387fe000, 0x0400 }, { 0x387ff000, 0x0400 }, { 0x33800000, 0x0001 },
        { 0x33000000, 0x0000 }, { 0x33000001, 0x0001 }, { 0x33c00000, 0x0002 }, { 0x80000001, 0x8000 },
        { 0x7f800000, 0x7c00 }, { 0x7fc00000, 0x7e00 }, { 0x7f800001, 0x7e00 }, { 0x7f812345, 0x7e09 },
    };
    static const uint32_t bf16[][2] = {
        { 0x3f808000, 0x3f80 }, { 0x3f818000, 0x3f82 }, { 0x3f808001, 0x3f81 }, { 0xbf808000, 0xbf80 },
        { 0x7f7f7fff, 0x7f7f }, { 0x7f7f8000, 0x7f80 }, { 0x00008000, 0x0000 }, { 0x00008001, 0x0001 },
        { 0x00018000, 0x0002 }, { 0x00000001, 0x0000 }, { 0x80000001, 0x8000 }, { 0x007fffff, 0x0080 },
        { 0x7f800001, 0x7fc0 }, { 0x7fffffff, 0x7fff }, { 0xff800001, 0xffc0 }, { 0x7f812345, 0x7fc1 },
    };
    for (size_t i = 0; i < ASSAY_COUNT_OF(f16); i++)
        if (assay_f16_from_f64(from_bits(f16[i][0])) != f16[i][1])
            return no(why, "f16", "a conversion of the table is wrong");
    for (size_t i = 0; i < ASSAY_COUNT_OF(bf16); i++)
        if (assay_bf16_from_f64(from_bits(bf16[i][0])) != bf16[i][1])
            return no(why, "bf16", "a conversion of the table is wrong");
    /* one rounding, not two: through f32 this would be a tie */
    if (assay_f16_from_f64(1 + 0x1p-11 + 0x1p-40) != 0x3c01 || assay_bf16_from_f64(1 + 0x1p-8 + 0x1p-40) != 0x3f81)
        return no(why, "f16", "rounded twice");
    return true;
}

static bool quantize_known(assay_why *why)
{
    return known_blocks(why) && known_halves(why) && known_planted(why) && known_error(why);
}
#endif
