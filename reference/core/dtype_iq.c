/* SPDX-License-Identifier: MIT
 * dtype_iq.c - super-blocks of 256 whose codes are places in a grid of eight (or twice four) numbers (GGUF): 32 octets,
 * each with a place, or two, and the signs of its elements, or, iq1, something added to all of them.  Four octets are a
 * group.  dtype_grid.c writes them. */
#include "assay/blocks.h"
#include "dtype.h"
#include "dtype_codecs.h"
#include "dtype_grids.h"
#include <math.h>
#include <string.h>

enum { N = 256, GROUP = 4 };

typedef struct octet {
    int place[2];
    unsigned signs; /* bit i: element i is negative */
    double scale, more;
} octet;

/* The k-th number of the set, from 0 */
static int member(const uint64_t *set, int k)
{
    int at = 0, ones;
    for (; k >= (ones = __builtin_popcountll(set[at])); at++)
        k -= ones;
    uint64_t rest = set[at];
    while (k-- > 0)
        rest &= rest - 1;
    return 64 * at + __builtin_ctzll(rest);
}

static int nibble(const uint8_t *b, int j)
{
    return b[j / 2] >> j % 2 * 4 & 15;
}
static unsigned word16(const uint8_t *b)
{
    return b[0] | (unsigned)b[1] << 8;
}
static uint32_t word32(const uint8_t *b)
{
    return word16(b) | (uint32_t)word16(b + 2) << 16;
}
/* Seven signs; the eighth makes the number of minus signs even. */
static unsigned eight_signs(unsigned seven)
{
    unsigned odd = 0;
    for (int i = 0; i < 7; i++)
        odd ^= seven >> i & 1;
    return seven | odd << 7;
}

static octet in_iq2_xxs(const uint8_t *b, int o)
{
    const uint8_t *group = b + 2 + 8 * (o / GROUP);
    const uint32_t w = word32(group + 4);
    return (octet){ { group[o % GROUP] }, eight_signs(w >> 7 * (o % GROUP) & 127), (0.5 + (w >> 28)) / 4, 0 };
}
static octet in_iq2_xs(const uint8_t *b, int o)
{
    const unsigned v = word16(b + 2 + 2 * o);
    return (octet){ { (int)(v & 511) }, eight_signs(v >> 9), (0.5 + nibble(b + 66, o / 2)) / 4, 0 };
}
static octet in_iq2_s(const uint8_t *b, int o)
{
    const int high = b[66 + o / GROUP] >> 2 * (o % GROUP) & 3;
    return (octet){ { b[2 + o] | high << 8 }, b[34 + o], (0.5 + nibble(b + 74, o / 2)) / 4, 0 };
}
static octet in_iq3_xxs(const uint8_t *b, int o)
{
    const uint32_t w = word32(b + 66 + 4 * (o / GROUP));
    return (octet){ { b[2 + 2 * o], b[3 + 2 * o] }, eight_signs(w >> 7 * (o % GROUP) & 127), (0.5 + (w >> 28)) / 2, 0 };
}
static octet in_iq3_s(const uint8_t *b, int o)
{
    const int high = b[66 + o / GROUP] >> 2 * (o % GROUP);
    return (octet){ { b[2 + 2 * o] | (high & 1) << 8, b[3 + 2 * o] | (high & 2) << 7 },
                    b[74 + o],
                    1 + 2 * nibble(b + 106, o / GROUP),
                    0 };
}
static octet in_iq1_s(const uint8_t *b, int o)
{
    const unsigned h = word16(b + 34 + 2 * (o / GROUP));
    const int high = (int)(h >> 3 * (o % GROUP) & 7);
    return (octet){ { b[2 + o] | high << 8 }, 0, 1 + 2 * (h >> 12 & 7), h >> 15 ? -0.125 : 0.125 };
}
static octet in_iq1_m(const uint8_t *b, int o)
{
    const int t = nibble(b + 32, o), three = 6 * (o / GROUP % 2) + 3 * (o % GROUP / 2);
    const unsigned s = word16(b + 48 + 2 * (o / (2 * GROUP))) >> three & 7;
    return (octet){ { b[o] | (t & 7) << 8 }, 0, 1 + 2 * s, t & 8 ? -0.125 : 0.125 };
}

/* An f16; in iq1_m the upper nibbles of four words are its nibbles, the lowest first. */
static double scale_of_iq(const uint8_t *b, bool spread)
{
    unsigned h = 0;
    for (int k = 0; spread && k < 4; k++)
        h |= word16(b + 48 + 2 * k) >> 12 << 4 * k;
    return assay_f16_to_f64((uint16_t)(spread ? h : word16(b)));
}

static void decode_iq(double *dst, const uint8_t *b, int64_t n, int bytes, const grid *g,
                      octet (*in)(const uint8_t *b, int o))
{
    for (int64_t i = 0; i < n; i += N, b += bytes) {
        const double d = scale_of_iq(b, in == in_iq1_m);
        for (int j = 0; j < N / 8; j++) {
            const octet o = in(b, j);
            int number = 0;
            for (int k = 0; k < 8; k++) {
                number = k % g->digits ? number / g->base : member(g->set, o.place[k / g->digits]);
                const int v = g->value[number % g->base];
                dst[i + 8 * j + k] = d * o.scale * ((o.signs >> k & 1 ? -v : v) + o.more);
            }
        }
    }
}

void assay_decode_iq2_xxs(double *dst, const void *src, int64_t n)
{
    decode_iq(dst, src, n, sizeof(assay_iq2_xxs), &grid_2_xxs, in_iq2_xxs);
}

void assay_decode_iq2_xs(double *dst, const void *src, int64_t n)
{
    decode_iq(dst, src, n, sizeof(assay_iq2_xs), &grid_2_xs, in_iq2_xs);
}

void assay_decode_iq2_s(double *dst, const void *src, int64_t n)
{
    decode_iq(dst, src, n, sizeof(assay_iq2_s), &grid_2_s, in_iq2_s);
}

void assay_decode_iq3_xxs(double *dst, const void *src, int64_t n)
{
    decode_iq(dst, src, n, sizeof(assay_iq3_xxs), &grid_3_xxs, in_iq3_xxs);
}

void assay_decode_iq3_s(double *dst, const void *src, int64_t n)
{
    decode_iq(dst, src, n, sizeof(assay_iq3_s), &grid_3_s, in_iq3_s);
}

void assay_decode_iq1_s(double *dst, const void *src, int64_t n)
{
    decode_iq(dst, src, n, sizeof(assay_iq1_s), &grid_1, in_iq1_s);
}

void assay_decode_iq1_m(double *dst, const void *src, int64_t n)
{
    decode_iq(dst, src, n, sizeof(assay_iq1_m), &grid_1, in_iq1_m);
}
