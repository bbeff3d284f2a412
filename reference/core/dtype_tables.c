/* SPDX-License-Identifier: MIT
 * dtype_tables.c - blocks of 32 whose 4-bit codes are places in a table (GGUF): element j in the low half of byte j,
 * element j + 16 in its high half.
 *
 *   mxfp4   an E8M0 power of two, then E2M1 codes (OCP MX).  The power is that of the largest |x| less 2, within 0 ..
 *           254; codes are the nearest, of two the one nearer to 0.  ff is NaN throughout, and is written for a block
 *           that holds a NaN or an infinity, with codes 0.  (ggml reads ff as 2^127 and never writes it.)
 *   iq4_nl  an f16 scale; 16 values, close about 0.  Written by a search, ours and deterministic: the scale that errs
 *           least, by weighted squares, of 15 that put the extreme at -120 .. -134; then the nearest value to each x by
 *           the scale as stored, of two the lower. */
#include "assay/blocks.h"
#include "dtype.h"
#include "dtype_codecs.h"
#include <math.h>
#include <string.h>

enum { N = 32, F16_NAN = 0x7e00 };

static const int8_t e2m1[16] = { 0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12 }; /* doubled */
static const int8_t iq4[16] = { -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113 };

static bool take(double x[N], const double *src) /* the f32 values; false if one is not finite */
{
    bool finite = true;
    for (int i = 0; i < N; i++) {
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

static void pack_places(uint8_t q[16], const int8_t table[16], const double x[N], double d) /* d 0: all x are 0 */
{
    for (int j = 0; j < N; j++) {
        const int c = nearest(table, d != 0 ? x[j] / d : 0);
        q[j % 16] = (uint8_t)(j < 16 ? c : q[j % 16] | c << 4);
    }
}

static int place_at(const uint8_t q[16], int j)
{
    return q[j % 16] >> (j / 16 * 4) & 15;
}

static double largest(const double x[N]) /* the first of the values of largest size */
{
    double size = 0, most = 0;
    for (int j = 0; j < N; j++)
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
        if (take(x, src + i)) {
            const double size = fabs(largest(x));
            int e = 0;
            frexp(size, &e); /* size in [2^(e-1), 2^e) */
            e = size == 0 ? 0 : e - 1 - 2 + 127;
            b.e = (uint8_t)(e < 0 ? 0 : e);
            pack_places(b.q, e2m1, x, half_power(b.e));
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
            dst[i + j] = d * e2m1[place_at(b.q, j)];
    }
}

/* ---- iq4_nl ---- */

/* Scale of x ~ s value, weights x^2; each trial's codes are fitted by least squares. */
static double fit(const double x[N])
{
    const double mx = largest(x);
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
        if (take(x, src + i)) {
            b.d = assay_f16_from_f64(fit(x));
            const double d = assay_f16_to_f64(b.d);
            pack_places(b.q, iq4, x, isfinite(d) ? d : 0);
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
            dst[i + j] = d * iq4[place_at(b.q, j)];
    }
}
