/* SPDX-License-Identifier: MIT
 * dtype_mx.c - OCP MX blocks of 32: an E8M0 power of two, then codes, one behind the other, the lowest bit first (OCP
 * fixes no order in memory; codes of 6 bits lie as ONNX packs them).  mxfp4 is GGUF's: dtype_tables.c.
 *
 * The power is that of the largest |x| less that of the largest code, within 0 .. 254; codes are x over the power, to
 * nearest, ties to even, no further than the largest; -0 and what a negative number loses keep their sign.  ff is NaN
 * throughout, and is written, with codes 0, for a block that holds a NaN or an infinity. */
#include "assay/blocks.h"
#include "dtype.h"
#include "dtype_codecs.h"
#include <math.h>
#include <string.h>

enum { N = 32 };

typedef struct element {           /* m bits of mantissa; m = INTEGER: two's complement, in steps of 2^-6 */
    int bits, m, bias, top, power; /* top: the largest code, which lies in the binade of 2^power */
} element;
enum { INTEGER = 6 };
static const element e4m3 = { 8, 3, 7, 0x7e, 8 }, e5m2 = { 8, 2, 15, 0x7b, 15 }, e2m3 = { 6, 3, 1, 0x1f, 2 },
                     e3m2 = { 6, 2, 3, 0x1f, 4 }, steps = { 8, INTEGER, 0, 127, 0 };

static unsigned code_of_element(double v, const element *f)
{
    const int sign = signbit(v) ? 1 << (f->bits - 1) : 0, low = 1 - f->bias;
    const double a = fabs(v);
    if (f->m == INTEGER)
        return (unsigned)(int)fmax(-f->top, fmin(f->top, nearbyint(64 * v))) & 255;
    const int e = a < ldexp(1, low) ? low : ilogb(a);
    const int code = (int)nearbyint(ldexp(a, f->m - e)) + ((e - low) << f->m); /* a carry moves into the exponent */
    return (unsigned)(sign | (code < f->top ? code : f->top));
}

static double element_of_code(unsigned code, const element *f) /* higher bits of code do not count */
{
    const unsigned half = 1u << (f->bits - 1), size = code & (half - 1), one = 1u << f->m;
    const int e = (int)(size >> f->m);
    double v;
    if (f->m == INTEGER)
        return ldexp((int)(code ^ half) - (int)half, -6);
    if (size > (unsigned)f->top) /* e4m3 has no infinity */
        v = size == 0x7c ? INFINITY : (double)NAN;
    else
        v = e ? ldexp((size & (one - 1)) + one, e - f->bias - f->m) : ldexp(size, 1 - f->bias - f->m);
    return code & half ? -v : v;
}

static int bytes_of_mx(const element *f)
{
    return 1 + N * f->bits / 8;
}

static void encode_mx(uint8_t *b, const double *src, int64_t n, const element *f)
{
    for (int64_t i = 0; i < n; i += N, b += bytes_of_mx(f)) {
        double x[N], size = 0;
        bool finite = true;
        int e = 0;
        for (int j = 0; j < N; j++) {
            x[j] = (double)(float)src[i + j];
            finite &= isfinite(x[j]) != 0;
            size = fmax(size, fabs(x[j]));
        }
        memset(b, 0, (size_t)bytes_of_mx(f));
        b[0] = 255;
        if (!finite)
            continue;
        if (size > 0)
            e = ilogb(size) - f->power + 127;
        e = e < 0 ? 0 : e;
        b[0] = (uint8_t)e;
        for (int j = 0; j < N; j++) {
            const int at = j * f->bits, bit = at % 8;
            const unsigned code = code_of_element(ldexp(x[j], 127 - e), f) << bit;
            b[1 + at / 8] |= (uint8_t)code;
            if (code > 255)
                b[2 + at / 8] |= (uint8_t)(code >> 8);
        }
    }
}

static void decode_mx(double *dst, const uint8_t *b, int64_t n, const element *f)
{
    for (int64_t i = 0; i < n; i += N, b += bytes_of_mx(f)) {
        const double power = b[0] == 255 ? (double)NAN : ldexp(1, b[0] - 127);
        for (int j = 0; j < N; j++) {
            const int at = j * f->bits, bit = at % 8;
            const unsigned high = bit + f->bits > 8 ? b[2 + at / 8] : 0;
            dst[i + j] = power * element_of_code((b[1 + at / 8] | high << 8) >> bit, f);
        }
    }
}

void assay_encode_mxfp8_e4m3(void *dst, const double *src, int64_t n)
{
    encode_mx(dst, src, n, &e4m3);
}

void assay_decode_mxfp8_e4m3(double *dst, const void *src, int64_t n)
{
    decode_mx(dst, src, n, &e4m3);
}

void assay_encode_mxfp8_e5m2(void *dst, const double *src, int64_t n)
{
    encode_mx(dst, src, n, &e5m2);
}

void assay_decode_mxfp8_e5m2(double *dst, const void *src, int64_t n)
{
    decode_mx(dst, src, n, &e5m2);
}

void assay_encode_mxfp6_e2m3(void *dst, const double *src, int64_t n)
{
    encode_mx(dst, src, n, &e2m3);
}

void assay_decode_mxfp6_e2m3(double *dst, const void *src, int64_t n)
{
    decode_mx(dst, src, n, &e2m3);
}

void assay_encode_mxfp6_e3m2(void *dst, const double *src, int64_t n)
{
    encode_mx(dst, src, n, &e3m2);
}

void assay_decode_mxfp6_e3m2(double *dst, const void *src, int64_t n)
{
    decode_mx(dst, src, n, &e3m2);
}

void assay_encode_mxint8(void *dst, const double *src, int64_t n)
{
    encode_mx(dst, src, n, &steps);
}

void assay_decode_mxint8(double *dst, const void *src, int64_t n)
{
    decode_mx(dst, src, n, &steps);
}
