/* SPDX-License-Identifier: MIT
 * GGUF's iq types a second time (second_formats.c), element by element.  The grids are facts that both derivations read
 * from one list; formats_known.h holds their checksums. */
#include "../reference/core/dtype_grids.h"
#include "second_bits.h"

/* Digit i, in base 3 or 8, of the k-th number (from 0) whose bit is set */
static int digit_of(const uint64_t *set, int base, unsigned k, int i)
{
    int number = -1;
    unsigned seen = 0;
    for (unsigned ones; seen + (ones = (unsigned)__builtin_popcountll(set[(number + 1) >> 6])) <= k; number += 64)
        seen += ones;
    while (seen <= k) {
        number++;
        seen += set[number >> 6] >> (number & 63) & 1;
    }
    while (i-- > 0)
        number /= base;
    return number % base;
}
static int of_two(const uint64_t *set, unsigned k, int i) /* |8|, 25 or 43 */
{
    static const int size[] = { 8, 25, 43 };
    return size[digit_of(set, 3, k, i)];
}
static int of_three(const uint64_t *set, unsigned k, int i) /* steps of 8 from 4, the last 62 */
{
    const int step = digit_of(set, 8, k, i);
    return step == 7 ? 62 : 4 + 8 * step;
}
/* Of eight signs seven are stored; there is an even number of minus signs. */
static int sign(unsigned seven, int i)
{
    int minus = 0;
    for (int k = 0; k < 7; k++)
        minus += seven >> k & 1;
    return (i < 7 ? (int)(seven >> i & 1) : minus % 2) ? -1 : 1;
}
static double scale_of(const unsigned char *b)
{
    return assay_second_half(b);
}

/* Element j: group g of 32, octet l of it, place i in that */
static double iq2_xxs(const unsigned char *b, int g, int l, int i)
{
    const unsigned char *p = b + 2 + 8 * g;
    return scale_of(b) * (2 * bits(p + 4, 28, 4) + 1) * of_two(iq2_xxs_set, p[l], i) * sign(bits(p + 4, 7 * l, 7), i) /
           8;
}
static double iq2_xs(const unsigned char *b, int g, int l, int i)
{
    const int o = 16 * (4 * g + l);
    const unsigned scale = bits(b + 66 + g, 4 * (l / 2), 4);
    return scale_of(b) * (2 * scale + 1) * of_two(iq2_xs_set, bits(b + 2, o, 9), i) * sign(bits(b + 2, o + 9, 7), i) /
           8;
}
static double iq2_s(const unsigned char *b, int g, int l, int i)
{
    const unsigned place = b[2 + 4 * g + l] + 256 * bits(b + 66 + g, 2 * l, 2),
                   scale = bits(b + 74 + g, 4 * (l / 2), 4);
    const double v = scale_of(b) * (2 * scale + 1) * of_two(iq2_s_set, place, i) / 8;
    return bits(b + 34 + 4 * g + l, i, 1) ? -v : v;
}
static double iq3_xxs(const unsigned char *b, int g, int l, int i)
{
    const unsigned char *p = b + 66 + 4 * g;
    const int size = of_three(iq3_xxs_set, b[2 + 8 * g + 2 * l + i / 4], i % 4);
    return scale_of(b) * (2 * bits(p, 28, 4) + 1) * size * sign(bits(p, 7 * l, 7), i) / 4;
}
static double iq3_s(const unsigned char *b, int g, int l, int i)
{
    const int n = 2 * l + i / 4;
    const unsigned place = b[2 + 8 * g + n] + 256 * bits(b + 66 + g, n, 1), scale = bits(b + 106 + g / 2, g % 2 * 4, 4);
    const double v = scale_of(b) * (2 * scale + 1) * (2 * digit_of(iq3_s_set, 8, place, i % 4) + 1);
    return bits(b + 74 + 4 * g + l, i, 1) ? -v : v;
}
/* -1, 0 or 1, an eighth more or less, in odd steps */
static double iq1(double d, unsigned scale, unsigned place, bool less, int i)
{
    return d * (2 * scale + 1) * (8 * (digit_of(iq1_s_set, 3, place, i) - 1) + (less ? -1 : 1)) / 8;
}
static double iq1_s(const unsigned char *b, int g, int l, int i)
{
    const unsigned char *h = b + 34 + 2 * g;
    return iq1(scale_of(b), bits(h, 12, 3), b[2 + 4 * g + l] + 256 * bits(h, 3 * l, 3), bits(h, 15, 1), i);
}
static double iq1_m(const unsigned char *b, int g, int l, int i)
{
    const unsigned char *h = b + 32 + 2 * g + l / 2;
    unsigned char d[2] = { 0, 0 };
    for (int k = 0; k < 4; k++)
        d[k / 2] |= (unsigned char)(bits(b + 49 + 2 * k, 4, 4) << k % 2 * 4);
    const unsigned scale = bits(b + 48 + g / 2 * 2, g % 2 * 6 + l / 2 * 3, 3);
    return iq1(scale_of(d), scale, b[4 * g + l] + 256 * bits(h, l % 2 * 4, 3), bits(h, l % 2 * 4 + 3, 1), i);
}

bool assay_second_read_grid(assay_dtype t, const unsigned char *b, int j, double *v)
{
    static double (*const all[ASSAY_DTYPE_END])(const unsigned char *, int, int, int) = {
        [ASSAY_iq2_xxs] = iq2_xxs, [ASSAY_iq2_xs] = iq2_xs, [ASSAY_iq2_s] = iq2_s, [ASSAY_iq3_xxs] = iq3_xxs,
        [ASSAY_iq3_s] = iq3_s,     [ASSAY_iq1_s] = iq1_s,   [ASSAY_iq1_m] = iq1_m,
    };
    if (all[t])
        *v = all[t](b, j / 32, j % 32 / 8, j % 8);
    return all[t] != NULL;
}
