/* SPDX-License-Identifier: MIT
 * dtype_kquants.c - super-blocks of 256 (GGUF q4_K, q6_K).  Decoding is exact.  Encoding is a search, ours and
 * deterministic: double arithmetic, no function of libm but the correctly rounded sqrt.  It minimises the weighted
 * square error of each group, rounds the groups' scales to the super-block, and rounds every code again against the
 * scales as stored.  A super-block that holds a NaN or an infinity has d (and dmin) = NaN (7e00) and zero elsewhere. */
#include "assay/blocks.h"
#include "dtype.h"
#include "dtype_codecs.h"
#include <math.h>
#include <string.h>

enum { N = 256, F16_NAN = 0x7e00 };

static double clamp(double x, double lo, double hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

static double rne(double x) /* to nearest, ties to even; |x| < 2^51 */
{
    return x + 0x1.8p52 - 0x1.8p52;
}

static bool take(double x[N], const double *src) /* the f32 values; false if one is not finite */
{
    bool finite = true;
    for (int i = 0; i < N; i++) {
        x[i] = (double)(float)src[i];
        finite &= isfinite(x[i]) != 0;
    }
    return finite;
}

/* ---- q4_k: 8 groups of 32, x = d sc q - dmin mn, q 4 bits, sc and mn 6 bits ---- */

/* Where scale and minimum of group g lie in sc[12]: groups 4..7 keep their top two bits in the bytes of 0..3. */
static void q4_k_scales(const uint8_t s[12], int g, int *sc, int *mn)
{
    *sc = g < 4 ? s[g] & 63 : (s[g + 4] & 15) | s[g - 4] >> 6 << 4;
    *mn = g < 4 ? s[g + 4] & 63 : s[g + 4] >> 4 | s[g] >> 6 << 4;
}

static void q4_k_put_scales(uint8_t s[12], int g, int sc, int mn) /* groups in rising order, s zero at first */
{
    if (g < 4) {
        s[g] = (uint8_t)sc, s[g + 4] = (uint8_t)mn;
    } else {
        s[g + 4] = (uint8_t)((sc & 15) | (mn & 15) << 4);
        s[g - 4] |= (uint8_t)(sc >> 4 << 6), s[g] |= (uint8_t)(mn >> 4 << 6);
    }
}

void assay_decode_q4_k(double *dst, const void *src, int64_t n)
{
    const char *in = src;
    for (int64_t i = 0; i < n; i += N, in += sizeof(assay_q4_k)) {
        assay_q4_k b;
        memcpy(&b, in, sizeof b);
        const double d = assay_f16_to_f64(b.d), dmin = assay_f16_to_f64(b.dmin);
        for (int g = 0; g < 8; g++) {
            int sc, mn;
            q4_k_scales(b.sc, g, &sc, &mn);
            for (int j = 0; j < 32; j++)
                dst[i + 32 * g + j] = d * sc * (b.q[32 * (g / 2) + j] >> (g % 2 * 4) & 15) - dmin * mn;
        }
    }
}

static void weights(double w[32], const double x[32])
{
    double ss = 0;
    for (int j = 0; j < 32; j++)
        ss += x[j] * x[j];
    for (int j = 0; j < 32; j++)
        w[j] = sqrt(ss / 32) + fabs(x[j]);
}

/* Rounds x + m to codes of scale s; returns the weighted square error.  q NULL: the error alone. */
static double codes(uint8_t *q, const double x[32], double s, double m)
{
    double w[32], error = 0;
    weights(w, x);
    for (int j = 0; j < 32; j++) {
        const double c = s > 0 && isfinite(s + m) ? clamp(rne((x[j] + m) / s), 0, 15) : 0, e = s * c - m - x[j];
        error += w[j] * e * e;
        if (q)
            q[j] = (uint8_t)c;
    }
    return error;
}

/* Scale s >= 0 and minimum m >= 0 of x ~ s q - m for one group.  Tried: the full range, 0 included, spread over 14 ..
 * 16 steps; each trial's codes are fitted by weighted least squares, with m = 0 where the best m is negative.  Where no
 * value is negative, first of all code 15 for every value and m = 0: of one code alone a fit finds no two numbers. */
static void fit_affine(const double x[32], double *scale, double *minimum)
{
    double lo = 0, hi = x[0], w[32];
    weights(w, x);
    for (int j = 0; j < 32; j++)
        lo = fmin(lo, x[j]), hi = fmax(hi, x[j]);
    *scale = 0, *minimum = lo < 0 ? -lo : 0; /* never -0: which zero fmax yields is open */
    if (!(hi > lo))
        return;
    double best = INFINITY;
    for (int t = lo < 0 ? 0 : -1; t <= 20; t++) { /* -1: code 15 */
        const double inv = (14 + 0.1 * t) / (hi - lo);
        double sw = 0, swx = 0, swq = 0, swqq = 0, swxq = 0, q[32];
        bool flat = t >= 0;
        for (int j = 0; j < 32; j++) {
            q[j] = t < 0 ? 15 : clamp(rne((x[j] - lo) * inv), 0, 15);
            flat = flat && q[j] == q[0];
            sw += w[j], swx += w[j] * x[j], swq += w[j] * q[j];
            swqq += w[j] * q[j] * q[j], swxq += w[j] * x[j] * q[j];
        }
        const double det = sw * swqq - swq * swq;
        if (flat)
            continue;
        double s = (sw * swxq - swx * swq) / det, m = -(swqq * swx - swq * swxq) / det;
        if (t < 0 || m < 0)
            m = 0, s = swxq / swqq;
        double error = 0;
        for (int j = 0; j < 32; j++) {
            const double e = s * q[j] - m - x[j];
            error += w[j] * e * e;
        }
        if (error < best)
            best = error, *scale = s, *minimum = m;
    }
}

void assay_encode_q4_k(void *dst, const double *src, int64_t n)
{
    char *out = dst;
    for (int64_t i = 0; i < n; i += N, out += sizeof(assay_q4_k)) {
        double x[N], scale[8], minimum[8], smax = 0, mmax = 0;
        assay_q4_k b;
        memset(&b, 0, sizeof b);
        if (!take(x, src + i)) {
            b.d = b.dmin = F16_NAN;
            memcpy(out, &b, sizeof b);
            continue;
        }
        for (int g = 0; g < 8; g++) {
            fit_affine(x + 32 * g, &scale[g], &minimum[g]);
            smax = fmax(smax, scale[g]), mmax = fmax(mmax, minimum[g]);
        }
        b.d = assay_f16_from_f64(smax / 63), b.dmin = assay_f16_from_f64(mmax / 63);
        const double d = assay_f16_to_f64(b.d), dmin = assay_f16_to_f64(b.dmin);
        for (int g = 0; g < 8; g++) {
            const int sc0 = smax > 0 ? (int)rne(63 * scale[g] / smax) : 0;
            const int mn0 = mmax > 0 ? (int)rne(63 * minimum[g] / mmax) : 0;
            int sc = sc0, mn = mn0;
            double best = INFINITY;
            for (int t = 0; t < 9; t++) { /* the stored pair and its neighbours, the pair itself first */
                const int ts = sc0 + (t / 3 + 1) % 3 - 1, tm = mn0 + (t % 3 + 1) % 3 - 1;
                const double e =
                    ts < 0 || ts > 63 || tm < 0 || tm > 63 ? INFINITY : codes(NULL, x + 32 * g, d * ts, dmin * tm);
                if (e < best)
                    best = e, sc = ts, mn = tm;
            }
            uint8_t q[32];
            codes(q, x + 32 * g, d * sc, dmin * mn);
            q4_k_put_scales(b.sc, g, sc, mn);
            for (int j = 0; j < 32; j++)
                b.q[32 * (g / 2) + j] |= (uint8_t)(q[j] << (g % 2 * 4));
        }
        memcpy(out, &b, sizeof b);
    }
}

/* ---- q6_k: 16 groups of 16, x = d sc (q - 32), q 6 bits, sc 8 bits signed ---- */

void assay_decode_q6_k(double *dst, const void *src, int64_t n)
{
    const char *in = src;
    for (int64_t i = 0; i < n; i += N, in += sizeof(assay_q6_k)) {
        assay_q6_k b;
        memcpy(&b, in, sizeof b);
        const double d = assay_f16_to_f64(b.d);
        for (int j = 0; j < N; j++) {
            const int h = j / 128, k = j % 128 / 32, p = j % 32;
            const int lo = b.ql[64 * h + p + 32 * (k & 1)] >> (k >> 1) * 4 & 15, hi = b.qh[32 * h + p] >> 2 * k & 3;
            dst[i + j] = d * b.sc[j / 16] * ((lo | hi << 4) - 32);
        }
    }
}

/* The first of the values of largest size.  Not fabs(x[j]) > fabs(most) ? x[j] : most: unrolled, clang 19 loses the
 * second fabs of that (-O2, -O3; seen by ci/goldens). */
static double largest(const double *x, int n)
{
    double size = 0, most = 0;
    for (int j = 0; j < n; j++)
        if (fabs(x[j]) > size)
            size = fabs(x[j]), most = x[j];
    return most;
}

/* Scale s (of either sign) of x ~ s q, -32 <= q <= 31, for one group, weights x^2.  Tried: the extreme at 31.1 .. 32.9
 * steps on the negative side; each trial's codes are fitted by least squares. */
static double fit_symmetric(const double x[16])
{
    const double mx = largest(x, 16);
    double best = 0, scale = 0;
    if (mx == 0)
        return 0;
    for (int t = -9; t <= 9; t++) {
        const double inv = -(32 + 0.1 * t) / mx;
        double sxq = 0, sqq = 0;
        for (int j = 0; j < 16; j++) {
            const double q = clamp(rne(x[j] * inv), -32, 31), y = x[j] / mx, w = y * y;
            sxq += w * y * q, sqq += w * q * q;
        }
        /* the error is constant - sxq^2 / sqq */
        if (sqq > 0 && sxq * sxq > best * sqq)
            best = sxq * sxq / sqq, scale = mx * (sxq / sqq);
    }
    return scale;
}

void assay_encode_q6_k(void *dst, const double *src, int64_t n)
{
    char *out = dst;
    for (int64_t i = 0; i < n; i += N, out += sizeof(assay_q6_k)) {
        double x[N], scale[16];
        assay_q6_k b;
        memset(&b, 0, sizeof b);
        if (!take(x, src + i)) {
            b.d = F16_NAN;
            memcpy(out, &b, sizeof b);
            continue;
        }
        for (int g = 0; g < 16; g++)
            scale[g] = fit_symmetric(x + 16 * g);
        const double smax = largest(scale, 16);
        b.d = assay_f16_from_f64(smax / -128);
        const double d = assay_f16_to_f64(b.d);
        for (int g = 0; g < 16; g++)
            b.sc[g] = smax != 0 ? (int8_t)clamp(rne(-128 * scale[g] / smax), -128, 127) : 0;
        for (int j = 0; j < N; j++) {
            const int h = j / 128, k = j % 128 / 32, p = j % 32;
            const double s = d * b.sc[j / 16];
            const int q = s != 0 && isfinite(s) ? (int)clamp(rne(x[j] / s), -32, 31) + 32 : 32;
            b.ql[64 * h + p + 32 * (k & 1)] |= (uint8_t)((q & 15) << (k >> 1) * 4);
            b.qh[32 * h + p] |= (uint8_t)(q >> 4 << 2 * k);
        }
        memcpy(out, &b, sizeof b);
    }
}
