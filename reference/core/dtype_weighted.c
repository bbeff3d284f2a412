/* SPDX-License-Identifier: MIT
 * The weighted search: least sum of w (x - y)^2, w = qw sqrt(c S + x^2), with qw the importance of the column, S the
 * mean square of the block and c of the type's rule (q6_k, grids: w = qw).  y = d sc value(q) - dmin mn: in
 * super-blocks sc and mn are integers of each group, in others 1; values are the codes or, of iq4_nl, places in a
 * table.
 *
 * Each group is fitted by itself first: trials of a step, each followed by weighted least squares.  The block's d and
 * dmin come from the largest of these; sc and mn are the best of the rounded ones and their neighbours, codes the
 * nearest. Then in turn: d and dmin by least squares for these codes, and codes for these d and dmin, as long as that
 * helps. */
#include "dtype_weighted.h"
#include "assay/blocks.h"
#include "dtype.h"
#include "dtype_grid.h"
#include "dtype_super.h"
#include <math.h>
#include <string.h>

enum { MOST = ASSAY_SUPER, GROUPS = 16, ROUNDS = 4, BYTES = 128 };

typedef struct form {
    assay_dtype type;
    int block, group, lo, hi;       /* of codes */
    int steps_lo, steps;            /* of sc, and of mn from 0; 0: sc and mn are 1 */
    enum { NONE, BELOW, ANY } base; /* minima: none, never above 0 (BELOW), of either sign */
    double spread;                  /* c; negative: w = qw */
    const int8_t *value;
} form;

static const int8_t iq4[16] = { -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113 };
static const form forms[] = {
    { ASSAY_q2_k, 256, 16, 0, 3, 0, 15, BELOW, 1, NULL },
    { ASSAY_q3_k, 256, 16, -4, 3, -32, 31, NONE, 2, NULL },
    { ASSAY_q4_k, 256, 32, 0, 15, 0, 63, BELOW, 2, NULL },
    { ASSAY_q5_k, 256, 32, 0, 31, 0, 63, BELOW, 2, NULL },
    { ASSAY_q6_k, 256, 16, -32, 31, -128, 127, NONE, -1, NULL },
    { ASSAY_q4_0, 32, 32, -8, 7, 0, 0, NONE, 1, NULL },
    { ASSAY_q5_0, 32, 32, -16, 15, 0, 0, NONE, 1, NULL },
    { ASSAY_q4_1, 32, 32, 0, 15, 0, 0, ANY, 1, NULL },
    { ASSAY_q5_1, 32, 32, 0, 31, 0, 0, ANY, 1, NULL },
    { ASSAY_iq4_nl, 32, 32, 0, 15, 0, 0, NONE, 2, iq4 },
    { ASSAY_iq4_xs, 256, 32, 0, 15, -32, 31, NONE, 2, iq4 },
    { ASSAY_iq1_s, .block = 256, .spread = -1 }, /* grids, whose search is assay_grid_write() */
    { ASSAY_iq1_m, .block = 256, .spread = -1 },
    { ASSAY_iq2_xxs, .block = 256, .spread = -1 },
    { ASSAY_iq2_xs, .block = 256, .spread = -1 },
    { ASSAY_iq2_s, .block = 256, .spread = -1 },
    { ASSAY_iq3_xxs, .block = 256, .spread = -1 },
    { ASSAY_iq3_s, .block = 256, .spread = -1 },
};

static const form *form_of(assay_dtype t)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (forms[i].type == t)
            return &forms[i];
    return NULL;
}

bool assay_dtype_weighs(assay_dtype t)
{
    return form_of(t) != NULL;
}

typedef struct block {
    double d, dmin; /* f16 values */
    int16_t sc[GROUPS], mn[GROUPS], q[MOST];
    double error;
} block;

static double rne(double x)
{
    return x + 0x1.8p52 - 0x1.8p52;
}

static double clamp(double x, double lo, double hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

static double value_of(const form *f, int q)
{
    return f->value ? f->value[q] : q;
}

static int code_of(const form *f, double t) /* the nearest to t */
{
    if (!f->value)
        return (int)clamp(rne(clamp(t, -1e6, 1e6)), f->lo, f->hi);
    int best = f->lo;
    for (int k = f->lo + 1; k <= f->hi; k++)
        if (fabs(f->value[k] - t) < fabs(f->value[best] - t))
            best = k;
    return best;
}

/* Codes of a group for y = s value(q) - m; the weighted error. */
static double round_group(const form *f, const double *x, const double *w, double s, double m, int16_t *q)
{
    double error = 0;
    for (int j = 0; j < f->group; j++) {
        q[j] = (int16_t)code_of(f, s != 0 ? (x[j] + m) / s : 0);
        const double e = s * value_of(f, q[j]) - m - x[j];
        error += w[j] * e * e;
    }
    return error;
}

/* Sums for the least squares of x ~ s v - m. */
typedef struct sums {
    double w, x, v, vv, xv;
} sums;

static void add(sums *a, double w, double x, double v)
{
    a->w += w, a->x += w * x, a->v += w * v, a->vv += w * v * v, a->xv += w * x * v;
}

/* false: the codes are of one value, or weigh nothing */
static bool solve(const sums *a, int base, double *s, double *m)
{
    const double det = a->w * a->vv - a->v * a->v;
    *m = 0;
    if (base != NONE && det > 1e-12 * a->w * a->vv) {
        *s = (a->w * a->xv - a->x * a->v) / det;
        *m = (a->v * a->xv - a->x * a->vv) / det;
        if (base == ANY || *m >= 0)
            return true;
        *m = 0;
    } else if (base == ANY)
        return false;
    *s = a->xv / a->vv;
    return a->vv > 0;
}

/* Scale and minimum of one group by itself. */
static void fit(const form *f, const double *x, const double *w, double *scale, double *minimum)
{
    double lo = f->base == ANY ? x[0] : 0, hi = lo, size = 0, most = 0, best = INFINITY;
    int16_t q[32];
    for (int j = 0; j < f->group; j++) {
        lo = fmin(lo, x[j]), hi = fmax(hi, x[j]);
        if (fabs(x[j]) > size)
            size = fabs(x[j]), most = x[j];
    }
    *scale = 0, *minimum = f->base == NONE ? 0 : -lo;
    if (f->base == NONE ? size == 0 : !(hi > lo))
        return;
    const double end = f->value ? f->value[0] : f->lo;
    for (int t = 0; t <= 36; t++) {
        const double more = 0.05 * t - 0.9; /* of a step */
        double s = f->base == NONE ? most / (end - more * fmax(1, -end / 8)) : (hi - lo) / (f->hi + more), m = -lo;
        if (f->base == NONE)
            m = 0;
        for (int again = 0; again < 2; again++) {
            sums a = { 0 };
            const double error = round_group(f, x, w, s, m, q);
            if (error < best)
                best = error, *scale = s, *minimum = m;
            for (int j = 0; j < f->group; j++)
                add(&a, w[j], x[j], value_of(f, q[j]));
            if (!solve(&a, f->base, &s, &m))
                break;
        }
    }
}

static double f16(double x)
{
    return assay_f16_to_f64(assay_f16_from_f64(x));
}

/* Integers and codes of all groups for d and dmin, near the wanted scales and minima. */
static void settle(const form *f, const double *x, const double *w, const double *scale, const double *minimum,
                   block *b)
{
    b->error = 0;
    for (int g = 0; g < f->block / f->group; g++) {
        const double *gx = x + g * f->group, *gw = w + g * f->group;
        int16_t *q = b->q + g * f->group, trial[32];
        double best = INFINITY;
        if (!f->steps) {
            b->sc[g] = b->mn[g] = 1;
            b->error += round_group(f, gx, gw, b->d, b->dmin, q);
            continue;
        }
        const int sc = b->d != 0 ? (int)clamp(rne(scale[g] / b->d), f->steps_lo, f->steps) : 0;
        const int mn = b->dmin != 0 ? (int)clamp(rne(minimum[g] / b->dmin), 0, f->steps) : 0;
        for (int t = 0; t < 9; t++) {
            const int ts = sc + t / 3 - 1, tm = mn + t % 3 - 1;
            if (ts < f->steps_lo || ts > f->steps || tm < 0 || tm > f->steps || (f->base == NONE && tm != mn))
                continue;
            const double e = round_group(f, gx, gw, b->d * ts, b->dmin * tm, trial);
            if (e < best) {
                best = e, b->sc[g] = (int16_t)ts, b->mn[g] = (int16_t)tm;
                memcpy(q, trial, (size_t)f->group * sizeof *q);
            }
        }
        b->error += best;
    }
}

/* d and dmin for the integers and codes as they are: least squares of x ~ d A - dmin B, A = sc value(q), B = mn. */
static bool refit(const form *f, const double *x, const double *w, block *b)
{
    double aa = 0, ab = 0, bb = 0, ax = 0, bx = 0;
    for (int j = 0; j < f->block; j++) {
        const int g = j / f->group;
        const double A = b->sc[g] * value_of(f, b->q[j]), B = f->base == NONE ? 0 : b->mn[g];
        aa += w[j] * A * A, ab += w[j] * A * B, bb += w[j] * B * B, ax += w[j] * A * x[j], bx += w[j] * B * x[j];
    }
    const double det = aa * bb - ab * ab;
    double d, m = 0;
    if (det > 1e-12 * aa * bb) {
        d = (ax * bb - ab * bx) / det;
        m = (ab * ax - aa * bx) / det;
        if (f->base == BELOW && m < 0)
            m = 0, d = ax / aa;
    } else if (bb == 0 && aa > 0)
        d = ax / aa;
    else
        return false;
    if (!isfinite(f16(d)) || !isfinite(f16(m)))
        return false;
    b->d = f16(d), b->dmin = f16(m);
    return true;
}

static double largest(const double *x, int n)
{
    double most = 0;
    for (int i = 0; i < n; i++)
        if (fabs(x[i]) > fabs(most))
            most = x[i];
    return most;
}

static void search(const form *f, const double *x, const double *w, block *best)
{
    const int groups = f->block / f->group;
    double scale[GROUPS], minimum[GROUPS];
    block b;
    for (int g = 0; g < groups; g++)
        fit(f, x + g * f->group, w + g * f->group, &scale[g], &minimum[g]);
    memset(&b, 0, sizeof b);
    const double steps = f->steps_lo < 0 ? f->steps_lo : f->steps ? f->steps : 1;
    b.d = f16(largest(scale, groups) / steps), b.dmin = f16(largest(minimum, groups) / (f->steps ? f->steps : 1));
    *best = b;
    best->error = INFINITY;
    for (int round = 0; round < ROUNDS && isfinite(b.d) && isfinite(b.dmin); round++) {
        settle(f, x, w, scale, minimum, &b);
        if (!(b.error < best->error))
            return;
        *best = b;
        for (int g = 0; g < groups && f->steps; g++)
            scale[g] = b.d * b.sc[g], minimum[g] = b.dmin * b.mn[g];
        if (!refit(f, x, w, &b))
            return;
    }
}

static void write_block(const form *f, const block *b, unsigned char *out)
{
    assay_super s = { .d = assay_f16_from_f64(b->d), .dmin = assay_f16_from_f64(b->dmin) };
    if (f->steps) {
        memcpy(s.scale, b->sc, sizeof s.scale);
        memcpy(s.minimum, b->mn, sizeof s.minimum);
        memcpy(s.code, b->q, sizeof s.code);
        memset(out, 0, (size_t)assay_dtype_of(f->type)->bytes);
        assay_super_write(out, &s, f->type);
        return;
    }
    for (int j = 0; j < f->block; j++)
        s.code[j] = (int16_t)(b->q[j] - f->lo);
    /* a block of places in a table lies as one of q4_0 does */
    assay_low_write(out, f->value ? ASSAY_q4_0 : f->type, s.d, assay_f16_from_f64(-b->dmin), s.code);
}

static bool better(double error, double most)
{
    return error < most || (isnan(most) && isfinite(error));
}

/* What the search makes of a block, if that errs less than `most` */
static void try_search(const form *f, const double *x, const double *w, double most, unsigned char *out)
{
    if (assay_dtype_of(f->type)->grid) {
        unsigned char trial[BYTES];
        if (better(assay_grid_write(f->type, trial, x, w), most))
            memcpy(out, trial, (size_t)assay_dtype_of(f->type)->bytes);
        return;
    }
    block b;
    search(f, x, w, &b);
    if (better(b.error, most))
        write_block(f, &b, out);
}

/* w of one block; false: a value is not finite, or all weighs nothing. */
static bool weights(const form *f, double *w, const double *x, const float *qw)
{
    double square = 0, sum = 0;
    bool finite = true;
    for (int j = 0; j < f->block; j++) {
        square += x[j] * x[j];
        finite = finite && isfinite(x[j]);
    }
    for (int j = 0; j < f->block; j++) {
        w[j] = (double)qw[j] * (f->spread < 0 ? 1 : sqrt(f->spread * square / f->block + x[j] * x[j]));
        sum += w[j];
    }
    return finite && sum > 0;
}

void assay_dtype_encode_weighted(assay_dtype t, void *dst, const double *src, int64_t n, const float *weight)
{
    const assay_dtype_info *info = assay_dtype_of(t);
    const form *f = form_of(t);
    unsigned char *out = dst;
    info->encode(dst, src, n);
    for (int64_t i = 0; f && i < n; i += f->block, out += info->bytes) {
        double x[MOST], w[MOST], y[MOST], plain = 0;
        for (int j = 0; j < f->block; j++)
            x[j] = (double)(float)src[i + j];
        if (!weights(f, w, x, weight + i))
            continue;
        info->decode(y, out, f->block);
        for (int j = 0; j < f->block; j++)
            plain += w[j] * (y[j] - x[j]) * (y[j] - x[j]);
        try_search(f, x, w, plain, out);
    }
}
