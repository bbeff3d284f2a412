/* SPDX-License-Identifier: MIT
 * dequantize: cases.  Encoders write only some of the blocks that a file may hold, so most cases take random bytes. */
#include "../../reference/core/dtype.h"
#include "../../reference/core/suite.h"
#include "assay/blocks.h"
#include "formats_known.h"
#include "../judge/raw.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const assay_gen gens[] = {
    RAW_GENS,
};

static bool raw(const assay_case *c, int i, void *data, size_t n, assay_rng *r)
{
    return raw_operand(c, i, 0, data, n, r);
}

static const assay_rows rows[] = {
    { "R=3 C={1..17} x={f16,bf16} gen=codes", ASSAY_QUICK },
    { "R=2 C={33,1000} x={f16,bf16} gen={gauss,codes,any-bits,edges,special,denormal,signed-zero}", ASSAY_QUICK },
    { "R=3 C={32,64,96,128,160,224} x={q8_0,q8_1,q4_0,q4_1} gen={codes,gauss}", ASSAY_QUICK },
    { "R=3 C=480 x={q8_0,q8_1,q4_0,q4_1} gen={codes,any-bits,edges,zero,wide}", ASSAY_QUICK },
    { "R=3 C={256,512,768} x={q4_k,q6_k} gen={codes,gauss,any-bits,edges,zero}", ASSAY_QUICK },
    { "R=1 C={0,4064,4128,8256} x={q8_0,q8_1,q4_0,q4_1,f16,bf16} gen=codes", ASSAY_QUICK },
    { "R=1 C={0,3840,4352} x={q4_k,q6_k} gen=codes", ASSAY_QUICK },
    { "R=0 C=256 x=* gen=codes", ASSAY_QUICK },
    { "R=16 C=8192 x=* gen={codes,any-bits,edges}", ASSAY_FULL },
    /* values at every place */
    { "R=5 C=37 x={f16,bf16} gen=" ASSAY_VALUES "@x", ASSAY_QUICK },
    { "R=5 C=512 x={q8_0,q8_1,q4_0,q4_1,q4_k,q6_k} gen=" ASSAY_SCALES "@x", ASSAY_QUICK },
    { "R=5 C=512 x={q4_1,q4_k} gen=" ASSAY_MINIMA "@x", ASSAY_QUICK },
};

static bool no(assay_why *why, const char *type, const char *what)
{
    if (why)
        snprintf(why->text, sizeof why->text, "dequantize from %s: %s", type, what);
    return false;
}

static bool known_values(assay_why *why)
{
    for (size_t i = 0; i < ASSAY_COUNT_OF(known_decode); i++) {
        assay_dtype t;
        const assay_dtype_info *info = assay_dtype_find(known_decode[i].type, &t);
        const size_t n = (size_t)info->block, bytes = (size_t)info->bytes;
        unsigned char b[256];
        double y[256];
        float f[256] = { 0 };
        for (size_t k = 0; k < bytes; k++)
            b[k] = (unsigned char)(37 * k + 11);
        b[known_decode[i].d] = 0x55, b[known_decode[i].d + 1] = 0x35;
        if (known_decode[i].m >= 0) {
            b[known_decode[i].m] = (unsigned char)(known_decode[i].second & 255);
            b[known_decode[i].m + 1] = (unsigned char)(known_decode[i].second >> 8);
        }
        if (known_crc(b, bytes) != known_decode[i].block)
            return no(why, info->name, "the test block itself differs from the known answer");
        info->decode(y, b, (int64_t)n);
        for (size_t k = 0; k < n; k++)
            f[k] = (float)y[k] + 0.0f;
        if (known_crc(f, n * sizeof *f) != known_decode[i].values)
            return no(why, info->name, "the values of the test block differ from the known answer");
    }
    return true;
}

/* A second derivation: each value read from the block's bits as an integer over a power of two.  An f16 is
 * m * 2^(e - 25) with m < 2048 and e >= 1, so d * q (q < 2^14) and the difference of two such are integers over 2^24.
 */
static int64_t f16_scaled(uint16_t h) /* 2^24 times its value; finite only */
{
    const int e = h >> 10 & 31;
    const int64_t m = (h & 1023) | (e ? 1024 : 0), v = m << (e ? e - 1 : 0);
    return h >> 15 ? -v : v;
}
static unsigned bits(const unsigned char *p, int at, int n) /* n bits from bit `at` of a little-endian string */
{
    unsigned v = 0;
    for (int i = 0; i < n; i++)
        v |= (unsigned)(p[(at + i) / 8] >> (at + i) % 8 & 1) << i;
    return v;
}
static int64_t signed8(unsigned v)
{
    return v < 128 ? (int64_t)v : (int64_t)v - 256;
}
static int64_t scaled_value(assay_dtype t, const unsigned char *b, int j)
{
    const int64_t d = f16_scaled((uint16_t)bits(b, t == ASSAY_q6_k ? 8 * 208 : 0, 16));
    const int g = j / 32, half = 4 * (j / 16);
    switch (t) {
    case ASSAY_q8_0:
        return d * signed8(b[2 + j]);
    case ASSAY_q8_1:
        return d * signed8(b[4 + j]);
    case ASSAY_q4_0:
        return d * ((int64_t)bits(b, 8 * (2 + j % 16) + half, 4) - 8);
    case ASSAY_q4_1:
        return d * bits(b, 8 * (4 + j % 16) + half, 4) + f16_scaled((uint16_t)bits(b, 16, 16));
    case ASSAY_q4_k: {
        /* scales from bit 32 on, minima from bit 64 on; groups 4..7 in pieces of 4 and 2 bits */
        const unsigned sc =
            g < 4 ? bits(b, 32 + 8 * g, 6) : bits(b, 96 + 8 * (g - 4), 4) | bits(b, 38 + 8 * (g - 4), 2) << 4;
        const unsigned mn =
            g < 4 ? bits(b, 64 + 8 * g, 6) : bits(b, 100 + 8 * (g - 4), 4) | bits(b, 70 + 8 * (g - 4), 2) << 4;
        const unsigned q = bits(b, 8 * (16 + 32 * (j / 64) + j % 32) + 4 * (g & 1), 4);
        return d * sc * q - f16_scaled((uint16_t)bits(b, 16, 16)) * mn;
    }
    default: { /* q6_k */
        const int h = j / 128, k = j % 128 / 32, i = j % 32;
        const unsigned lo = bits(b, 8 * (64 * h + i + 32 * (k & 1)) + 4 * (k >> 1), 4),
                       hi = bits(b, 8 * (128 + 32 * h + i) + 2 * k, 2);
        return d * signed8(b[192 + j / 16]) * ((int64_t)(lo + 16 * hi) - 32);
    }
    }
}
static bool known_again(assay_why *why)
{
    static const assay_dtype types[] = { ASSAY_q8_0, ASSAY_q8_1, ASSAY_q4_0, ASSAY_q4_1, ASSAY_q4_k, ASSAY_q6_k };
    assay_rng r = { 5, 3, 0 };
    for (size_t i = 0; i < ASSAY_COUNT_OF(types); i++)
        for (int trial = 0; trial < 500; trial++) {
            const assay_dtype_info *info = assay_dtype_of(types[i]);
            unsigned char b[256];
            double y[256];
            raw_block(types[i], b, &r, RAW_FINITE);
            info->decode(y, b, info->block);
            for (int j = 0; j < info->block; j++)
                if (y[j] != ldexp((double)scaled_value(types[i], b, j), -24))
                    return no(why, info->name, "decode differs from its second derivation in integers");
        }
    return true;
}

/* Every code of both 16-bit types, in one call: an f16 as above, a bf16 as the upper half of a float. */
static bool known_halves(assay_why *why)
{
    enum { N = 1 << 16 };
    static uint16_t code[N];
    static double f16[N], bf16[N];
    for (int i = 0; i < N; i++)
        code[i] = (uint16_t)i, f16[i] = bf16[i] = 9;
    assay_dtype_of(ASSAY_f16)->decode(f16, code, N);
    assay_dtype_of(ASSAY_bf16)->decode(bf16, code, N);
    for (int i = 0; i < N; i++) {
        const uint32_t upper = (uint32_t)i << 16;
        float b;
        memcpy(&b, &upper, sizeof b);
        const bool special = (i >> 10 & 31) == 31;
        const double h = !special   ? ldexp((double)f16_scaled((uint16_t)i), -24)
                         : i & 1023 ? NAN
                         : i >> 15  ? -INFINITY
                                    : INFINITY;
        if (isnan(h) ? !isnan(f16[i]) : f16[i] != h || !signbit(f16[i]) != !(i >> 15))
            return no(why, "f16", "a code's value differs from its second derivation in integers");
        if (isnan(b) ? !isnan(bf16[i]) : bf16[i] != (double)b || !signbit(bf16[i]) != !signbit(b))
            return no(why, "bf16", "a code's value is not that of the float it is half of");
    }
    return true;
}

static bool known(assay_why *why)
{
    return known_values(why) && known_again(why) && known_halves(why);
}

const assay_suite assay_suite_dequantize = {
    .op = "dequantize",
    .draws_own = true,
    .rows = rows,
    .n_rows = ASSAY_COUNT_OF(rows),
    .gens = gens,
    .n_gens = ASSAY_COUNT_OF(gens),
    .raw = raw,
    .known = known,
};
