/* SPDX-License-Identifier: MIT
 * dtype_blocks.c - blocks of 32 whose codes follow an exact rule (GGUF; the reference rules of ggml, from their
 * definition).  All arithmetic is f32, one rounding per operation; d is stored as f16 but codes use the f32 d.
 *
 *   id = 1/d, or 0 where d = 0 or 1/d overflows.   trunc: toward zero.   away: to nearest, ties away from zero.
 *   q8_0, q8_1  d = max|x| / 127         q = away(x id)                 q8_1: s = f16(d sum(q))
 *   q4_0        d = mx / -8              q = min(15, trunc(x id + 8.5))   mx: the first x of largest |x|, signed
 *   q4_1        d = (max - min) / 15     q = min(15, trunc((x - min) id + 0.5)), m = f16(min)
 *
 * Of equal values (0 and -0) min is the first.  A block of zeros has d = +0, in q4_0 -0 (0 / -8).
 * Our rule where ggml has none: a block that holds a NaN or an infinity, or whose d overflows f32, has d (and m, s)
 * = NaN (7e00) and the codes of a block of zeros: it decodes to NaN throughout.  |d| > 65504 becomes infinity. */
#include "assay/blocks.h"
#include "dtype.h"
#include "dtype_codecs.h"
#include <math.h>
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

/* ---- q4_0, q4_1: element j in the low half of byte j, element j + 16 in its high half ---- */

static void q4_pack(uint8_t q[16], const float t[N]) /* t >= 0: the codes before truncation */
{
    for (int j = 0; j < 16; j++) {
        const int lo = (int)t[j], hi = (int)t[j + 16];
        q[j] = (uint8_t)((lo < 15 ? lo : 15) | (hi < 15 ? hi : 15) << 4);
    }
}

static int q4_code(const uint8_t q[16], int j)
{
    return q[j % 16] >> (j / 16 * 4) & 15;
}

void assay_encode_q4_0(void *dst, const double *src, int64_t n)
{
    char *out = dst;
    for (int64_t i = 0; i < n; i += N, out += sizeof(assay_q4_0)) {
        float x[N];
        assay_q4_0 b;
        const bool finite = take(x, src + i);
        const float d = finite ? largest(x) / -8 : NAN, id = finite ? inverse(d) : 0;
        for (int j = 0; j < N; j++) {
            const float t = finite ? x[j] * id : 0;
            x[j] = t + 8.5f;
        }
        b.d = scale(d);
        q4_pack(b.q, x);
        memcpy(out, &b, sizeof b);
    }
}

void assay_encode_q4_1(void *dst, const double *src, int64_t n)
{
    char *out = dst;
    for (int64_t i = 0; i < n; i += N, out += sizeof(assay_q4_1)) {
        float x[N];
        assay_q4_1 b;
        bool finite = take(x, src + i);
        float lo = x[0], hi = x[0];
        for (int j = 1; j < N; j++) {
            lo = x[j] < lo ? x[j] : lo;
            hi = x[j] > hi ? x[j] : hi;
        }
        const float d = (hi - lo) / 15;
        finite = finite && isfinite(d);
        const float id = finite ? inverse(d) : 0;
        for (int j = 0; j < N; j++) {
            const float t = finite ? (x[j] - lo) * id : 0;
            x[j] = t + 0.5f;
        }
        b.d = scale(finite ? d : NAN), b.m = scale(finite ? lo : NAN);
        q4_pack(b.q, x);
        memcpy(out, &b, sizeof b);
    }
}

void assay_decode_q4_0(double *dst, const void *src, int64_t n)
{
    const char *in = src;
    for (int64_t i = 0; i < n; i += N, in += sizeof(assay_q4_0)) {
        assay_q4_0 b;
        memcpy(&b, in, sizeof b);
        const double d = assay_f16_to_f64(b.d);
        for (int j = 0; j < N; j++)
            dst[i + j] = d * (q4_code(b.q, j) - 8);
    }
}

void assay_decode_q4_1(double *dst, const void *src, int64_t n)
{
    const char *in = src;
    for (int64_t i = 0; i < n; i += N, in += sizeof(assay_q4_1)) {
        assay_q4_1 b;
        memcpy(&b, in, sizeof b);
        const double d = assay_f16_to_f64(b.d), m = assay_f16_to_f64(b.m);
        for (int j = 0; j < N; j++)
            dst[i + j] = d * q4_code(b.q, j) + m;
    }
}
