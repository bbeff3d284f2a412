/* SPDX-License-Identifier: MIT
 * dtype_kquants.c - super-blocks of 256 (GGUF q2_K to q6_K).  Decoding is exact.  Encoding is a search, ours and
 * deterministic: double arithmetic, no function of libm but the correctly rounded sqrt.  It minimises the weighted
 * square error of each group, rounds the groups' scales to the super-block, and rounds every code again against the
 * scales as stored.  A super-block that holds a NaN or an infinity has d (and dmin) = NaN (7e00) and zero elsewhere. */
#include "assay/blocks.h"
#include "dtype.h"
#include "dtype_codecs.h"
#include "dtype_super.h"
#include <math.h>
#include <string.h>

enum { N = ASSAY_SUPER, F16_NAN = 0x7e00 };

/* With minima x = d sc q - dmin mn, 0 <= q <= most, 0 <= sc, mn <= steps.  Without x = d sc q, -most <= q < most,
 * -steps <= sc < steps. */
typedef struct form {
    assay_dtype type;
    int bytes, group, most, steps;
    bool minimum;
    int near; /* without minima: so many neighbours of a rounded scale are tried on either side */
} form;
static const form q2_k = { ASSAY_q2_k, sizeof(assay_q2_k), 16, 3, 15, true, 0 },
                  q3_k = { ASSAY_q3_k, sizeof(assay_q3_k), 16, 4, 32, false, 1 };
static const form q4_k = { ASSAY_q4_k, sizeof(assay_q4_k), 32, 15, 63, true, 0 },
                  q5_k = { ASSAY_q5_k, sizeof(assay_q5_k), 32, 31, 63, true, 0 };
static const form q6_k = { ASSAY_q6_k, sizeof(assay_q6_k), 16, 32, 128, false, 0 };

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

static void decode_super(double *dst, const unsigned char *b, int64_t n, const form *f)
{
    for (int64_t i = 0; i < n; i += N, b += f->bytes) {
        assay_super s;
        assay_super_read(&s, b, f->type);
        const double d = assay_f16_to_f64(s.d), dmin = f->minimum ? assay_f16_to_f64(s.dmin) : 0;
        for (int j = 0; j < N; j++) {
            const double y = d * s.scale[j / f->group] * s.code[j];
            dst[i + j] = f->minimum ? y - dmin * s.minimum[j / f->group] : y;
        }
    }
}

/* ---- with minima ---- */

static void weights(double *w, const double *x, int n)
{
    double ss = 0;
    for (int j = 0; j < n; j++)
        ss += x[j] * x[j];
    for (int j = 0; j < n; j++)
        w[j] = sqrt(ss / n) + fabs(x[j]);
}

/* Rounds x + m to codes of scale s; returns the weighted square error.  q NULL: the error alone. */
static double codes(int16_t *q, const double *x, const form *f, double s, double m)
{
    double w[32], error = 0;
    weights(w, x, f->group);
    for (int j = 0; j < f->group; j++) {
        const double c = s > 0 && isfinite(s + m) ? clamp(rne((x[j] + m) / s), 0, f->most) : 0, e = s * c - m - x[j];
        error += w[j] * e * e;
        if (q)
            q[j] = (int16_t)c;
    }
    return error;
}

/* Scale s >= 0 and minimum m >= 0 of x ~ s q - m for one group.  Tried: the full range, 0 included, spread over one
 * step less to one more; each trial's codes are fitted by weighted least squares, with m = 0 where the best m is
 * negative.  Where no value is negative, first of all the highest code for every value and m = 0: of one code alone a
 * fit finds no two numbers. */
static void fit_affine(const double *x, const form *f, double *scale, double *minimum)
{
    double lo = 0, hi = x[0], w[32];
    weights(w, x, f->group);
    for (int j = 0; j < f->group; j++)
        lo = fmin(lo, x[j]), hi = fmax(hi, x[j]);
    *scale = 0, *minimum = lo < 0 ? -lo : 0; /* never -0: which zero fmax yields is open */
    if (!(hi > lo))
        return;
    double best = INFINITY;
    for (int t = lo < 0 ? 0 : -1; t <= 20; t++) { /* -1: the highest code */
        const double inv = (f->most - 1 + 0.1 * t) / (hi - lo);
        double sw = 0, swx = 0, swq = 0, swqq = 0, swxq = 0, q[32];
        bool flat = t >= 0;
        for (int j = 0; j < f->group; j++) {
            q[j] = t < 0 ? f->most : clamp(rne((x[j] - lo) * inv), 0, f->most);
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
        for (int j = 0; j < f->group; j++) {
            const double e = s * q[j] - m - x[j];
            error += w[j] * e * e;
        }
        if (error < best)
            best = error, *scale = s, *minimum = m;
    }
}

static void search_affine(assay_super *b, const double x[N], const form *f)
{
    const int groups = N / f->group;
    double scale[16], minimum[16], smax = 0, mmax = 0;
    for (int g = 0; g < groups; g++) {
        fit_affine(x + f->group * g, f, &scale[g], &minimum[g]);
        smax = fmax(smax, scale[g]), mmax = fmax(mmax, minimum[g]);
    }
    b->d = assay_f16_from_f64(smax / f->steps), b->dmin = assay_f16_from_f64(mmax / f->steps);
    const double d = assay_f16_to_f64(b->d), dmin = assay_f16_to_f64(b->dmin);
    for (int g = 0; g < groups; g++) {
        const int sc = smax > 0 ? (int)rne(f->steps * scale[g] / smax) : 0;
        const int mn = mmax > 0 ? (int)rne(f->steps * minimum[g] / mmax) : 0;
        b->scale[g] = (int16_t)sc, b->minimum[g] = (int16_t)mn;
        double best = INFINITY;
        for (int t = 0; t < 9; t++) { /* the stored pair and its neighbours, the pair itself first */
            const int ts = sc + (t / 3 + 1) % 3 - 1, tm = mn + (t % 3 + 1) % 3 - 1;
            const bool inside = ts >= 0 && ts <= f->steps && tm >= 0 && tm <= f->steps;
            const double e = inside ? codes(NULL, x + f->group * g, f, d * ts, dmin * tm) : INFINITY;
            if (e < best)
                best = e, b->scale[g] = (int16_t)ts, b->minimum[g] = (int16_t)tm;
        }
        codes(b->code + f->group * g, x + f->group * g, f, d * b->scale[g], dmin * b->minimum[g]);
    }
}

/* ---- without ---- */

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

/* Scale s (of either sign) of x ~ s q, -most <= q < most, for one group, weights x^2.  Tried: the extreme at 0.9 steps
 * less to 0.9 more on the negative side; each trial's codes are fitted by least squares. */
static double fit_symmetric(const double *x, const form *f)
{
    const double mx = largest(x, f->group);
    double best = 0, scale = 0;
    if (mx == 0)
        return 0;
    for (int t = -9; t <= 9; t++) {
        const double inv = -(f->most + 0.1 * t) / mx;
        double sxq = 0, sqq = 0;
        for (int j = 0; j < f->group; j++) {
            const double q = clamp(rne(x[j] * inv), -f->most, f->most - 1), y = x[j] / mx, w = y * y;
            sxq += w * y * q, sqq += w * q * q;
        }
        /* the error is constant - sxq^2 / sqq */
        if (sqq > 0 && sxq * sxq > best * sqq)
            best = sxq * sxq / sqq, scale = mx * (sxq / sqq);
    }
    return scale;
}

/* Rounds x to codes of scale s; returns the square error. */
static double codes_of_scale(int16_t *q, const double *x, const form *f, double s)
{
    double error = 0;
    for (int j = 0; j < f->group; j++) {
        q[j] = s != 0 && isfinite(s) ? (int16_t)clamp(rne(x[j] / s), -f->most, f->most - 1) : 0;
        error += (s * q[j] - x[j]) * (s * q[j] - x[j]);
    }
    return error;
}

static void search_symmetric(assay_super *b, const double x[N], const form *f)
{
    const int groups = N / f->group;
    double scale[16];
    for (int g = 0; g < groups; g++)
        scale[g] = fit_symmetric(x + f->group * g, f);
    const double smax = largest(scale, groups);
    b->d = assay_f16_from_f64(smax / -f->steps);
    const double d = assay_f16_to_f64(b->d);
    for (int g = 0; g < groups; g++) {
        const int sc = smax != 0 ? (int)clamp(rne(-f->steps * scale[g] / smax), -f->steps, f->steps - 1) : 0;
        int16_t *q = b->code + f->group * g, trial[16];
        double best = codes_of_scale(q, x + f->group * g, f, d * sc);
        b->scale[g] = (int16_t)sc;
        for (int t = sc - f->near; t <= sc + f->near; t++) {
            const bool inside = t >= -f->steps && t < f->steps;
            const double e = inside ? codes_of_scale(trial, x + f->group * g, f, d * t) : INFINITY;
            if (e < best) {
                best = e, b->scale[g] = (int16_t)t;
                memcpy(q, trial, (size_t)f->group * sizeof *q);
            }
        }
    }
}

static void encode_super(unsigned char *b, const double *src, int64_t n, const form *f)
{
    for (int64_t i = 0; i < n; i += N, b += f->bytes) {
        double x[N];
        assay_super s;
        memset(&s, 0, sizeof s);
        memset(b, 0, (size_t)f->bytes);
        if (!take(x, src + i)) {
            assay_super_write_scale(b, F16_NAN, F16_NAN, f->type);
            continue;
        }
        if (f->minimum)
            search_affine(&s, x, f);
        else
            search_symmetric(&s, x, f);
        assay_super_write(b, &s, f->type);
    }
}

void assay_encode_q2_k(void *dst, const double *src, int64_t n)
{
    encode_super(dst, src, n, &q2_k);
}

void assay_decode_q2_k(double *dst, const void *src, int64_t n)
{
    decode_super(dst, src, n, &q2_k);
}

void assay_encode_q3_k(void *dst, const double *src, int64_t n)
{
    encode_super(dst, src, n, &q3_k);
}

void assay_decode_q3_k(double *dst, const void *src, int64_t n)
{
    decode_super(dst, src, n, &q3_k);
}

void assay_encode_q4_k(void *dst, const double *src, int64_t n)
{
    encode_super(dst, src, n, &q4_k);
}

void assay_decode_q4_k(double *dst, const void *src, int64_t n)
{
    decode_super(dst, src, n, &q4_k);
}

void assay_encode_q5_k(void *dst, const double *src, int64_t n)
{
    encode_super(dst, src, n, &q5_k);
}

void assay_decode_q5_k(double *dst, const void *src, int64_t n)
{
    decode_super(dst, src, n, &q5_k);
}

void assay_encode_q6_k(void *dst, const double *src, int64_t n)
{
    encode_super(dst, src, n, &q6_k);
}

void assay_decode_q6_k(double *dst, const void *src, int64_t n)
{
    decode_super(dst, src, n, &q6_k);
}
