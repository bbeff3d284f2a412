/* SPDX-License-Identifier: MIT
 * The element types a second time, from what is written of them (IEEE 754; GGUF): numbers by their sign, exponent and
 * fraction, blocks by where their bits lie.  All arithmetic but what a format asks for in f32 is exact in double. */
#include "second_bits.h"
#include <string.h>

static const form half = { 5, 10 }, brain = { 8, 7 }, e5m2 = { 5, 2 }, e4m3 = { 4, 3 };

static unsigned infinite(form f)
{
    return ((1u << f.exponent) - 1) << f.fraction;
}
static double number(unsigned code, form f)
{
    const unsigned size = code & 0x7fff;
    const double v = size > infinite(f) ? (double)NAN : size == infinite(f) ? INFINITY : size_of(size, f);
    return code >> 15 ? -v : v;
}

/* Of 8 bits; e4m3 has no infinity but more numbers, and one NaN of either sign */
static double number_8(unsigned code, form f)
{
    const unsigned size = code % 128, end = f.fraction == 3 ? 127 : infinite(f);
    const double v = size < end ? size_of(size, f) : size == infinite(f) ? INFINITY : (double)NAN;
    return code >= 128 ? -v : v;
}

static int byte(const unsigned char *p) /* -128 to 127 */
{
    return (*p ^ 128) - 128;
}
static double scale_at(const unsigned char *p)
{
    return number(bits(p, 0, 16), half);
}

static double in_q2_k(const unsigned char *b, int j)
{
    const unsigned char *pair = b + j / 16; /* scale and minimum of the group, 4 bits each */
    return scale_at(b + 80) * (bits(pair, 0, 4) * in_two_bits(b + 16, j)) - scale_at(b + 82) * bits(pair, 4, 4);
}
/* The third bit counts 4 and is 0 where 4 is to be taken away.  The 12 bytes of scales: 16 times 4 bits, then 16 times
 * 2 bits, each the upper ones of a scale. */
static double in_q3_k(const unsigned char *b, int j)
{
    const int g = j / 16, code = (int)(in_two_bits(b + 32, j) + 4 * bits(b + j % 32, j / 32, 1)) - 4;
    const int scale = (int)(bits(b + 96 + g % 8, g / 8 * 4, 4) + 16 * bits(b + 104 + g % 4, g / 4 * 2, 2)) - 32;
    return scale_at(b + 108) * (scale * code);
}
/* q4_k and q5_k.  Scale and minimum of group g: 6 bits each.  Of groups 4 to 7 the lower four share a byte, the upper
 * two lie above those of groups 0 to 3. */
static double in_q4_k(const unsigned char *b, unsigned code, int j)
{
    const int g = j / 32, h = g % 4;
    const unsigned char *s = b + 4;
    const unsigned scale = g < 4 ? bits(s + h, 0, 6) : bits(s + 8 + h, 0, 4) + 16 * bits(s + h, 6, 2);
    const unsigned minimum = g < 4 ? bits(s + 4 + h, 0, 6) : bits(s + 8 + h, 4, 4) + 16 * bits(s + 4 + h, 6, 2);
    return scale_at(b) * (scale * code) - scale_at(b + 2) * minimum;
}
static unsigned in_half_bytes(const unsigned char *q, int j)
{
    return bits(q + 32 * (j / 64) + j % 32, j / 32 % 2 * 4, 4);
}
static double in_q6_k(const unsigned char *b, int j)
{
    const int h = j / 128, quarter = j % 128 / 32, i = j % 32;
    const int lower = (int)bits(b + 64 * h + 32 * (quarter % 2) + i, quarter / 2 * 4, 4);
    const int upper = (int)bits(b + 128 + 32 * h + i, 2 * quarter, 2);
    return scale_at(b + 208) * (byte(b + 192 + j / 16) * (lower + 16 * upper - 32));
}

/* The code of element j of 32: four bits in one half of a byte of q, the fifth in h */
static int in_five_bits(const unsigned char *h, const unsigned char *q, int j)
{
    return (int)(bits(q + j % 16, j / 16 * 4, 4) + 16 * bits(h, j, 1));
}

/* A code of 4 bits names a number: E2M1, 1 bit of sign, 2 of exponent, 1 of fraction; or one of a list. */
static double in_e2m1(unsigned code)
{
    static const form e2m1 = { 2, 1 };
    return code >= 8 ? -size_of(code % 8, e2m1) : size_of(code, e2m1);
}
static double in_mxfp4(const unsigned char *b, int j)
{
    return in_e2m1(bits(b + 1 + j % 16, j / 16 * 4, 4)) * (b[0] == 255 ? (double)NAN : ldexp(1, b[0] - 127));
}
/* Two of e2m1: of 16 numbers the nearest, of two the even one; of zeros that of x's sign, of NaN the first */
static unsigned nearest_e2m1(double x)
{
    unsigned best = 0;
    for (unsigned k = 1; k < 16; k++) {
        const double off = fabs(fmin(fmax(x, -6), 6) - in_e2m1(k)), least = fabs(fmin(fmax(x, -6), 6) - in_e2m1(best));
        best = off < least || (off == least && (k == 8 ? signbit(x) != 0 : k % 2 == 0)) ? k : best;
    }
    return isnan(x) ? 0 : best;
}
static double in_iq4_nl(const unsigned char *b, int j)
{
    return scale_at(b) * in_sixteen(bits(b + 2 + j % 16, j / 16 * 4, 4));
}

double assay_second_read(assay_dtype t, const unsigned char *b, int j)
{
    switch (t) {
    case ASSAY_f16:
        return number(bits(b, 0, 16), half);
    case ASSAY_bf16:
        return number(bits(b, 0, 16), brain);
    case ASSAY_q8_0:
        return scale_at(b) * byte(b + 2 + j);
    case ASSAY_q8_1:
        return scale_at(b) * byte(b + 4 + j);
    case ASSAY_q4_0:
        return scale_at(b) * ((int)bits(b + 2 + j % 16, j / 16 * 4, 4) - 8);
    case ASSAY_q4_1:
        return scale_at(b) * bits(b + 4 + j % 16, j / 16 * 4, 4) + scale_at(b + 2);
    case ASSAY_q5_0:
        return scale_at(b) * (in_five_bits(b + 2, b + 6, j) - 16);
    case ASSAY_q5_1:
        return scale_at(b) * in_five_bits(b + 4, b + 8, j) + scale_at(b + 2);
    case ASSAY_u4:
        return bits(b, 4 * j, 4);
    case ASSAY_e2m1:
        return in_e2m1(bits(b, 4 * j, 4));
    case ASSAY_e4m3:
        return number_8(*b, e4m3);
    case ASSAY_e5m2:
        return number_8(*b, e5m2);
    case ASSAY_mxfp4:
        return in_mxfp4(b, j);
    case ASSAY_iq4_nl:
        return in_iq4_nl(b, j);
    case ASSAY_q2_k:
        return in_q2_k(b, j);
    case ASSAY_q3_k:
        return in_q3_k(b, j);
    case ASSAY_q4_k:
        return in_q4_k(b, in_half_bytes(b + 16, j), j);
    case ASSAY_q5_k: /* q4_k's bytes, and the fifth bits of eight groups, 32 bytes, before the codes */
        return in_q4_k(b, in_half_bytes(b + 48, j) + 16 * bits(b + 16 + j % 32, j / 32, 1), j);
    case ASSAY_q6_k:
        return in_q6_k(b, j);
    default: {
        double v = NAN; /* a type that nobody has derived again */
        if (!assay_second_read_scaled(t, b, j, &v))
            assay_second_read_grid(t, b, j, &v);
        return v;
    }
    }
}

double assay_second_half(const unsigned char *p)
{
    return scale_at(p);
}

/* `end`: the code behind the largest number.  Found between all codes by halving; of two that are as near the even one.
 * A NaN keeps its sign and its upper bits and is made quiet. */
static unsigned nearest_to(double x, form f, unsigned end)
{
    uint64_t all;
    memcpy(&all, &x, sizeof all);
    const unsigned sign = (unsigned)(all >> 63) << 15, quiet = 1u << (f.fraction - 1);
    unsigned low = 0, high = end;
    if (isnan(x))
        return sign | high | quiet | (unsigned)(all >> (52 - f.fraction) & (2 * quiet - 1));
    if (fabs(x) >= size_of(high, f))
        return sign | high;
    while (high - low > 1) {
        const unsigned mid = (low + high) / 2;
        *(size_of(mid, f) <= fabs(x) ? &low : &high) = mid;
    }
    const double below = fabs(x) - size_of(low, f), above = size_of(high, f) - fabs(x);
    return sign | (below < above || (below == above && low % 2 == 0) ? low : high);
}
static unsigned nearest(double x, form f)
{
    return nearest_to(x, f, infinite(f));
}
static unsigned nearest_8(double x, form f)
{
    const unsigned end = f.fraction == 3 ? 127 : infinite(f), code = nearest_to(x, f, end);
    return code >> 15 << 7 | (isnan(x) ? (f.fraction == 3 ? 127 : 126) : code % 128);
}
unsigned assay_second_nearest(double x, form f, unsigned end)
{
    return nearest_to(x, f, end);
}
static void put(unsigned char *p, unsigned code)
{
    p[0] = code & 255, p[1] = (unsigned char)(code >> 8);
}

/* 8 bits: the integer that is nearest to t, of two the one farther from 0.  Fewer: how many of 1 .. most t reaches. */
static int code_of(float t, int most)
{
    int best = 0;
    for (int q = 1; q <= most && most < 127; q++)
        best += (float)q <= t;
    for (int q = -127; q <= 127 && most == 127; q++) {
        const float off = fabsf(t - (float)q), least = fabsf(t - (float)best);
        best = off < least || (off == least && q * q > best * best) ? q : best;
    }
    return best;
}

/* Blocks of 32: how many steps their range has, whether they keep a second number, a minimum or (8 bits) a sum */
typedef struct steps {
    int most;
    bool two;
} steps;
static steps steps_of(assay_dtype t)
{
    const bool four = t == ASSAY_q4_0 || t == ASSAY_q4_1, five = t == ASSAY_q5_0 || t == ASSAY_q5_1;
    return (steps){ four ? 15 : five ? 31 : 127, t == ASSAY_q4_1 || t == ASSAY_q5_1 || t == ASSAY_q8_1 };
}

/* d: the largest over 127 steps; the first of the largest sizes, with its sign, over -8 or -16; the range over 15 or
 * 31.  Codes are of x times 1/d, and as in a block of zeros where that overflows; NaN, infinity or a d beyond f32: all
 * is NaN. */
static void write_32(steps s, const double *x, unsigned char *b)
{
    const bool eight = s.most == 127, minimum = s.two && !eight, five = s.most == 31;
    const int middle = s.most / 2 + 1, at = (s.two ? 4 : 2) + (five ? 4 : 0);
    float first = 0, least = (float)x[0], most = (float)x[0];
    bool finite = true;
    for (int j = 0; j < 32; j++) {
        const float v = (float)x[j];
        finite = finite && isfinite(v);
        first = fabsf(v) > fabsf(first) ? v : first;
        least = v < least ? v : least, most = v > most ? v : most;
    }
    const float d = eight ? fabsf(first) / 127 : minimum ? (most - least) / (float)s.most : first / -(float)middle;
    const bool whole = finite && isfinite(d), plain = whole && d != 0 && isfinite(1 / d);
    int sum = 0;
    memset(b + 2, 0, (size_t)(at - 2 + (eight ? 32 : 16)));
    for (int j = 0; j < 32; j++) {
        const float product = plain ? ((float)x[j] - (minimum ? least : 0)) * (1 / d) : 0;
        const int q = code_of(eight ? product : product + (minimum ? 0.5F : (float)middle + 0.5F), s.most);
        sum += q;
        if (eight)
            b[at + j] = (unsigned char)q;
        else
            b[at + j % 16] |= (unsigned char)(q % 16 << j / 16 * 4);
        if (five)
            b[at - 4 + j / 8] |= (unsigned char)(q / 16 << j % 8);
    }
    put(b, whole ? nearest((double)d, half) : 0x7e00);
    if (s.two)
        put(b + 2, !whole ? 0x7e00 : nearest(eight ? (double)((float)sum * d) : (double)least, half));
}

/* The power of two: the largest of those of the sizes, by counting up from the least, less 2.  Each code: how many of
 * the middles of two numbers, in units of the power, the size lies above. */
static void write_mxfp4(const double *x, unsigned char *b)
{
    static const double middle[] = { 0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5 };
    double most = 0;
    bool finite = true;
    for (int j = 0; j < 32; j++)
        finite = finite && isfinite((float)x[j]), most = fmax(most, fabs((double)(float)x[j]));
    int e = 0;
    while (finite && ldexp(1, e - 127 + 3) <= most)
        e++;
    memset(b, 0, 17);
    b[0] = (unsigned char)(finite ? e : 255);
    for (int j = 0; finite && j < 32; j++) {
        const double size = ldexp(fabs((double)(float)x[j]), 127 - e);
        unsigned code = 0;
        for (size_t k = 0; k < sizeof middle / sizeof *middle; k++)
            code += size > middle[k];
        b[1 + j % 16] |= (unsigned char)((code && x[j] < 0 ? code + 8 : code) << j / 16 * 4);
    }
}

bool assay_second_write(assay_dtype t, const double *x, unsigned char *block)
{
    switch (t) {
    case ASSAY_f16:
    case ASSAY_bf16:
        put(block, nearest(*x, t == ASSAY_f16 ? half : brain));
        return true;
    case ASSAY_e4m3:
    case ASSAY_e5m2:
        *block = (unsigned char)nearest_8(*x, t == ASSAY_e4m3 ? e4m3 : e5m2);
        return true;
    case ASSAY_e2m1:
        *block = (unsigned char)(nearest_e2m1(x[0]) | nearest_e2m1(x[1]) << 4);
        return true;
    case ASSAY_mxfp4:
        write_mxfp4(x, block);
        return true;
    case ASSAY_q8_0:
    case ASSAY_q8_1:
    case ASSAY_q4_0:
    case ASSAY_q4_1:
    case ASSAY_q5_0:
    case ASSAY_q5_1:
        write_32(steps_of(t), x, block);
        return true;
    default:
        return assay_second_write_scaled(t, x, block);
    }
}
