/* SPDX-License-Identifier: MIT
 * quantize_k.h - super-blocks as our search writes them, then spoilt, or bettered: what verify() of quantize must tell
 * apart. */
#ifndef ASSAY_FAULTS_QUANTIZE_K_H
#define ASSAY_FAULTS_QUANTIZE_K_H
#include "../../reference/core/dtype.h"
#include "assay/blocks.h"
#include "faults.h"

/* X(mode, name, where it comes from) */
#define K_FAULTS(X)                                                                                                    \
    X(K_SCALE_UP, "k-scale-of-one-group", "slip: K-quant scales")                                                      \
    X(K_MIN_DROPPED, "k-minimum-dropped", "slip: docs/museum.md")                                                      \
    X(K_FLOOR, "k-codes-rounded-down", "microsoft/onnxruntime#32452")                                                  \
    X(K_LOW_BIT, "k-low-bit-lost", "quantise by search")                                                               \
    X(K_NOT_FINITE_LOST, "k-not-finite-lost", "NaN and infinities")                                                    \
    X(K_ZERO_NAN, "k-zero-block-nan", "ggml-org/llama.cpp#3010")                                                       \
    X(K_HALF_LOST, "k-half-of-the-codes-lost", "slip: one output of many left stale")                                  \
    X(K_ONE_UP, "k-codes-one-up", "codes off by one pass an eye that looks at the picture")                            \
    X(K_LAST_GROUP, "k-last-group-lost", "a loop that ends one group early")                                           \
    X(K_ONE_SCALE, "k-one-scale-for-all", "groups that all get the super-block's largest scale")                       \
    X(K_FIXED, "k-scale-of-another-tensor", "a scale that does not come from the data")                                \
    X(K_ALL_ZERO, "k-all-zeros", "an output that nobody has written, in memory that was cleared")                      \
    X(K_SWAPPED, "k-scale-and-minimum-swapped", "two fields of one type side by side")

#define K_LEGAL(X)                                                                                                     \
    X(K_PLAIN, "k-plain", "legal: our search")                                                                         \
    X(K_ROUNDING, "k-plain-rounding", "legal: no search, scales from the extremes")                                    \
    X(K_USUAL, "k-usual-search", "legal: the search that wrote most files: formats 4.3")                               \
    X(K_BETTER, "k-better", "legal: a search that goes on")
/* Legal, but for the flag ASSAY_BITEXACT: our search's bytes are promised. */
#define K_OTHER_BITS(X) X(K_OTHER, "k-bit-exact-declared-and-broken", "a flag that no one asks after")
enum mode_k { K_FAULTS(MODE) K_LEGAL(MODE) K_OTHER_BITS(MODE) K_MODES };

enum { SUPER = 256 };

static double k_error(const double *x, assay_dtype type, const void *block)
{
    double y[SUPER], e = 0;
    assay_dtype_of(type)->decode(y, block, SUPER);
    for (int i = 0; i < SUPER; i++)
        e += (x[i] - y[i]) * (x[i] - y[i]);
    return e;
}

/* Tries d one unit of f16 up and down, with the codes of q4_k as they are, and keeps what errs least. */
static void k_better(const double *x, assay_dtype type, unsigned char *block, int at)
{
    unsigned char best[SUPER];
    const size_t bytes = (size_t)assay_dtype_of(type)->bytes;
    memcpy(best, block, bytes);
    for (int step = -1; step <= 1; step += 2) {
        unsigned char t[SUPER];
        uint16_t d;
        memcpy(t, block, bytes);
        memcpy(&d, t + at, 2);
        if ((d & 0x7fff) == 0 || (d & 0x7c00) == 0x7c00)
            continue;
        d = (uint16_t)(d + step);
        memcpy(t + at, &d, 2);
        if (k_error(x, type, t) < k_error(x, type, best))
            memcpy(best, t, bytes);
    }
    memcpy(block, best, bytes);
}

static void k_floor(const double *x, assay_q4_k *b) /* codes rounded down */
{
    double y[SUPER];
    assay_dtype_of(ASSAY_q4_k)->decode(y, b, SUPER);
    for (int i = 0; i < SUPER; i++) {
        uint8_t *q = &b->q[32 * (i / 64) + i % 32];
        const int shift = 4 * (i / 32 % 2);
        if (y[i] > x[i] && (*q >> shift & 15))
            *q = (uint8_t)(*q - (1 << shift));
    }
}

/* ---- other ways to find the scales --------------------------------------------------------------------------------
 */

typedef struct k_fit { /* x ~ scale q - minimum */
    double scale, minimum;
} k_fit;

static double k_clamp(double x, double lo, double hi)
{
    return fmin(fmax(nearbyint(x), lo), hi);
}

/* Codes by scale `by` from minimum lo, then scale and minimum by weighted least squares; *error: of that fit. */
static k_fit k_least_squares(const double x[32], const double w[32], double lo, double by, double *error)
{
    double sw = 0, sx = 0, sq = 0, sqq = 0, sxq = 0, q[32];
    for (int j = 0; j < 32; j++) {
        q[j] = k_clamp((x[j] - lo) / by, 0, 15);
        sw += w[j], sx += w[j] * x[j], sq += w[j] * q[j], sqq += w[j] * q[j] * q[j], sxq += w[j] * x[j] * q[j];
    }
    const double det = sw * sqq - sq * sq;
    k_fit f = { (sw * sxq - sx * sq) / det, (sq * sxq - sqq * sx) / det };
    if (f.minimum < 0)
        f = (k_fit){ sxq / sqq, 0 };
    *error = det > 0 ? 0 : INFINITY;
    for (int j = 0; j < 32; j++)
        *error += w[j] * pow(f.scale * q[j] - f.minimum - x[j], 2);
    return f;
}

/* The range over 15 steps, or the best of fits to 14 .. 16. */
static k_fit k_fit4(const double x[32], bool search)
{
    double lo = 0, hi = x[0], size = 0, w[32], best = 0;
    for (int j = 0; j < 32; j++)
        lo = fmin(lo, x[j]), hi = fmax(hi, x[j]), size += x[j] * x[j] / 32;
    k_fit f = { fmax(hi - lo, 0) / 15, -lo };
    for (int j = 0; j < 32; j++) {
        w[j] = sqrt(size) + fabs(x[j]);
        best += f.scale > 0 ? w[j] * pow(f.scale * k_clamp((x[j] - lo) / f.scale, 0, 15) + lo - x[j], 2) : 0;
    }
    for (int t = 0; search && f.scale > 0 && t <= 20; t++) {
        double error;
        const k_fit g = k_least_squares(x, w, lo, (hi - lo) / (14 + 0.1 * t), &error);
        if (error < best)
            best = error, f = g;
    }
    return f;
}

static void k_write4(const double *x, assay_q4_k *b, bool search)
{
    k_fit f[8];
    double s = 0, m = 0;
    memset(b, 0, sizeof *b);
    for (int g = 0; g < 8; g++) {
        f[g] = k_fit4(x + 32 * g, search);
        s = fmax(s, f[g].scale), m = fmax(m, f[g].minimum);
    }
    b->d = assay_f16_from_f64(s / 63), b->dmin = assay_f16_from_f64(m / 63);
    for (int g = 0; g < 8; g++) {
        const int sc = s > 0 ? (int)k_clamp(63 * f[g].scale / s, 0, 63) : 0;
        const int mn = m > 0 ? (int)k_clamp(63 * f[g].minimum / m, 0, 63) : 0;
        const double scale = assay_f16_to_f64(b->d) * sc, minimum = assay_f16_to_f64(b->dmin) * mn;
        b->sc[g < 4 ? g : g + 4] = (uint8_t)(g < 4 ? sc : (sc & 15) | (mn & 15) << 4);
        if (g < 4)
            b->sc[g + 4] = (uint8_t)mn;
        else
            b->sc[g - 4] |= (uint8_t)(sc >> 4 << 6), b->sc[g] |= (uint8_t)(mn >> 4 << 6);
        for (int j = 0; j < 32 && scale > 0 && isfinite(scale + minimum); j++)
            b->q[32 * (g / 2) + j] |= (uint8_t)((int)k_clamp((x[32 * g + j] + minimum) / scale, 0, 15) << g % 2 * 4);
    }
}

/* The extreme at code -32, or the best of 19 fits with the weights x^2. */
static double k_fit6(const double x[16], bool search)
{
    double extreme = 0, best = -1, scale = 0;
    for (int j = 0; j < 16; j++)
        extreme = fabs(x[j]) > fabs(extreme) ? x[j] : extreme;
    for (int t = -9; extreme != 0 && search && t <= 9; t++) {
        double sxq = 0, sqq = 0;
        for (int j = 0; j < 16; j++) {
            const double q = k_clamp(-(32 + 0.1 * t) * x[j] / extreme, -32, 31), w = pow(x[j] / extreme, 2);
            sxq += w * x[j] * q, sqq += w * q * q;
        }
        if (sqq > 0 && sxq * sxq / sqq > best)
            best = sxq * sxq / sqq, scale = sxq / sqq;
    }
    return search ? scale : extreme / -32;
}

static void k_write6(const double *x, assay_q6_k *b, bool search)
{
    double f[16], most = 0;
    memset(b, 0, sizeof *b);
    for (int g = 0; g < 16; g++) {
        f[g] = k_fit6(x + 16 * g, search);
        most = fabs(f[g]) > fabs(most) ? f[g] : most;
    }
    b->d = assay_f16_from_f64(most / -128);
    for (int j = 0; j < SUPER; j++) {
        const int g = j / 16, half = j / 128, part = j % 128 / 32, at = j % 32;
        b->sc[g] = (int8_t)(most != 0 ? k_clamp(-128 * f[g] / most, -128, 127) : 0);
        const double scale = assay_f16_to_f64(b->d) * b->sc[g];
        const int q = scale != 0 && isfinite(scale) ? (int)k_clamp(x[j] / scale, -32, 31) + 32 : 32;
        b->ql[64 * half + at + 32 * (part & 1)] |= (uint8_t)((q & 15) << (part >> 1) * 4);
        b->qh[32 * half + at] |= (uint8_t)(q >> 4 << 2 * part);
    }
}

/* Where x is finite; what ours makes of the rest stays. */
static void k_rewrite(const double *x, assay_dtype type, unsigned char *block, bool search)
{
    for (int i = 0; i < SUPER; i++)
        if (!isfinite(x[i]))
            return;
    if (type == ASSAY_q4_k)
        k_write4(x, (assay_q4_k *)(void *)block, search);
    else
        k_write6(x, (assay_q6_k *)(void *)block, search);
}

static void k_one_up(assay_q4_k *b4, assay_q6_k *b6, bool four)
{
    for (int i = 0; i < 128; i++) {
        uint8_t *q = four ? &b4->q[i] : &b6->ql[i];
        const int lo = (*q & 15) < 15 ? (*q & 15) + 1 : 15, hi = *q >> 4 < 15 ? (*q >> 4) + 1 : 15;
        *q = (uint8_t)(lo | hi << 4);
    }
}

static void k_swap(int8_t *a, int8_t *b)
{
    const int8_t was = *a;
    *a = *b, *b = was;
}

static void k_spoil(const double *x, assay_dtype type, unsigned char *block, int mode)
{
    assay_q4_k *b4 = (assay_q4_k *)(void *)block;
    assay_q6_k *b6 = (assay_q6_k *)(void *)block;
    const bool four = type == ASSAY_q4_k;
    const uint16_t d = four ? b4->d : b6->d;
    const bool finite = (d & 0x7c00) != 0x7c00;
    switch (mode) {
    case K_SCALE_UP:
        if (four)
            b4->sc[2] = (uint8_t)((b4->sc[2] & 0xc0) | ((b4->sc[2] + 4) & 63));
        else
            b6->sc[5] = (int8_t)(b6->sc[5] ^ 8);
        break;
    case K_MIN_DROPPED:
        if (four && finite)
            b4->dmin = 0;
        else if (finite) /* q6_k has none: its sign */
            b6->d ^= 0x8000;
        break;
    case K_FLOOR:
        if (four && finite)
            k_floor(x, b4);
        break;
    case K_LOW_BIT:
        for (int i = 0; finite && i < 128; i++)
            *(four ? &b4->q[i] : &b6->ql[i]) &= 0xee;
        break;
    case K_NOT_FINITE_LOST:
        if (!finite)
            memset(block, 0, (size_t)assay_dtype_of(type)->bytes);
        break;
    case K_ZERO_NAN:
        if (d == 0 || d == 0x8000)
            *(four ? &b4->d : &b6->d) = 0x7e00;
        break;
    case K_HALF_LOST:
        if (finite)
            memset(four ? b4->q + 64 : b6->ql + 64, 0, 64);
        break;
    case K_ONE_UP:
        if (finite)
            k_one_up(b4, b6, four);
        break;
    case K_LAST_GROUP:
        for (int i = 96; finite && four && i < 128; i++)
            b4->q[i] &= 15;
        if (finite && !four)
            b6->sc[15] = 0;
        break;
    case K_ONE_SCALE:
        for (int i = 0; finite && i < (four ? 4 : 16); i++)
            if (four)
                b4->sc[i] |= 63;
            else
                b6->sc[i] = b6->sc[i] < 0 ? -128 : 127;
        break;
    case K_FIXED:
        if (finite)
            *(four ? &b4->d : &b6->d) = four ? 0x2000 : 0x1400;
        break;
    case K_ALL_ZERO:
        if (finite)
            memset(block, 0, (size_t)assay_dtype_of(type)->bytes);
        break;
    case K_SWAPPED: /* q6_k has no minimum: the scales of two groups */
        if (four)
            b4->d = b4->dmin, b4->dmin = d;
        else
            k_swap(&b6->sc[6], &b6->sc[7]);
        break;
    case K_ROUNDING:
    case K_USUAL:
        k_rewrite(x, type, block, mode == K_USUAL);
        break;
    case K_OTHER:
    case K_BETTER:
        if (finite)
            k_better(x, type, block, four ? 0 : 208);
        break;
    default:
        break;
    }
}

static void k_row(char *y, const float *x, int64_t n, assay_dtype type, int mode)
{
    const int64_t bytes = assay_dtype_of(type)->bytes;
    for (int64_t i = 0; i < n; i++, x += SUPER, y += bytes) {
        double v[SUPER];
        _Alignas(16) unsigned char block[SUPER];
        for (int k = 0; k < SUPER; k++)
            v[k] = (double)x[k];
        assay_dtype_of(type)->encode(block, v, SUPER);
        k_spoil(v, type, block, mode);
        memcpy(y, block, (size_t)bytes);
    }
}
#endif
