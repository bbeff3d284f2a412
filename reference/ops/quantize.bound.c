/* SPDX-License-Identifier: MIT
 * quantize: types with an exact rule have one right answer.  q4_k and q6_k are written by a search, and any search may
 * be as good as ours: verify() holds an encoder to what the format defines.  Its measure is *plain rounding*: each
 * group's scale from its extremes, in closed form, rounded to the grid of the super-block.
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

/* 8 groups of 32, x ~ s q - m, 0 <= q <= 15, s and m of 6 bits: s = (max - min) / 15, m = -min, 0 within the range. */
static plain plain_q4_k(const double *x)
{
    enum { GROUPS = 8, N = 32, CODES = 15, STEPS = 63 };
    double s[GROUPS], m[GROUPS], s_max = 0, m_max = 0;
    for (int g = 0; g < GROUPS; g++) {
        double lo = 0, hi = 0;
        for (int j = 0; j < N; j++)
            lo = fmin(lo, x[N * g + j]), hi = fmax(hi, x[N * g + j]);
        s[g] = (hi - lo) / CODES, m[g] = -lo;
        s_max = fmax(s_max, s[g]), m_max = fmax(m_max, m[g]);
    }
    const double d = assay_f16_to_f64(assay_f16_from_f64(s_max / STEPS));
    const double dmin = assay_f16_to_f64(assay_f16_from_f64(m_max / STEPS));
    const double ds = stored_within(s_max, STEPS, 0.5), dm = stored_within(m_max, STEPS, 0.5);
    plain p = { 0, 0 };
    for (int g = 0; g < GROUPS; g++) {
        const double stored = s_max > 0 ? d * nearbyint(STEPS * s[g] / s_max) : 0;
        const double minimum = m_max > 0 ? dmin * nearbyint(STEPS * m[g] / m_max) : 0;
        const double each = fmax((s[g] + ds) / 2, CODES * ds + dm);
        p.error += error_of(x + N * g, N, stored, minimum, s[g], m[g], 0, CODES);
        p.worst += N * each * each;
    }
    return p;
}

/* 16 groups of 16, x ~ s q, -32 <= q <= 31, s of 8 bits with its sign: the extreme of a group is code -32. */
static plain plain_q6_k(const double *x)
{
    enum { GROUPS = 16, N = 16, CODES = 32, STEPS = 128 };
    double s[GROUPS], most = 0;
    for (int g = 0; g < GROUPS; g++) {
        double extreme = 0;
        for (int j = 0; j < N; j++)
            extreme = fabs(x[N * g + j]) > fabs(extreme) ? x[N * g + j] : extreme;
        s[g] = extreme / -CODES;
        most = fabs(s[g]) > fabs(most) ? s[g] : most;
    }
    const double d = assay_f16_to_f64(assay_f16_from_f64(most / -STEPS));
    const double ds = stored_within(fabs(most), STEPS, 1); /* a whole step: +128 is not among the codes */
    plain p = { 0, 0 };
    for (int g = 0; g < GROUPS; g++) {
        const double stored = most != 0 ? d * fmin(nearbyint(-STEPS * s[g] / most), STEPS - 1) : 0;
        const double each = fabs(s[g]) + CODES * ds; /* +32 steps from 0 are 31 at most */
        p.error += error_of(x + N * g, N, stored, 0, s[g], 0, -CODES, CODES - 1);
        p.worst += N * each * each;
    }
    return p;
}

static double square_error(const double *x, const double *y)
{
    double e = 0;
    for (int i = 0; i < SUPER; i++)
        e += (x[i] - y[i]) * (x[i] - y[i]);
    return e;
}

static int finite_of(const double *x)
{
    int n = 0;
    for (int i = 0; i < SUPER; i++)
        n += isfinite(x[i]) != 0;
    return n;
}

static bool all_nan(const double *y)
{
    int n = 0;
    for (int i = 0; i < SUPER; i++)
        n += isnan(y[i]) != 0;
    return n == SUPER;
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
        snprintf(why->text, sizeof why->text, "super-block %lld: %s", (long long)block, what);
    return false;
}

VERIFY(quantize)
{
    const double *x = a->operand[0], *golden = a->operand[1], *y = got[1];
    const int64_t blocks = a->dim[0] * a->dim[1] / SUPER;
    double sum = 0, sum_plain = 0;
    for (int64_t b = 0; b < blocks; b++, x += SUPER, golden += SUPER, y += SUPER) {
        const bool held = finite_of(golden) == SUPER;
        if (!held && c->nan_ignored)
            continue;
        if (finite_of(x) < SUPER) {
            if (!all_nan(y))
                return not_that(why, b, "x holds a NaN or an infinity, and what was written does not decode to NaN");
            continue;
        }
        const plain p = a->type[1] == ASSAY_q4_k ? plain_q4_k(x) : plain_q6_k(x);
        if (finite_of(y) < SUPER) {
            if (held && isfinite(p.error))
                return not_that(why, b, "decodes to what is not finite, and all of x is");
            continue;
        }
        const double e = square_error(x, y);
        if (!(e <= p.worst))
            return no(why, "super-block", b, e, p.worst);
        if (isfinite(p.error))
            sum += e, sum_plain += p.error;
    }
    return !a->random || blocks < MANY || sum <= sum_plain || no(why, "super-blocks", blocks, sum, sum_plain);
}
