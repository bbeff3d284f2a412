/* SPDX-License-Identifier: MIT
 * dtype_tables.c - blocks whose 4-bit codes are places in a table (GGUF): of each 32 (nvfp4: 16) elements the first
 * half in the low halves of bytes, the second in the high ones.
 *
 *   mxfp4   an E8M0 power of two, then E2M1 codes (OCP MX).  The power is that of the largest |x| less 2, within 0 ..
 *           254; codes are the nearest, of two the one nearer to 0.  ff is NaN throughout, and is written for a block
 *           that holds a NaN or an infinity, with codes 0.  (ggml reads ff as 2^127 and never writes it.)
 *   iq4_nl  an f16 scale; 16 values, close about 0.  Written by a search, ours and deterministic: the scale that errs
 *           least, by weighted squares, of 15 that put the extreme at -120 .. -134; then the nearest value to each x by
 *           the scale as stored, of two the lower.
 *   iq4_xs  eight times that: scales of 6 bits, in units of one f16 that puts the largest at -32.
 *   nvfp4   E2M1 codes as in mxfp4, four times 16; scales are E4M3 without a sign, ggml's: 7f stands for 0, bit 7
 * counts only in ff, which is 480.  Written: max|x| / 6 in f32, to nearest, ties away from 0, but 448 for what is above
 * 247.  What is beyond has the largest code (ggml, whose
 *           difference in f32 is lost there, writes 0).  No code is NaN: 16 numbers that hold a NaN or an infinity have
 * the scale 7f and codes 0. */
#include "assay/blocks.h"
#include "dtype.h"
#include "dtype_codecs.h"
#include "dtype_super.h"
#include <math.h>
#include <string.h>

enum { N = 32, F16_NAN = 0x7e00 };

static const int8_t e2m1[16] = { 0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12 }; /* doubled */
static const int8_t iq4[16] = { -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113 };

static bool take_some(double *x, const double *src, int n) /* the f32 values; false if one is not finite */
{
    bool finite = true;
    for (int i = 0; i < n; i++) {
        x[i] = (double)(float)src[i];
        finite &= isfinite(x[i]) != 0;
    }
    return finite;
}

static int nearest(const int8_t table[16], double t) /* of two that are as near the first */
{
    int best = 0;
    for (int k = 1; k < 16; k++)
        if (fabs(table[k] - t) < fabs(table[best] - t))
            best = k;
    return best;
}

/* 2 half elements; d 0: as if all x were 0 */
static void pack_places(uint8_t *q, const int8_t table[16], const double *x, double d, int half)
{
    for (int j = 0; j < 2 * half; j++) {
        const int c = nearest(table, d != 0 ? x[j] / d : 0);
        q[j % half] = (uint8_t)(j < half ? c : q[j % half] | c << 4);
    }
}

static int place_at(const uint8_t *q, int j, int half)
{
    return q[j % half] >> (j / half * 4) & 15;
}

static double largest_of(const double *x, int n) /* the first of the values of largest size */
{
    double size = 0, most = 0;
    for (int j = 0; j < n; j++)
        if (fabs(x[j]) > size)
            size = fabs(x[j]), most = x[j];
    return most;
}

/* ---- mxfp4 ---- */

static double half_power(int e) /* 2^(e - 128): half the scale, as the table is doubled */
{
    return e == 255 ? (double)NAN : ldexp(1, e - 128);
}

void assay_encode_mxfp4(void *dst, const double *src, int64_t n)
{
    char *out = dst;
    for (int64_t i = 0; i < n; i += N, out += sizeof(assay_mxfp4)) {
        double x[N];
        assay_mxfp4 b = { 255, { 0 } };
        if (take_some(x, src + i, N)) {
            const double size = fabs(largest_of(x, N));
            int e = 0;
            frexp(size, &e); /* size in [2^(e-1), 2^e) */
            e = size == 0 ? 0 : e - 1 - 2 + 127;
            b.e = (uint8_t)(e < 0 ? 0 : e);
            pack_places(b.q, e2m1, x, half_power(b.e), N / 2);
        }
        memcpy(out, &b, sizeof b);
    }
}

void assay_decode_mxfp4(double *dst, const void *src, int64_t n)
{
    const char *in = src;
    for (int64_t i = 0; i < n; i += N, in += sizeof(assay_mxfp4)) {
        assay_mxfp4 b;
        memcpy(&b, in, sizeof b);
        const double d = half_power(b.e);
        for (int j = 0; j < N; j++)
            dst[i + j] = d * e2m1[place_at(b.q, j, N / 2)];
    }
}

/* ---- iq4_nl ---- */

/* Scale of x ~ s value, weights x^2; each trial's codes are fitted by least squares. */
static double fit(const double x[N])
{
    const double mx = largest_of(x, N);
    double best = 0, scale = 0;
    if (mx == 0)
        return 0;
    for (int t = -7; t <= 7; t++) {
        double sxq = 0, sqq = 0;
        for (int j = 0; j < N; j++) {
            const double y = x[j] / mx, q = iq4[nearest(iq4, (iq4[0] + t) * y)], w = y * y;
            sxq += w * y * q, sqq += w * q * q;
        }
        /* the error is constant - sxq^2 / sqq */
        if (sqq > 0 && sxq * sxq > best * sqq)
            best = sxq * sxq / sqq, scale = mx * (sxq / sqq);
    }
    return scale;
}

void assay_encode_iq4_nl(void *dst, const double *src, int64_t n)
{
    char *out = dst;
    for (int64_t i = 0; i < n; i += N, out += sizeof(assay_iq4_nl)) {
        double x[N];
        assay_iq4_nl b = { F16_NAN, { 0 } };
        if (take_some(x, src + i, N)) {
            b.d = assay_f16_from_f64(fit(x));
            const double d = assay_f16_to_f64(b.d);
            pack_places(b.q, iq4, x, isfinite(d) ? d : 0, N / 2);
        }
        memcpy(out, &b, sizeof b);
    }
}

void assay_decode_iq4_nl(double *dst, const void *src, int64_t n)
{
    const char *in = src;
    for (int64_t i = 0; i < n; i += N, in += sizeof(assay_iq4_nl)) {
        assay_iq4_nl b;
        memcpy(&b, in, sizeof b);
        const double d = assay_f16_to_f64(b.d);
        for (int j = 0; j < N; j++)
            dst[i + j] = d * iq4[place_at(b.q, j, N / 2)];
    }
}

/* ---- iq4_xs ---- */

enum { GROUPS = ASSAY_SUPER / N, STEPS = 32 };

void assay_encode_iq4_xs(void *dst, const double *src, int64_t n)
{
    unsigned char *out = dst;
    for (int64_t i = 0; i < n; i += ASSAY_SUPER, out += sizeof(assay_iq4_xs)) {
        double x[ASSAY_SUPER], scale[GROUPS];
        assay_super s = { .d = 0 };
        memset(out, 0, sizeof(assay_iq4_xs));
        if (!take_some(x, src + i, ASSAY_SUPER)) {
            assay_super_write_scale(out, F16_NAN, 0, ASSAY_iq4_xs);
            continue;
        }
        for (int g = 0; g < GROUPS; g++)
            scale[g] = fit(x + N * g);
        const double most = largest_of(scale, GROUPS);
        s.d = assay_f16_from_f64(most / -STEPS);
        const double d = assay_f16_to_f64(s.d);
        for (int j = 0; j < ASSAY_SUPER; j++) {
            const int g = j / N;
            s.scale[g] = (int16_t)(most != 0 ? fmin(nearbyint(-STEPS * (scale[g] / most)), STEPS - 1) : 0);
            const double step = isfinite(d) ? d * s.scale[g] : 0;
            s.code[j] = (int16_t)nearest(iq4, step != 0 ? x[j] / step : 0);
        }
        assay_super_write(out, &s, ASSAY_iq4_xs);
    }
}

void assay_decode_iq4_xs(double *dst, const void *src, int64_t n)
{
    const unsigned char *in = src;
    for (int64_t i = 0; i < n; i += ASSAY_SUPER, in += sizeof(assay_iq4_xs)) {
        assay_super s;
        assay_super_read(&s, in, ASSAY_iq4_xs);
        for (int j = 0; j < ASSAY_SUPER; j++)
            dst[i + j] = assay_f16_to_f64(s.d) * s.scale[j / N] * iq4[s.code[j]];
    }
}

/* ---- nvfp4 ---- */

enum { FOUR = 64, SUB = 16, E4M3_NAN = 0x7f, MOST = 6 * 448 };

static uint8_t ue4m3_from_f32(float x) /* x >= 0 */
{
    if (x < 0x1p-6f) /* steps of 2^-9 */
        return (uint8_t)fminf(x * 512 + 0.5f, 7);
    if (x >= 248)
        return 0x7e;
    int e;
    const double m = frexp((double)x, &e); /* 1/2 <= m < 1 */
    return (uint8_t)(8 * (e + 5) + (int)(16 * m + 0.5));
}

static double half_of_ue4m3(uint8_t c) /* as the table is doubled */
{
    const int e = c >> 3 & 15, m = c & 7;
    return c == E4M3_NAN ? 0 : e ? ldexp(m + 8, e - 11) : ldexp(m, -10);
}

void assay_encode_nvfp4(void *dst, const double *src, int64_t n)
{
    char *out = dst;
    for (int64_t i = 0; i < n; i += FOUR, out += sizeof(assay_nvfp4)) {
        assay_nvfp4 b;
        for (int s = 0; s < FOUR / SUB; s++) {
            double x[SUB];
            const bool finite = take_some(x, src + i + SUB * s, SUB);
            for (int j = 0; j < SUB; j++) /* so far away that no difference to a code is seen */
                x[j] = fmax(-MOST, fmin(MOST, x[j]));
            b.d[s] = finite ? ue4m3_from_f32((float)fabs(largest_of(x, SUB)) / 6) : E4M3_NAN;
            pack_places(b.q + SUB / 2 * s, e2m1, x, half_of_ue4m3(b.d[s]), SUB / 2);
        }
        memcpy(out, &b, sizeof b);
    }
}

void assay_decode_nvfp4(double *dst, const void *src, int64_t n)
{
    const char *in = src;
    for (int64_t i = 0; i < n; i += FOUR, in += sizeof(assay_nvfp4)) {
        assay_nvfp4 b;
        memcpy(&b, in, sizeof b);
        for (int j = 0; j < FOUR; j++) {
            const int s = j / SUB;
            dst[i + j] = half_of_ue4m3(b.d[s]) * e2m1[place_at(b.q + SUB / 2 * s, j % SUB, SUB / 2)];
        }
    }
}
