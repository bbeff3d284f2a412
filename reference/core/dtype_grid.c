/* SPDX-License-Identifier: MIT
 * dtype_grid.c - super-blocks whose codes are places in a grid (iq1, iq2, iq3), written by a search, ours and
 * deterministic: double arithmetic, the nearest entries exactly (dtype_grid_place.c).  It makes the sum of w (x - y)^2
 * small, w 1 where none is given.
 *
 *   scales      those that share one are fitted by themselves: trials that put the extreme at some multiple, one at
 *               each number of the grid among them, each followed by least squares, and the best one twice more
 *   d           of the largest of these, as an odd multiple of d, the one by which all of them are nearly odd multiples
 *   n           the rounded one and its neighbours, each with the nearest entries
 *   again       d by least squares for these, n and entries for this d, as long as that helps
 *
 * It is never worse than plain rounding (assay_grid_write_plain), which is tried as well, and finds what it has
 * written: where all numbers are a grid's with a scale of d > 0 the error is 0.  A super-block that holds a NaN or an
 * infinity has d = NaN (7e00) and zero elsewhere; one whose largest scale is beyond f16 d = infinity. */
#include "dtype_grid.h"
#include "assay/blocks.h"
#include "dtype.h"
#include "dtype_codecs.h"
#include "dtype_grids.h"
#include <math.h>
#include <string.h>

enum { N = 256, OCTETS = ASSAY_GRID_OCTETS, SCALES = 16, TRIALS = 10, ROUNDS = 4, F16_NAN = 0x7e00 };

/* Bits of a block, counted from its first byte's lowest: of group g (of 4 octets) the i-th of the group's; odd: more
 * where g is odd.  width 0: there are none. */
typedef struct field {
    int at, group, step, width, odd;
} field;

typedef struct form {
    assay_dtype type;
    const grid *set;
    assay_grid_sharing share;
    field place, upper, signs, scale, delta; /* where they lie; upper: bits of a place that are stored apart */
} form;

/* clang-format off */
static const form forms[] = {
    { ASSAY_iq2_xxs, &grid_2_xxs, { 4, 0, true, true, 0.125, 15 },
      { 16, 64, 8, 8 },  { 0 },             { 48, 64, 7, 7 },  { 76, 64, 0, 4 },     { 0 } },
    { ASSAY_iq2_xs,  &grid_2_xs,  { 2, 0, true, true, 0.125, 15 },
      { 16, 64, 16, 9 }, { 0 },             { 25, 64, 16, 7 }, { 528, 8, 4, 4 },     { 0 } },
    { ASSAY_iq2_s,   &grid_2_s,   { 2, 0, false, true, 0.125, 15 },
      { 16, 32, 8, 8 },  { 528, 8, 2, 2 },  { 272, 32, 8, 8 }, { 592, 8, 4, 4 },     { 0 } },
    { ASSAY_iq3_xxs, &grid_3_xxs, { 4, 0, true, true, 0.25, 15 },
      { 16, 64, 8, 8 },  { 0 },             { 528, 32, 7, 7 }, { 556, 32, 0, 4 },    { 0 } },
    { ASSAY_iq3_s,   &grid_3_s,   { 4, 0, false, true, 1, 15 },
      { 16, 64, 8, 8 },  { 528, 8, 1, 1 },  { 592, 32, 8, 8 }, { 848, 4, 0, 4 },     { 0 } },
    { ASSAY_iq1_s,   &grid_1,     { 4, 4, false, false, 1, 7 },
      { 16, 32, 8, 8 },  { 272, 16, 3, 3 }, { 0 },             { 284, 16, 0, 3 },    { 287, 16, 0, 1 } },
    { ASSAY_iq1_m,   &grid_1,     { 2, 1, false, false, 1, 7 },
      { 0, 32, 8, 8 },   { 256, 16, 4, 3 }, { 0 },             { 384, 8, 3, 3, -2 }, { 259, 16, 4, 1 } },
};
/* clang-format on */

static const form *form_of(assay_dtype t)
{
    size_t i = 0;
    while (i + 1 < sizeof forms / sizeof *forms && forms[i].type != t)
        i++;
    return &forms[i];
}

static void take_grid(assay_grid *g, const grid *from)
{
    *g = (assay_grid){ .base = from->base, .digits = from->digits, .half = from->digits == 8 ? 81 : 64 };
    for (int v = 0; v < g->base; v++)
        g->value[v] = from->value[v];
    int entries = 0;
    for (int number = 0; number < g->half * g->half; number++) {
        if (number % g->half == 0)
            g->first[number / g->half] = entries;
        if (from->set[number / 64] >> number % 64 & 1)
            g->low[entries++] = (uint8_t)(number % g->half);
    }
    g->first[g->half] = entries;
}

typedef struct block {
    double d; /* an f16's value */
    int n[SCALES];
    assay_octet octet[OCTETS];
    double error;
} block;

/* ---- bytes ---- */

static void put(unsigned char *b, const field *f, int g, int i, unsigned v)
{
    const int at = f->at + f->group * g + f->step * i + (g % 2 ? f->odd : 0);
    for (int k = 0; k < f->width; k++)
        b[(at + k) / 8] |= (unsigned char)((v >> k & 1) << (at + k) % 8);
}

/* iq1_m keeps it in the upper nibbles of four words, the lowest first. */
static void put_d(const form *f, unsigned char *b, uint16_t d)
{
    for (int k = 0; k < 4 && f->type == ASSAY_iq1_m; k++)
        b[49 + 2 * k] |= (unsigned char)((d >> 4 * k & 15) << 4);
    if (f->type != ASSAY_iq1_m)
        b[0] = (unsigned char)d, b[1] = (unsigned char)(d >> 8);
}

static void put_block(const form *f, unsigned char *b, const block *v)
{
    const int parts = 8 / f->set->digits;
    put_d(f, b, assay_f16_from_f64(v->d));
    for (int o = 0; o < OCTETS; o++) {
        const assay_octet *c = &v->octet[o];
        const int g = o / 4, l = o % 4;
        for (int p = 0; p < parts; p++) {
            put(b, &f->place, g, parts * l + p, c->place[p]);
            put(b, &f->upper, g, parts * l + p, (unsigned)c->place[p] >> f->place.width);
        }
        put(b, &f->signs, g, l, c->signs);
        if (o % f->share.scale == 0)
            put(b, &f->scale, g, l / f->share.scale, (unsigned)v->n[o / f->share.scale]);
        if (f->share.delta && o % f->share.delta == 0)
            put(b, &f->delta, g, l, c->down);
    }
}

/* ---- the search ---- */

/* Sums for the least squares of x ~ s q */
typedef struct sums {
    double xq, qq;
} sums;

static void add(sums *a, const double *x, const double *w, const double *q, double scale)
{
    for (int j = 0; j < 8; j++)
        a->xq += w[j] * x[j] * (scale * q[j]), a->qq += w[j] * (scale * q[j]) * (scale * q[j]);
}

static double largest(const double *x, int n)
{
    double size = 0;
    for (int j = 0; j < n; j++)
        size = fmax(size, fabs(x[j]));
    return size;
}

/* One trial of a scale: nearest entries, then least squares.  Keeps what is better. */
typedef struct fitted {
    double scale, matters; /* the error is so much more for each square by which another scale is off */
    double gain;           /* the error is constant less that */
} fitted;

static void try_scale(const form *f, const assay_grid *g, const double *x, const double *w, double s, fitted *best)
{
    assay_octet octet[4];
    sums a = { 0, 0 };
    assay_grid_nearest(g, &f->share, x, w, s, octet);
    for (int o = 0; o < f->share.scale; o++)
        add(&a, x + 8 * o, w + 8 * o, octet[o].q, 1);
    if (a.xq > 0 && a.qq > 0 && a.xq * (a.xq / a.qq) > best->gain)
        *best = (fitted){ a.xq / a.qq, a.qq, a.xq * (a.xq / a.qq) };
}

/* The scale of numbers that share one, by themselves */
static fitted fit(const form *f, const assay_grid *g, const double *x, const double *w)
{
    const double size = largest(x, 8 * f->share.scale), more = f->share.delta ? 0.125 : 0;
    const double top = g->value[g->base - 1] + more;
    fitted best = { 0, 0, 0 };
    for (int t = 0; t < TRIALS && size > 0; t++)
        try_scale(f, g, x, w, size / (top * (f->share.delta ? 0.8 + 0.2 * t : 0.7 + 0.1 * t)), &best);
    for (int v = 0; v < g->base && size > 0; v++)
        try_scale(f, g, x, w, size / fabs(g->value[v] + more), &best);
    for (int again = 0; again < 2 && best.scale > 0; again++)
        try_scale(f, g, x, w, best.scale, &best);
    return best;
}

static double f16(double x)
{
    return assay_f16_to_f64(assay_f16_from_f64(x));
}

/* The odd multiple of d unit that is nearest to the scale */
static int steps(const form *f, double scale, double d)
{
    const double n = d > 0 ? nearbyint((scale / (d * f->share.unit) - 1) / 2) : 0;
    return (int)fmin(fmax(n, 0), f->share.most);
}

static double multiple(const form *f, double d, int n)
{
    return d * f->share.unit * (2 * n + 1);
}

/* d by which the largest scale is an odd multiple and the others are nearest to one */
static double start(const form *f, const fitted *fit, int scales)
{
    double size = 0, best = INFINITY;
    for (int g = 0; g < scales; g++)
        size = fmax(size, fit[g].scale);
    double found = f16(size / multiple(f, 1, f->share.most));
    for (int n = f->share.most; n >= 0; n--) {
        const double d = f16(size / multiple(f, 1, n));
        double error = 0;
        for (int g = 0; g < scales; g++) {
            const double e = fit[g].scale - multiple(f, d, steps(f, fit[g].scale, d));
            error += fit[g].matters * e * e;
        }
        if (isfinite(d) && error < best)
            best = error, found = d;
    }
    return found;
}

/* n and octets of all scales for d: of `near` neighbours of the rounded n on either side the best. */
static void settle(const form *f, const assay_grid *g, const double *x, const double *w, const double *scale, int near,
                   block *b)
{
    const int octets = f->share.scale;
    b->error = 0;
    for (int k = 0; k < OCTETS / octets; k++) {
        const int from = steps(f, scale[k], b->d);
        double best = INFINITY;
        for (int n = from - near; n <= from + near; n++) {
            assay_octet trial[4];
            if (n < 0 || n > f->share.most)
                continue;
            const double e =
                assay_grid_nearest(g, &f->share, x + 8 * octets * k, w + 8 * octets * k, multiple(f, b->d, n), trial);
            if (e < best) {
                best = e, b->n[k] = n;
                memcpy(&b->octet[octets * k], trial, (size_t)octets * sizeof *trial);
            }
        }
        b->error += best;
    }
}

/* d for n and octets as they are; false: nothing counts, or it is no f16. */
static bool refit(const form *f, const double *x, const double *w, block *b)
{
    sums a = { 0, 0 };
    for (int o = 0; o < OCTETS; o++)
        add(&a, x + 8 * o, w + 8 * o, b->octet[o].q, multiple(f, 1, b->n[o / f->share.scale]));
    const double d = a.qq > 0 ? f16(a.xq / a.qq) : 0;
    b->d = d;
    return d > 0 && isfinite(d);
}

static void plain(const form *f, const assay_grid *g, const double *x, const double *w, block *b)
{
    const int scales = OCTETS / f->share.scale, n = 8 * f->share.scale;
    double scale[SCALES];
    for (int k = 0; k < scales; k++)
        scale[k] = largest(x + n * k, n) / (f->share.delta ? 2 : g->value[g->base - 1]);
    b->d = f16(largest(scale, scales) / multiple(f, 1, f->share.most));
    if (isfinite(b->d))
        settle(f, g, x, w, scale, 0, b);
}

static void search(const form *f, const assay_grid *g, const double *x, const double *w, block *best)
{
    const int scales = OCTETS / f->share.scale, n = 8 * f->share.scale;
    double scale[SCALES];
    fitted of[SCALES];
    block b = { .d = 0 };
    for (int k = 0; k < scales; k++)
        of[k] = fit(f, g, x + n * k, w + n * k), scale[k] = of[k].scale;
    b.d = start(f, of, scales);
    for (int round = 0; round < ROUNDS; round++) {
        settle(f, g, x, w, scale, 1, &b);
        if (!(b.error < best->error))
            return;
        *best = b;
        for (int k = 0; k < scales; k++)
            scale[k] = multiple(f, b.d, b.n[k]);
        if (!refit(f, x, w, &b))
            return;
    }
}

static double write_block(assay_dtype t, unsigned char *block_, const double *x, const double *w, bool searched)
{
    const form *f = form_of(t);
    double one[N];
    assay_grid g;
    block b = { .error = INFINITY };
    take_grid(&g, f->set);
    for (int j = 0; j < N; j++)
        one[j] = 1;
    plain(f, &g, x, w ? w : one, &b);
    if (searched && isfinite(b.d))
        search(f, &g, x, w ? w : one, &b);
    memset(block_, 0, (size_t)assay_dtype_of(t)->bytes);
    put_block(f, block_, &b);
    return b.error;
}

double assay_grid_write(assay_dtype t, unsigned char *out, const double *x, const double *w)
{
    return write_block(t, out, x, w, true);
}

double assay_grid_write_plain(assay_dtype t, unsigned char *out, const double *x)
{
    return write_block(t, out, x, NULL, false);
}

static void encode(unsigned char *out, const double *src, int64_t n, assay_dtype t)
{
    for (int64_t i = 0; i < n; i += N, out += assay_dtype_of(t)->bytes) {
        double x[N];
        bool finite = true;
        for (int j = 0; j < N; j++) {
            x[j] = (double)(float)src[i + j];
            finite &= isfinite(x[j]) != 0;
        }
        if (finite) {
            assay_grid_write(t, out, x, NULL);
            continue;
        }
        memset(out, 0, (size_t)assay_dtype_of(t)->bytes);
        put_d(form_of(t), out, F16_NAN);
    }
}

#define ENCODER(t)                                                                                                     \
    void assay_encode_##t(void *dst, const double *src, int64_t n)                                                     \
    {                                                                                                                  \
        encode(dst, src, n, ASSAY_##t);                                                                                \
    }
ENCODER(iq1_s)
ENCODER(iq1_m)
ENCODER(iq2_xxs)
ENCODER(iq2_xs)
ENCODER(iq2_s)
ENCODER(iq3_xxs)
ENCODER(iq3_s)
