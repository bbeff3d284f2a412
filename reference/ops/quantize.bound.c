/* SPDX-License-Identifier: MIT
 * quantize: types with an exact rule have one right answer.  q2_k to q6_k and the iq types are written by a search,
 * and any search may be as good as ours: verify() holds an encoder to what the format defines.  Its measure is *plain
 * rounding*: each group's scale from its extremes, in closed form, rounded to the grid of the super-block.
 *
 *   each super-block   square error at most `worst`: what plain rounding errs at most on values with these extremes
 *   random data        in sum over MANY super-blocks and more: at most that of plain rounding with codes by the scales
 *                      as they were before they were rounded (its codes by the rounded ones are a little better)
 *   not representable  with a NaN or an infinity in it: NaN throughout.  A scale beyond f16, ours or plain rounding's:
 * not finite, or within `worst`.  Under the contract "NaN ignored" nothing is asked of those that ours cannot hold
 *
 * How far an encoder is from our search is no verdict: `assay check --certificate` prints it.  quantize.bound.md
 * derives `worst`. */
#include "bound.h"
#include "../core/dtype.h"
#include "../core/dtype_grid.h"
#include "../core/status.h"
#include <stdio.h>

enum { SUPER = 256, MANY = 8 };

typedef struct plain { /* of one super-block */
    double error, worst;
} plain;

/* What lies between a scale as it was and as it is stored: half a step of the super-block's scale, largest / steps,
 * that scale's rounding to f16, and the f16's own last place, steps times. */
static double stored_within(double largest, int steps, double half_steps)
{
    return largest * (half_steps / steps + 0x1p-11) + steps * 0x1p-25;
}

/* How a format keeps numbers: groups of n, codes and steps of the super-block's scale as plain_affine and
 * plain_symmetric say */
typedef struct grid {
    int n, codes, steps;
} grid;
static const grid q2_k = { 16, 3, 15 }, q3_k = { 16, 4, 32 }, q4_k = { 32, 15, 63 }, q5_k = { 32, 31, 63 },
                  q6_k = { 16, 32, 128 };

static double error_of(const double *x, int n, double stored, double minimum, double scale, double offset, int lo,
                       int hi)
{
    double sum = 0;
    for (int j = 0; j < n; j++) {
        const double q = scale != 0 ? fmin(fmax(nearbyint((x[j] + offset) / scale), lo), hi) : 0;
        sum += (stored * q - minimum - x[j]) * (stored * q - minimum - x[j]);
    }
    return sum;
}

/* x ~ s q - m, 0 <= q <= codes, s and m in 0 .. steps: s = (max - min) / codes, m = -min, 0 within the range. */
static plain plain_affine(const double *x, grid f)
{
    const int groups = SUPER / f.n;
    double s[16], m[16], s_max = 0, m_max = 0;
    for (int g = 0; g < groups; g++) {
        double lo = 0, hi = 0;
        for (int j = 0; j < f.n; j++)
            lo = fmin(lo, x[f.n * g + j]), hi = fmax(hi, x[f.n * g + j]);
        s[g] = (hi - lo) / f.codes, m[g] = -lo;
        s_max = fmax(s_max, s[g]), m_max = fmax(m_max, m[g]);
    }
    const double d = assay_f16_to_f64(assay_f16_from_f64(s_max / f.steps));
    const double dmin = assay_f16_to_f64(assay_f16_from_f64(m_max / f.steps));
    const double ds = stored_within(s_max, f.steps, 0.5), dm = stored_within(m_max, f.steps, 0.5);
    plain p = { 0, 0 };
    for (int g = 0; g < groups; g++) {
        const double stored = s_max > 0 ? d * nearbyint(f.steps * s[g] / s_max) : 0;
        const double minimum = m_max > 0 ? dmin * nearbyint(f.steps * m[g] / m_max) : 0;
        const double each = fmax((s[g] + ds) / 2, f.codes * ds + dm);
        p.error += error_of(x + f.n * g, f.n, stored, minimum, s[g], m[g], 0, f.codes);
        p.worst += f.n * each * each;
    }
    return p;
}

/* x ~ s q, -codes <= q < codes, s in -steps .. steps - 1: the extreme of a group is code -codes. */
static plain plain_symmetric(const double *x, grid f)
{
    const int groups = SUPER / f.n;
    double s[16], most = 0;
    for (int g = 0; g < groups; g++) {
        double extreme = 0;
        for (int j = 0; j < f.n; j++)
            extreme = fabs(x[f.n * g + j]) > fabs(extreme) ? x[f.n * g + j] : extreme;
        s[g] = extreme / -f.codes;
        most = fabs(s[g]) > fabs(most) ? s[g] : most;
    }
    const double d = assay_f16_to_f64(assay_f16_from_f64(most / -f.steps));
    const double ds = stored_within(fabs(most), f.steps, 1); /* a whole step: +steps is not among the scales */
    plain p = { 0, 0 };
    for (int g = 0; g < groups; g++) {
        const double stored = most != 0 ? d * fmin(nearbyint(-f.steps * s[g] / most), f.steps - 1) : 0;
        const double each = fabs(s[g]) + f.codes * ds; /* +codes steps from 0 are codes - 1 at most */
        p.error += error_of(x + f.n * g, f.n, stored, 0, s[g], 0, -f.codes, f.codes - 1);
        p.worst += f.n * each * each;
    }
    return p;
}

/* x ~ d v, v one of 16 values: the extreme is -127, of the other side 113 is the last; no gap within is over 24. */
enum { IN_16 = 32, LOW = 127, BEYOND = 14 };

static double plain_scale(const double *x)
{
    double extreme = 0;
    for (int j = 0; j < IN_16; j++)
        extreme = fabs(x[j]) > fabs(extreme) ? x[j] : extreme;
    return extreme / -LOW;
}

/* Of 32 values with scale d, which is stored as `stored`, off by ds at most */
static plain plain_of_16(const double *x, double d, double stored, double ds)
{
    static const int value[] = { -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113 };
    const double each = BEYOND * fabs(d) + LOW * ds;
    plain p = { 0, IN_16 * each * each };
    for (int j = 0; j < IN_16; j++) {
        double best = INFINITY, e = 0;
        for (size_t k = 0; k < sizeof value / sizeof *value; k++)
            if (fabs(d * value[k] - x[j]) < best)
                best = fabs(d * value[k] - x[j]), e = stored * value[k] - x[j];
        p.error += e * e;
    }
    return p;
}

static plain plain_iq4_nl(const double *x)
{
    const double d = plain_scale(x);
    return plain_of_16(x, d, assay_f16_to_f64(assay_f16_from_f64(d)), fabs(d) * 0x1p-11 + 0x1p-25);
}

/* Scales of groups in steps of the super-block's, -32 .. 31 */
static plain plain_iq4_xs(const double *x)
{
    enum { GROUPS = SUPER / IN_16, STEPS = 32 };
    double s[GROUPS], most = 0;
    for (int g = 0; g < GROUPS; g++) {
        s[g] = plain_scale(x + IN_16 * g);
        most = fabs(s[g]) > fabs(most) ? s[g] : most;
    }
    const double d = assay_f16_to_f64(assay_f16_from_f64(most / -STEPS)), ds = stored_within(fabs(most), STEPS, 1);
    plain p = { 0, 0 };
    for (int g = 0; g < GROUPS; g++) {
        const double stored = most != 0 ? d * fmin(nearbyint(-STEPS * s[g] / most), STEPS - 1) : 0;
        const plain of_group = plain_of_16(x + IN_16 * g, s[g], stored, ds);
        p.error += of_group.error, p.worst += of_group.worst;
    }
    return p;
}

/* Octets that are places in a grid.  Plain rounding puts the extreme of those that share a scale at the grid's largest
 * number, `at`, writes the scale as the nearest odd multiple of the super-block's, and takes the nearest entries.  An
 * entry that all grids have is that of their least numbers alone, `least`: with it each value is off by that and its
 * own size at most. */
typedef struct places {
    int n, steps; /* numbers that share a scale; its largest multiple */
    double at, least, unit;
} places;

static places places_of(assay_dtype t)
{
    switch (t) {
    case ASSAY_iq1_s:
        return (places){ 32, 15, 2, 0.125, 1 };
    case ASSAY_iq1_m:
        return (places){ 16, 15, 2, 0.125, 1 };
    case ASSAY_iq2_xxs:
        return (places){ 32, 31, 43, 8, 0.125 };
    case ASSAY_iq3_xxs:
        return (places){ 32, 31, 62, 4, 0.25 };
    case ASSAY_iq3_s:
        return (places){ 32, 31, 15, 1, 1 };
    default:
        return (places){ 16, 31, 43, 8, 0.125 };
    }
}

static plain plain_places(assay_dtype t, const double *x)
{
    const places f = places_of(t);
    unsigned char block[SUPER];
    double s[16] = { 0 }, most = 0;
    for (int g = 0; g < SUPER / f.n; g++) {
        double extreme = 0;
        for (int j = 0; j < f.n; j++)
            extreme = fmax(extreme, fabs(x[f.n * g + j]));
        s[g] = extreme / f.at, most = fmax(most, s[g]);
    }
    const double ds = most * (1.0 / f.steps + 0x1p-10) + f.steps * f.unit * 0x1p-25;
    plain p = { assay_grid_write_plain(t, block, x), 0 };
    for (int j = 0; j < SUPER; j++)
        p.worst += pow(fabs(x[j]) + f.least * (s[j / f.n] + ds), 2);
    return p;
}

static plain plain_of(assay_dtype t, const double *x)
{
    if (assay_dtype_of(t)->grid)
        return plain_places(t, x);
    switch (t) {
    case ASSAY_q2_k:
        return plain_affine(x, q2_k);
    case ASSAY_q3_k:
        return plain_symmetric(x, q3_k);
    case ASSAY_q4_k:
        return plain_affine(x, q4_k);
    case ASSAY_q5_k:
        return plain_affine(x, q5_k);
    case ASSAY_q6_k:
        return plain_symmetric(x, q6_k);
    case ASSAY_iq4_xs:
        return plain_iq4_xs(x);
    default:
        return plain_iq4_nl(x);
    }
}

static double square_error(const double *x, const double *y, int n)
{
    double e = 0;
    for (int i = 0; i < n; i++)
        e += (x[i] - y[i]) * (x[i] - y[i]);
    return e;
}

static bool all_finite(const double *x, int n)
{
    bool all = true;
    for (int i = 0; i < n; i++)
        all = all && isfinite(x[i]);
    return all;
}

static bool all_nan(const double *y, int n)
{
    bool all = true;
    for (int i = 0; i < n; i++)
        all = all && isnan(y[i]);
    return all;
}

static bool no(assay_why *why, const char *rule, int64_t blocks, double got, double most)
{
    const assay_pair is = assay_two(got, most);
    if (why)
        snprintf(why->text, sizeof why->text, "%s %lld: square error %s, plain rounding's is %s at most", rule,
                 (long long)blocks, is.a, is.b);
    return false;
}

static bool not_that(assay_why *why, int64_t block, const char *what)
{
    if (why)
        snprintf(why->text, sizeof why->text, "block %lld: %s", (long long)block, what);
    return false;
}

VERIFY(quantize)
{
    const double *x = a->operand[0], *golden = a->operand[1], *y = got[1];
    const int n = assay_dtype_of(a->type[1])->block;
    const int64_t blocks = a->dim[0] * a->dim[1] / n;
    double sum = 0, sum_plain = 0;
    for (int64_t b = 0; b < blocks; b++, x += n, golden += n, y += n) {
        const bool held = all_finite(golden, n);
        if (!held && c->nan_ignored)
            continue;
        if (!all_finite(x, n)) {
            if (!all_nan(y, n))
                return not_that(why, b, "x holds a NaN or an infinity, and what was written does not decode to NaN");
            continue;
        }
        const plain p = plain_of(a->type[1], x);
        if (!all_finite(y, n)) {
            if (held && isfinite(p.error))
                return not_that(why, b, "decodes to what is not finite, and all of x is");
            continue;
        }
        const double e = square_error(x, y, n);
        if (!(e <= p.worst))
            return no(why, "block", b, e, p.worst);
        if (isfinite(p.error))
            sum += e, sum_plain += p.error;
    }
    return !a->random || blocks * n < MANY * SUPER || sum <= sum_plain || no(why, "blocks", blocks, sum, sum_plain);
}
