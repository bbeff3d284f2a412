/* SPDX-License-Identifier: MIT
 * Known answers of the encoders of blocks: whole sequences by their CRC (formats_known.h says who computed them),
 * blocks that must come back, and errors that a search must not exceed. */
#include "../../reference/core/dtype.h"
#include "assay/blocks.h"
#include "formats_known.h"
#include "quantize_known.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool assay_known_not(assay_why *why, const char *type, const char *what)
{
    if (why)
        snprintf(why->text, sizeof why->text, "quantize to %s: %s", type, what);
    return false;
}

/* Encodes at an odd address, between bytes that must stay as they are. */
static bool blocks_are(const assay_dtype_info *info, unsigned char *room, const double *x, int n, uint32_t crc)
{
    enum { EDGE = 255 };
    const size_t bytes = (size_t)(n / info->block * info->bytes);
    bool inside = true;
    memset(room, 0x5a, bytes + (size_t)2 * EDGE);
    info->encode(room + EDGE, x, n);
    for (size_t i = 0; i < EDGE; i++)
        inside = inside && room[i] == 0x5a && room[EDGE + bytes + i] == 0x5a;
    return inside && known_crc(room + EDGE, bytes) == crc;
}

static bool known_sequences(assay_why *why)
{
    double x[512] = { 0 }; /* a block more than is asked for */
    unsigned char room[1024];
    for (size_t i = 0; i < ASSAY_COUNT_OF(known_encode); i++) {
        const assay_dtype_info *info = assay_dtype_find(known_encode[i].type, NULL);
        known_E(x, 256, known_encode[i].M);
        if (!blocks_are(info, room, x, 256, known_encode[i].e))
            return assay_known_not(why, info->name, "the blocks of E(256, M) differ from the known answer");
        known_G(x, 256);
        if (!blocks_are(info, room, x, 256, known_encode[i].g))
            return assay_known_not(why, info->name, "the blocks of G(256) differ from the known answer");
    }
    return true;
}

static bool known_powers(assay_why *why)
{
    double x[64] = { 0 }, y[32];
    unsigned char room[1024];
    for (size_t i = 0; i < ASSAY_COUNT_OF(known_mx); i++) {
        const assay_dtype_info *info = assay_dtype_find(known_mx[i].type, NULL);
        for (int g = 0; g < 2; g++) {
            float f[32];
            g ? known_G(x, 32) : known_E(x, 32, known_mx[i].M);
            for (int k = 0; g && k < 32; k++)
                x[k] /= 8;
            if (!blocks_are(info, room, x, 32, g ? known_mx[i].g : known_mx[i].e))
                return assay_known_not(why, info->name,
                                       "the block of E(32, M) or G(32)/8 differs from the known answer");
            info->decode(y, room + 255, 32);
            for (int k = 0; k < 32; k++)
                f[k] = (float)y[k] + 0.0f;
            if (known_crc(f, sizeof f) != (g ? known_mx[i].g_values : known_mx[i].e_values))
                return assay_known_not(why, info->name,
                                       "what the known block decodes to differs from the known answer");
        }
    }
    return true;
}

enum { N = 65536, K = 11264, MORE = 512 };

static bool known_long(assay_why *why, const char *type, uint32_t n, uint32_t k, double floor, double *x, double *y,
                       unsigned char *room)
{
    const assay_dtype_info *info = assay_dtype_find(type, NULL);
    double e = 0, s = 0;
    known_K(x, K);
    if (!blocks_are(info, room, x, K, k))
        return assay_known_not(why, type, "the blocks of K(11264) differ from the known answer");
    known_N(x, N);
    const bool same = blocks_are(info, room, x, N, n);
    info->decode(y, room + 255, N);
    for (int i = 0; i < N; i++)
        e += (x[i] - y[i]) * (x[i] - y[i]), s += x[i] * x[i];
    if (!(e <= 1.01 * floor * s))
        return assay_known_not(why, type, "the error on N(65536) is over 1.01 times the known floor");
    return same || assay_known_not(why, type, "the blocks of N(65536) differ from the known answer");
}

static bool known_search(assay_why *why)
{
    double *x = calloc(2 * (N + MORE), sizeof *x);
    unsigned char *room = malloc(N * 2);
    bool ok = x && room;
    for (size_t i = 0; ok && i < ASSAY_COUNT_OF(known_quality); i++)
        ok = known_long(why, known_quality[i].type, known_quality[i].n, known_quality[i].k, known_quality[i].floor, x,
                        x + N + MORE, room);
    free(x);
    free(room);
    return ok;
}

/* Square error of q4_k without a search: each group's range, 0 included, in 15 steps, minima and scales rounded to the
 * super-block's. */
static double plain_error(const double x[256])
{
    double scale[8], low[8], smax = 0, lmax = 0, error = 0;
    for (int g = 0; g < 8; g++) {
        double lo = 0, hi = x[32 * g];
        for (int j = 32 * g; j < 32 * g + 32; j++)
            lo = x[j] < lo ? x[j] : lo, hi = x[j] > hi ? x[j] : hi;
        scale[g] = (hi - lo) / 15, low[g] = -lo;
        smax = fmax(smax, scale[g]), lmax = fmax(lmax, low[g]);
    }
    const double d = assay_f16_to_f64(assay_f16_from_f64(smax / 63)),
                 m = assay_f16_to_f64(assay_f16_from_f64(lmax / 63));
    for (int j = 0; j < 256; j++) {
        const double s = d > 0 ? d * fmin(63, nearbyint(scale[j / 32] / d)) : 0;
        const double lo = m > 0 ? m * fmin(63, nearbyint(low[j / 32] / m)) : 0;
        const double q = s > 0 ? fmax(0, fmin(15, nearbyint((x[j] + lo) / s))) : 0, e = s * q - lo - x[j];
        error += e * e;
    }
    return error;
}

/* A search is not worse than none, whatever the groups are: of one value, nearly so, of one sign, far from 0. */
static bool known_not_worse(assay_why *why)
{
    static const struct {
        double base, spread;
    } kinds[] = { { 0, 1 },  { 1, 0 },     { 1, 1e-3 }, { 1, 0.02 }, { 1, 0.3 },
                  { -1, 0 }, { -1, 0.01 }, { -1, 0.5 }, { 3, 2 } };
    assay_rng r = { 19, 5, 0 };
    const assay_dtype_info *info = assay_dtype_of(ASSAY_q4_k);
    for (size_t k = 0; k < ASSAY_COUNT_OF(kinds); k++) {
        double ours = 0, plain = 0;
        for (int trial = 0; trial < 32; trial++) {
            double x[256], y[256];
            assay_q4_k b;
            for (int i = 0; i < 256; i++)
                x[i] = (double)(float)(kinds[k].base + kinds[k].spread * (2 * assay_rng_uniform(&r) - 1));
            info->encode(&b, x, 256);
            info->decode(y, &b, 256);
            for (int i = 0; i < 256; i++)
                ours += (x[i] - y[i]) * (x[i] - y[i]);
            plain += plain_error(x);
        }
        if (!(ours <= plain))
            return assay_known_not(why, info->name, "the square error is above that of plain rounding");
    }
    return true;
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
            return assay_known_not(why, "q4_k", "a planted block does not come back");
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
            return assay_known_not(why, "q6_k", "a planted block does not come back");
    }
    return true;
}

/* One value in each group, the others 0: it comes back within the rounding of the scale. */
static bool known_lone(assay_why *why)
{
    static const double lone[] = { 1, -1, 3.5, -0.1, 1000 };
    static const assay_dtype types[] = { ASSAY_q4_k, ASSAY_q6_k };
    for (size_t t = 0; t < ASSAY_COUNT_OF(types); t++)
        for (size_t i = 0; i < ASSAY_COUNT_OF(lone); i++) {
            const assay_dtype_info *info = assay_dtype_of(types[t]);
            double x[256] = { 0 }, y[256];
            unsigned char b[256];
            for (int k = 5; k < 256; k += 16 * (t ? 1 : 2))
                x[k] = lone[i];
            info->encode(b, x, 256);
            info->decode(y, b, 256);
            for (int k = 0; k < 256; k++)
                if (!(fabs(y[k] - x[k]) <= fabs(lone[i]) / 256))
                    return assay_known_not(why, info->name, "a lone value does not come back");
        }
    return true;
}

/* 8 groups with their extreme code each, one of them with the extreme scale */
static bool known_planted_16(assay_why *why)
{
    assay_rng r = { 11, 8, 0 };
    double x[256];
    for (int trial = 0; trial < 64; trial++) {
        assay_iq4_xs a, got;
        memset(&a, 0, sizeof a);
        a.d = assay_f16_from_f64(ldexp(1 + assay_rng_uniform(&r), -8)) | (uint16_t)(trial % 2 << 15);
        for (int g = 0; g < 8; g++) {
            const int size = 8 + (int)assay_rng_below(&r, 23);
            const int code = 32 + (g == trial % 8 ? -32 : assay_rng_below(&r, 2) ? size : -size);
            a.sl[g / 2] |= (uint8_t)((code & 15) << g % 2 * 4);
            a.sh |= (uint16_t)(code >> 4 << 2 * g);
        }
        for (int k = 0; k < 128; k++) {
            const int lo = k % 16 == trial % 16 ? 0 : (int)assay_rng_below(&r, 16), hi = (int)assay_rng_below(&r, 16);
            a.q[k] = (uint8_t)(lo | hi << 4);
        }
        assay_dtype_of(ASSAY_iq4_xs)->decode(x, &a, 256);
        assay_dtype_of(ASSAY_iq4_xs)->encode(&got, x, 256);
        if (memcmp(&a, &got, sizeof a) != 0)
            return assay_known_not(why, "iq4_xs", "a planted block does not come back");
    }
    return true;
}

bool assay_known_blocks(assay_why *why)
{
    return known_sequences(why) && known_powers(why) && known_planted(why) && known_planted_16(why) &&
           known_lone(why) && known_search(why) && known_not_worse(why);
}

bool assay_quantize_known(assay_why *why)
{
    return assay_known_blocks(why) && assay_known_numbers(why);
}
