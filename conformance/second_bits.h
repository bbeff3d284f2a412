/* SPDX-License-Identifier: MIT
 * second_bits.h - what both files of second derivations of formats read bytes with. */
#ifndef ASSAY_SECOND_BITS_H
#define ASSAY_SECOND_BITS_H
#include "second.h"
#include <math.h>

typedef struct form {
    int exponent, fraction; /* bits of each */
} form;

/* Of a code without sign, the infinite one taken for the next power of two */
static inline double size_of(unsigned code, form f)
{
    const unsigned e = code >> f.fraction, m = code & ((1u << f.fraction) - 1), one = 1u << f.fraction;
    const int bias = (1 << (f.exponent - 1)) - 1;
    return ldexp(e ? m + one : m, (int)(e ? e : 1) - bias - f.fraction);
}

/* The n bits from bit `at` of a string of bytes, the lowest first */
static inline unsigned bits(const unsigned char *p, int at, int n)
{
    unsigned v = 0;
    while (n-- > 0)
        v = v << 1 | (p[(at + n) / 8] >> (at + n) % 8 & 1);
    return v;
}

/* Two bits of element j from a run of 64 bytes: each byte holds four elements that lie 32 apart. */
static inline unsigned in_two_bits(const unsigned char *q, int j)
{
    return bits(q + 32 * (j / 128) + j % 32, j % 128 / 32 * 2, 2);
}

/* What the codes of iq4_nl and iq4_xs stand for */
static inline int in_sixteen(unsigned code)
{
    static const int below[] = { -127, -104, -83, -65, -49, -35, -22, -10 };
    static const int above[] = { 1, 13, 25, 38, 53, 69, 89, 113 };
    return code < 8 ? below[code] : above[code - 8];
}

/* The types of second_scaled.c; false: t is none of them, or is written by a search */
bool assay_second_read_scaled(assay_dtype t, const unsigned char *block, int j, double *v);
/* ... of second_grids.c */
bool assay_second_read_grid(assay_dtype t, const unsigned char *block, int j, double *v);
bool assay_second_write_scaled(assay_dtype t, const double *x, unsigned char *block);
/* A 16-bit float, and the code of the number nearest to x that lies below `end`, which stands for what is beyond; of
 * two the even one, sign in bit 15 */
double assay_second_half(const unsigned char *p);
unsigned assay_second_nearest(double x, form f, unsigned end);
#endif
