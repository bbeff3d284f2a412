/* SPDX-License-Identifier: MIT
 * dtype_256.c - blocks of 256 whose codes follow an exact rule (GGUF; the reference rules of ggml, from their
 * definition).  All arithmetic is f32, one rounding per operation; d is stored as f16 but codes use the f32 d.
 *
 *   tq1_0, tq2_0  d = max|x|      t = away(x id) + 1, id = 1/d, or 0 where d = 0 or 1/d overflows
 *   q8_k          s = -127 / mx   q = even(x s), d = 1/s, an f32, sums of 16 codes each; mx: the first x of largest
 * |x|, signed, so that its code is -127; all is 0 where mx = 0 or s overflows
 *
 * away, even: to nearest, ties away from zero, ties to even.  Our rule where ggml has none: a block that holds a NaN or
 * an infinity has d = NaN and the codes of a block of zeros. */
#include "assay/blocks.h"
#include "dtype.h"
#include "dtype_codecs.h"
#include <math.h>
#include <string.h>

enum { N = 256, GROUP = 16, F16_NAN = 0x7e00 };

/* Converts a block to f32.  Returns the first of largest magnitude, +0 for a block of zeros, NaN if not all is finite.
 */
static float take_256(float x[N], const double *src)
{
    float mx = 0;
    bool finite = true;
    for (int j = 0; j < N; j++) {
        x[j] = (float)src[j];
        finite &= isfinite(x[j]) != 0;
        mx = fabsf(x[j]) > fabsf(mx) ? x[j] : mx;
    }
    return finite ? mx : NAN;
}

/* ---- tq1_0, tq2_0 ---- */

static uint16_t trits(uint8_t t[N], const double *src) /* 0, 1, 2 of -d, 0, d; returns d */
{
    float x[N];
    const float d = fabsf(take_256(x, src)), id = 1 / d;
    for (int j = 0; j < N; j++)
        t[j] = (uint8_t)(isfinite(id) ? (int)roundf(x[j] * id) + 1 : 1);
    return isnan(d) ? F16_NAN : assay_f16_from_f32(d);
}

typedef struct digit { /* of base 3: the n-th of a byte, the first counts most */
    int byte, n;
} digit;
static digit digit_at(int j)
{
    return j < 160   ? (digit){ j % 32, j / 32 }
           : j < 240 ? (digit){ 32 + j % 16, (j - 160) / 16 }
                     : (digit){ 48 + j % 4, (j - 240) / 4 };
}
static const uint8_t power_of_3[] = { 1, 3, 9, 27, 81 };

/* Five digits v of base 3 are the byte ceil(256 v / 243): 3^n times the byte, modulo 256, has the n-th in front. */
void assay_encode_tq1_0(void *dst, const double *src, int64_t n)
{
    uint8_t *out = dst;
    for (int64_t i = 0; i < n; i += N, out += sizeof(assay_tq1_0)) {
        uint8_t t[N];
        int v[52] = { 0 };
        const uint16_t d = trits(t, src + i);
        for (int j = 0; j < N; j++)
            v[digit_at(j).byte] += t[j] * power_of_3[4 - digit_at(j).n];
        for (int k = 0; k < 52; k++)
            out[k] = (uint8_t)((256 * v[k] + 242) / 243);
        memcpy(out + 52, &d, sizeof d);
    }
}

void assay_decode_tq1_0(double *dst, const void *src, int64_t n)
{
    const uint8_t *in = src;
    for (int64_t i = 0; i < n; i += N, in += sizeof(assay_tq1_0)) {
        uint16_t h;
        memcpy(&h, in + 52, sizeof h);
        const double d = assay_f16_to_f64(h);
        for (int j = 0; j < N; j++) {
            const digit at = digit_at(j);
            const int rest = in[at.byte] * power_of_3[at.n] % 256;
            dst[i + j] = d * (rest * 3 / 256 - 1);
        }
    }
}

static int byte_of_two_bits(int j)
{
    return 32 * (j / 128) + j % 32;
}
static int shift_of_two_bits(int j)
{
    return 2 * (j % 128 / 32);
}

void assay_encode_tq2_0(void *dst, const double *src, int64_t n)
{
    uint8_t *out = dst;
    for (int64_t i = 0; i < n; i += N, out += sizeof(assay_tq2_0)) {
        uint8_t t[N];
        const uint16_t d = trits(t, src + i);
        memset(out, 0, 64);
        for (int j = 0; j < N; j++)
            out[byte_of_two_bits(j)] |= (uint8_t)(t[j] << shift_of_two_bits(j));
        memcpy(out + 64, &d, sizeof d);
    }
}

void assay_decode_tq2_0(double *dst, const void *src, int64_t n)
{
    const uint8_t *in = src;
    for (int64_t i = 0; i < n; i += N, in += sizeof(assay_tq2_0)) {
        uint16_t h;
        memcpy(&h, in + 64, sizeof h);
        const double d = assay_f16_to_f64(h);
        for (int j = 0; j < N; j++)
            dst[i + j] = d * ((in[byte_of_two_bits(j)] >> shift_of_two_bits(j) & 3) - 1);
    }
}

/* ---- q8_k ---- */

void assay_encode_q8_k(void *dst, const double *src, int64_t n)
{
    char *out = dst;
    for (int64_t i = 0; i < n; i += N, out += sizeof(assay_q8_k)) {
        float x[N];
        assay_q8_k b;
        memset(&b, 0, sizeof b);
        const float mx = take_256(x, src + i), s = -127 / mx;
        const float d = isnan(mx) ? NAN : isfinite(s) ? 1 / s : 0;
        for (int j = 0; j < N && isfinite(s); j++) {
            b.q[j] = (int8_t)nearbyintf(x[j] * s);
            b.sum[j / GROUP] = (int16_t)(b.sum[j / GROUP] + b.q[j]);
        }
        memcpy(b.d, &d, sizeof d);
        memcpy(out, &b, sizeof b);
    }
}

void assay_decode_q8_k(double *dst, const void *src, int64_t n)
{
    const char *in = src;
    for (int64_t i = 0; i < n; i += N, in += sizeof(assay_q8_k)) {
        assay_q8_k b;
        float d;
        memcpy(&b, in, sizeof b);
        memcpy(&d, b.d, sizeof d);
        for (int j = 0; j < N; j++)
            dst[i + j] = (double)d * b.q[j];
    }
}
