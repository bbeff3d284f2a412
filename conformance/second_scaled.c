/* SPDX-License-Identifier: MIT
 * Element types a second time (second_formats.c): OCP MX, NVFP4, ternary numbers, blocks of 256, 8-bit floats without
 * infinities.  All arithmetic but what a format asks for in f32 is exact in double. */
#include "second_bits.h"
#include <string.h>

static const form e4m3 = { 4, 3 }, e5m2 = { 5, 2 }, e2m3 = { 2, 3 }, e3m2 = { 3, 2 }, e2m1 = { 2, 1 };

/* ---- OCP MX: a power of two, then codes of so many bits, in one string of bits ---- */

typedef struct mx {
    form f; /* fraction 0: integers, in 64ths */
    int bits;
    unsigned most; /* the code of the largest number, without sign */
} mx;

static bool mx_of(assay_dtype t, mx *m)
{
    const struct {
        assay_dtype t;
        mx m;
    } all[] = { { ASSAY_mxfp8_e4m3, { e4m3, 8, 126 } },
                { ASSAY_mxfp8_e5m2, { e5m2, 8, 123 } },
                { ASSAY_mxfp6_e2m3, { e2m3, 6, 31 } },
                { ASSAY_mxfp6_e3m2, { e3m2, 6, 31 } },
                { ASSAY_mxint8, { { 0, 0 }, 8, 127 } } };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].t == t) {
            *m = all[i].m;
            return true;
        }
    return false;
}

static double mx_number(unsigned code, mx m)
{
    const int sign = (int)(code >> (m.bits - 1)), top = 1 << (m.bits - 1), size = (int)code % top;
    if (!m.f.fraction)
        return (size - sign * top) / 64.0;
    const double v = size <= (int)m.most                ? size_of((unsigned)size, m.f)
                     : m.f.exponent == 5 && size == 124 ? INFINITY
                                                        : (double)NAN;
    return sign ? -v : v;
}

static double in_mx(const unsigned char *b, mx m, int j)
{
    return b[0] == 255 ? (double)NAN : ldexp(mx_number(bits(b + 1, m.bits * j, m.bits), m), b[0] - 127);
}

/* Of all codes that stand for a number the one nearest to x; of two the even one; of zeros that of x's sign. */
static unsigned mx_nearest(double x, mx m)
{
    const unsigned sign = 1u << (m.bits - 1);
    unsigned best = 0;
    if (!m.f.fraction) {
        int n = -127;
        for (int k = -126; k <= 127; k++) {
            const double off = fabs(64 * x - k), least = fabs(64 * x - n);
            n = off < least || (off == least && k % 2 == 0) ? k : n;
        }
        return (unsigned)n & 255;
    }
    for (unsigned k = 1; k <= m.most; k++) {
        const double off = fabs(fabs(x) - size_of(k, m.f)), least = fabs(fabs(x) - size_of(best, m.f));
        best = off < least || (off == least && k % 2 == 0) ? k : best;
    }
    return signbit(x) ? best | sign : best;
}

/* The power: of those by which the largest number does not leave the codes' last binade the least, from 2^-127 on. */
static void write_mx(mx m, const double *x, unsigned char *b)
{
    const double last = m.f.fraction ? exp2(floor(log2(size_of(m.most, m.f)))) : 1;
    double most = 0;
    bool finite = true;
    int e = 0;
    for (int j = 0; j < 32; j++)
        finite = finite && isfinite((float)x[j]), most = fmax(most, fabs((double)(float)x[j]));
    while (finite && ldexp(2 * last, e - 127) <= most)
        e++;
    memset(b, 0, (size_t)(1 + 4 * m.bits));
    b[0] = (unsigned char)(finite ? e : 255);
    for (int j = 0; finite && j < 32; j++) {
        const unsigned code = mx_nearest(ldexp((double)(float)x[j], 127 - e), m);
        for (int k = 0, at = m.bits * j; k < m.bits; k++, at++)
            b[1 + at / 8] |= (unsigned char)((code >> k & 1) << at % 8);
    }
}

/* ---- NVFP4 in GGUF: four times 16, each with a scale of 8 bits, E4M3 without its NaN and its sign ---- */

static double nv_scale(unsigned code)
{
    return code == 127 ? 0 : size_of(code % 128, e4m3);
}

static double in_nvfp4(const unsigned char *b, int j)
{
    const int g = j / 16, i = j % 16;
    const unsigned code = bits(b + 4 + 8 * g + i % 8, i / 8 * 4, 4);
    const double v = nv_scale(b[g]) * size_of(code % 8, e2m1);
    return code >= 8 ? -v : v;
}

/* How many halves between the scales the wanted one reaches; below 2^-6 a half is added in f32. */
static unsigned nv_scale_of(float x)
{
    unsigned code = 0;
    if (x >= 248)
        return 126;
    for (unsigned k = 1; k < 8; k++)
        code += (double)(x * 512 + 0.5F) >= k;
    for (unsigned k = 8; k < 120; k++)
        code += (double)x >= (k == 8 ? size_of(8, e4m3) : (size_of(k - 1, e4m3) + size_of(k, e4m3)) / 2);
    return code;
}

static void write_nvfp4(const double *x, unsigned char *b)
{
    static const double middle[] = { 0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5 };
    memset(b, 0, 36);
    for (int g = 0; g < 4; g++) {
        float most = 0;
        bool finite = true;
        for (int j = 16 * g; j < 16 * g + 16; j++)
            finite = finite && isfinite((float)x[j]), most = fmaxf(most, fabsf((float)x[j]));
        b[g] = (unsigned char)(finite ? nv_scale_of(most / 6) : 127);
        const double d = nv_scale(b[g]);
        for (int i = 0; d > 0 && i < 16; i++) {
            const double v = (double)(float)x[16 * g + i];
            unsigned code = 0;
            for (size_t k = 0; k < sizeof middle / sizeof *middle; k++)
                code += fabs(v) > d * middle[k];
            b[4 + 8 * g + i % 8] |= (unsigned char)((code && v < 0 ? code + 8 : code) << i / 8 * 4);
        }
    }
}

/* ---- blocks of 256 ---- */

/* The n-th digit of base 3 behind the point of byte / 256 */
static unsigned digit(unsigned byte, int n)
{
    unsigned power = 3;
    while (n-- > 0)
        power *= 3;
    return byte * power / 256 % 3;
}
/* Where element j of tq1_0 has its digit: 32 bytes of five, 16 bytes of five, 4 bytes of four */
static void place_of(int j, int *byte, int *n)
{
    const int run = j < 160 ? 0 : j < 240 ? 1 : 2;
    static const int from[] = { 0, 160, 240 }, wide[] = { 32, 16, 4 }, first[] = { 0, 32, 48 };
    *byte = first[run] + (j - from[run]) % wide[run], *n = (j - from[run]) / wide[run];
}

static bool has_digits(unsigned byte, const unsigned digits[5])
{
    bool all = true;
    for (int n = 0; n < 5; n++)
        all = all && digit(byte, n) == digits[n];
    return all;
}

static double in_tq1_0(const unsigned char *b, int j)
{
    int byte, n;
    place_of(j, &byte, &n);
    return assay_second_half(b + 52) * ((int)digit(b[byte], n) - 1);
}
static double in_tq2_0(const unsigned char *b, int j)
{
    return assay_second_half(b + 64) * ((int)in_two_bits(b, j) - 1);
}
static double in_q8_k(const unsigned char *b, int j)
{
    static const form single = { 8, 23 };
    const unsigned size = bits(b, 0, 31), infinite = 255u << 23;
    const double d = size > infinite ? (double)NAN : size == infinite ? INFINITY : size_of(size, single);
    const int code = (b[4 + j] ^ 128) - 128;
    return (bits(b, 31, 1) ? -d : d) * code;
}
static double in_iq4_xs(const unsigned char *b, int j)
{
    const int g = j / 32, scale = (int)(bits(b + 4, 4 * g, 4) + 16 * bits(b + 2, 2 * g, 2)) - 32;
    return assay_second_half(b) * (scale * in_sixteen(bits(b + 8 + 16 * g + j % 16, j % 32 / 16 * 4, 4)));
}

static bool all_finite(const double *x)
{
    bool all = true;
    for (int j = 0; j < 256; j++)
        all = all && isfinite((float)x[j]);
    return all;
}

/* -1, 0 or 1, as x times 1/d has reached half of it; the first byte that has the digits. */
static void write_ternary(bool two_bits, const double *x, unsigned char *b)
{
    const int codes = two_bits ? 64 : 52;
    unsigned t[256], digits[52][5] = { { 0 } }, d = 0x7e00;
    float most = 0;
    const bool finite = all_finite(x);
    for (int j = 0; j < 256; j++)
        most = fmaxf(most, finite ? fabsf((float)x[j]) : 0);
    for (int j = 0; j < 256; j++) {
        const float by = most > 0 && isfinite(1 / most) ? 1 / most : 0, v = finite ? (float)x[j] * by : 0;
        t[j] = v >= 0.5F ? 2 : v <= -0.5F ? 0 : 1;
    }
    if (finite) {
        const form half = { 5, 10 };
        d = assay_second_nearest((double)most, half, 31u << 10);
    }
    memset(b, 0, 66 - (size_t)(two_bits ? 0 : 12));
    for (int j = 0; two_bits && j < 256; j++)
        b[32 * (j / 128) + j % 32] |= (unsigned char)(t[j] << j % 128 / 32 * 2);
    for (int j = 0, byte, n; !two_bits && j < 256; j++) {
        place_of(j, &byte, &n);
        digits[byte][n] = t[j];
    }
    for (int k = 0; !two_bits && k < 52; k++)
        while (!has_digits(b[k], digits[k]))
            b[k]++;
    b[codes] = d & 255, b[codes + 1] = (unsigned char)(d >> 8);
}

static void write_q8_k(const double *x, unsigned char *b)
{
    float first = 0, d = 0;
    const bool finite = all_finite(x);
    for (int j = 0; j < 256; j++)
        first = fabsf((float)x[j]) > fabsf(first) ? (float)x[j] : first;
    const float by = finite && fabsf(first) > 0 && isfinite(127 / first) ? -127 / first : 0;
    memset(b, 0, 292);
    if (!finite)
        d = NAN;
    else if (by < 0 || by > 0)
        d = 1 / by;
    memcpy(b, &d, 4);
    for (int g = 0; g < 16; g++) {
        int sum = 0;
        for (int j = 16 * g; j < 16 * g + 16; j++) {
            const double t = finite ? (double)((float)x[j] * by) : 0;
            int q = -127;
            for (int k = -126; k <= 127; k++)
                q = fabs(t - k) < fabs(t - q) || (fabs(t - k) == fabs(t - q) && k % 2 == 0) ? k : q;
            sum += q;
            b[4 + j] = (unsigned char)q;
        }
        b[260 + 2 * g] = (unsigned char)(sum & 255), b[261 + 2 * g] = (unsigned char)(sum >> 8);
    }
}

/* ---- 8-bit floats whose NaN stands where -0 would be: half of what the code is with infinities ---- */

static double in_fnuz(unsigned code, form f)
{
    const double v = code == 128 ? (double)NAN : size_of(code % 128, f) / 2;
    return code > 128 ? -v : v;
}
static unsigned nearest_fnuz(double x, form f)
{
    const unsigned code = isnan(x) ? 128 : assay_second_nearest(2 * x, f, 128), size = code & 0x7fff;
    return size == 0 ? 0 : size >= 128 ? 128 : code >> 15 << 7 | size;
}

bool assay_second_read_scaled(assay_dtype t, const unsigned char *b, int j, double *v)
{
    mx m;
    if (t == ASSAY_e4m3fnuz || t == ASSAY_e5m2fnuz)
        *v = in_fnuz(*b, t == ASSAY_e4m3fnuz ? e4m3 : e5m2);
    else if (mx_of(t, &m))
        *v = in_mx(b, m, j);
    else if (t == ASSAY_nvfp4)
        *v = in_nvfp4(b, j);
    else if (t == ASSAY_tq1_0)
        *v = in_tq1_0(b, j);
    else if (t == ASSAY_tq2_0)
        *v = in_tq2_0(b, j);
    else if (t == ASSAY_q8_k)
        *v = in_q8_k(b, j);
    else if (t == ASSAY_iq4_xs)
        *v = in_iq4_xs(b, j);
    else
        return false;
    return true;
}

bool assay_second_write_scaled(assay_dtype t, const double *x, unsigned char *b)
{
    mx m;
    if (t == ASSAY_e4m3fnuz || t == ASSAY_e5m2fnuz)
        *b = (unsigned char)nearest_fnuz(*x, t == ASSAY_e4m3fnuz ? e4m3 : e5m2);
    else if (mx_of(t, &m))
        write_mx(m, x, b);
    else if (t == ASSAY_nvfp4)
        write_nvfp4(x, b);
    else if (t == ASSAY_tq1_0 || t == ASSAY_tq2_0)
        write_ternary(t == ASSAY_tq2_0, x, b);
    else if (t == ASSAY_q8_k)
        write_q8_k(x, b);
    else
        return false;
    return true;
}
