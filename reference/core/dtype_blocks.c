/* SPDX-License-Identifier: MIT
 * dtype_blocks.c - blocks of 32 whose codes follow an exact rule (GGUF; the reference rules of ggml, from their
 * definition).  All arithmetic is f32, one rounding per operation; d is stored as f16 but codes use the f32 d.
 *
 *   id = 1/d, or 0 where d = 0 or 1/d overflows.   trunc: toward zero.   away: to nearest, ties away from zero.
 *   q8_0, q8_1  d = max|x| / 127         q = away(x id)                 q8_1: s = f16(d sum(q))
 *   q4_0        d = mx / -8              q = min(15, trunc(x id + 8.5))   mx: the first x of largest |x|, signed
 *   q4_1        d = (max - min) / 15     q = min(15, trunc((x - min) id + 0.5)), m = f16(min)
 *   q5_0, q5_1  the same with -16, 31 and 16.5 for -8, 15 and 8.5
 *
 * Of equal values (0 and -0) min is the first.  A block of zeros has d = +0, in q4_0 and q5_0 -0 (0 / -8).
 * Our rule where ggml has none: a block that holds a NaN or an infinity, or whose d overflows f32, has d (and m, s)
 * = NaN (7e00) and the codes of a block of zeros: it decodes to NaN throughout.  |d| > 65504 becomes infinity. */
#include "assay/blocks.h"
#include "dtype.h"
#include "dtype_codecs.h"
#include "dtype_weighted.h"
#include <math.h>
#include <stddef.h>
#include <string.h>

enum { N = 32, F16_NAN = 0x7e00 };

/* Converts one block to f32; false if a value is not finite. */
static bool take(float x[N], const double *src)
{
    bool finite = true;
    for (int i = 0; i < N; i++) {
        x[i] = (float)src[i];
        finite &= isfinite(x[i]) != 0;
    }
    return finite;
}

static float inverse(float d)
{
    const float id = d != 0 ? 1 / d : 0;
    return isfinite(id) ? id : 0;
}

static float largest(const float x[N]) /* the first of largest magnitude, with its sign; +0 for a block of zeros */
{
    float mx = 0;
    for (int i = 0; i < N; i++)
        if (fabsf(mx) < fabsf(x[i]))
            mx = x[i];
    return mx;
}

/* ---- q8_0, q8_1 ---- */

static float q8_codes(int8_t q[N], const float x[N], bool finite) /* returns d, NaN if there is none */
{
    memset(q, 0, N);
    if (!finite)
        return NAN;
    const float d = fabsf(largest(x)) / 127, id = inverse(d);
    for (int i = 0; i < N; i++)
        q[i] = (int8_t)roundf(x[i] * id);
    return d;
}

static uint16_t scale(float d)
{
    return isnan(d) ? F16_NAN : assay_f16_from_f32(d);
}

void assay_encode_q8_0(void *dst, const double *src, int64_t n)
{
    char *out = dst;
    for (int64_t i = 0; i < n; i += N, out += sizeof(assay_q8_0)) {
        float x[N];
        assay_q8_0 b;
        const bool finite = take(x, src + i);
        b.d = scale(q8_codes(b.q, x, finite));
        memcpy(out, &b, sizeof b);
    }
}

void assay_encode_q8_1(void *dst, const double *src, int64_t n)
{
    char *out = dst;
    for (int64_t i = 0; i < n; i += N, out += sizeof(assay_q8_1)) {
        float x[N];
        assay_q8_1 b = { 0 };
        const bool finite = take(x, src + i);
        const float d = q8_codes(b.q, x, finite);
        int sum = 0;
        for (int j = 0; j < N; j++)
            sum += b.q[j];
        b.d = scale(d), b.s = scale((float)sum * d);
        memcpy(out, &b, sizeof b);
    }
}

void assay_decode_q8_0(double *dst, const void *src, int64_t n)
{
    const char *in = src;
    for (int64_t i = 0; i < n; i += N, in += sizeof(assay_q8_0)) {
        assay_q8_0 b;
        memcpy(&b, in, sizeof b);
        const double d = assay_f16_to_f64(b.d);
        for (int j = 0; j < N; j++)
            dst[i + j] = d * b.q[j];
    }
}

void assay_decode_q8_1(double *dst, const void *src, int64_t n)
{
    const char *in = src;
    for (int64_t i = 0; i < n; i += N, in += sizeof(assay_q8_1)) {
        assay_q8_1 b = { 0 };
        memcpy(&b, in, sizeof b);
        const double d = assay_f16_to_f64(b.d);
        for (int j = 0; j < N; j++)
            dst[i + j] = d * b.q[j];
    }
}

/* ---- 4 and 5 bits: element j in the low half of byte j, element j + 16 in its high half; fifth bits in their order
 * ----
 */

typedef struct form { /* where parts lie; 0: there is none */
    int bytes, minimum, fifth, codes;
} form;
static const form q4_0 = { sizeof(assay_q4_0), 0, 0, offsetof(assay_q4_0, q) };
static const form q4_1 = { sizeof(assay_q4_1), offsetof(assay_q4_1, m), 0, offsetof(assay_q4_1, q) };
static const form q5_0 = { sizeof(assay_q5_0), 0, offsetof(assay_q5_0, h), offsetof(assay_q5_0, q) };
static const form q5_1 = { sizeof(assay_q5_1), offsetof(assay_q5_1, m), offsetof(assay_q5_1, h),
                           offsetof(assay_q5_1, q) };

static int most_of(const form *f)
{
    return f->fifth ? 31 : 15;
}

static void pack_low(unsigned char *b, const form *f, const float t[N]) /* t >= 0: the codes before truncation */
{
    memset(b + f->codes, 0, 16);
    if (f->fifth)
        memset(b + f->fifth, 0, 4);
    for (int j = 0; j < N; j++) {
        const int c = t[j] < (float)most_of(f) ? (int)t[j] : most_of(f);
        b[f->codes + j % 16] |= (unsigned char)((c & 15) << j / 16 * 4);
        if (f->fifth)
            b[f->fifth + j / 8] |= (unsigned char)(c >> 4 << j % 8);
    }
}

static int code_low(const unsigned char *b, const form *f, int j)
{
    const int low = b[f->codes + j % 16] >> (j / 16 * 4) & 15;
    return f->fifth ? low | (b[f->fifth + j / 8] >> j % 8 & 1) << 4 : low;
}

/* x becomes the codes before truncation; returns d. */
static float symmetric(float x[N], bool finite, float half)
{
    const float d = finite ? largest(x) / -half : NAN, id = finite ? inverse(d) : 0;
    for (int j = 0; j < N; j++) {
        const float t = finite ? x[j] * id : 0;
        x[j] = t + (half + 0.5f);
    }
    return d;
}

/* The same, with the smallest in *m.  Both are NaN where x, or its range, is not finite. */
static float affine(float x[N], bool finite, float most, float *m)
{
    float lo = x[0], hi = x[0];
    for (int j = 1; j < N; j++) {
        lo = x[j] < lo ? x[j] : lo;
        hi = x[j] > hi ? x[j] : hi;
    }
    const float d = (hi - lo) / most;
    finite = finite && isfinite(d);
    const float id = finite ? inverse(d) : 0;
    for (int j = 0; j < N; j++) {
        const float t = finite ? (x[j] - lo) * id : 0;
        x[j] = t + 0.5f;
    }
    *m = finite ? lo : NAN;
    return finite ? d : NAN;
}

static void put_half(unsigned char *b, uint16_t h)
{
    memcpy(b, &h, sizeof h);
}

static void encode_low(unsigned char *b, const double *src, int64_t n, const form *f)
{
    for (int64_t i = 0; i < n; i += N, b += f->bytes) {
        float x[N], m = 0;
        const bool finite = take(x, src + i);
        const int most = most_of(f);
        put_half(b,
                 scale(f->minimum ? affine(x, finite, (float)most, &m) : symmetric(x, finite, (float)(most / 2 + 1))));
        if (f->minimum)
            put_half(b + f->minimum, scale(m));
        pack_low(b, f, x);
    }
}

void assay_low_write(void *block, assay_dtype type, uint16_t d, uint16_t m, const int16_t code[N])
{
    const form *f = type == ASSAY_q4_0 ? &q4_0 : type == ASSAY_q4_1 ? &q4_1 : type == ASSAY_q5_0 ? &q5_0 : &q5_1;
    float t[N];
    for (int j = 0; j < N; j++)
        t[j] = code[j];
    put_half(block, d);
    if (f->minimum)
        put_half((unsigned char *)block + f->minimum, m);
    pack_low(block, f, t);
}

static double half_at(const unsigned char *b)
{
    uint16_t h;
    memcpy(&h, b, sizeof h);
    return assay_f16_to_f64(h);
}

static void decode_low(double *dst, const unsigned char *b, int64_t n, const form *f)
{
    for (int64_t i = 0; i < n; i += N, b += f->bytes) {
        const double d = half_at(b), m = f->minimum ? half_at(b + f->minimum) : 0;
        const int zero = f->minimum ? 0 : most_of(f) / 2 + 1;
        for (int j = 0; j < N; j++) {
            const double y = d * (code_low(b, f, j) - zero);
            dst[i + j] = f->minimum ? y + m : y;
        }
    }
}

void assay_encode_q4_0(void *dst, const double *src, int64_t n)
{
    encode_low(dst, src, n, &q4_0);
}

void assay_decode_q4_0(double *dst, const void *src, int64_t n)
{
    decode_low(dst, src, n, &q4_0);
}

void assay_encode_q4_1(void *dst, const double *src, int64_t n)
{
    encode_low(dst, src, n, &q4_1);
}

void assay_decode_q4_1(double *dst, const void *src, int64_t n)
{
    decode_low(dst, src, n, &q4_1);
}

void assay_encode_q5_0(void *dst, const double *src, int64_t n)
{
    encode_low(dst, src, n, &q5_0);
}

void assay_decode_q5_0(double *dst, const void *src, int64_t n)
{
    decode_low(dst, src, n, &q5_0);
}

void assay_encode_q5_1(void *dst, const double *src, int64_t n)
{
    encode_low(dst, src, n, &q5_1);
}

void assay_decode_q5_1(double *dst, const void *src, int64_t n)
{
    decode_low(dst, src, n, &q5_1);
}
