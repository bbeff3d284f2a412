/* SPDX-License-Identifier: MIT
 * attention: one query at a time (derived in attention.bound.md).  With weights w_j, scores s_j (scaled, before the
 * cap), z_j (after cap and bias), m = max z, k_j = 1 - tanh^2 (1 without a cap), sigma_j = scale sum_d |q_d k_jd| and
 *   rho_j = k_j (c(D + 1) sigma_j + 2u |s_j|) + u ((e_tanh + 2) |cap tanh| + biases_j + |z_j - m| + e_exp (1 + r_j))
 *           + eta under_j: what of the score, or an operand, may underflow,
 *   B1    = min(phi sum_j w_j rho_j |v_jc - o_c|, max |v_jc - o_c|):  a factor common to all weights cancels; phi = 1 +
 *           O(max rho) covers all that is of second order, steep a slope k_j that grows with what the score is off
 *   C     = c(n + 1 + raises),  P = p / (1 - p), p the roundoff of the type that weights are rounded to
 *   X     = B1 + P (A + |o| + B1) + C A (1 + 2 P),  A = min(phi sum_j w_j |v_jc|, |o| + max |v_jc - o_c|)
 *   B     = (1 + C) (X (1 + e_div u) + |o| e_div u + eta (sum_j |v_jc| / L + n + raises + 1)) + |o| C
 * r_j: how often a running maximum that holds key j may be raised, which rescales it: by later keys that may exceed all
 * before them from j on, and by earlier ones likewise: any merging of neighbouring ranges of keys.  That the rescalings
 * subtract too is in |z_j - m|: they telescope.  A sink is one more key with v = 0, merged first or last.  Keys that
 * lie 750 below the maximum whatever the errors weigh less than eta.  Where the products or the sums of a score, or a
 * query times the scale, may overflow, weights may be any, of all keys that are seen, or there are none, and NaN is
 * right besides; so are infinities where the values' running sum, of weights up to 1, may overflow.  Planes are
 * contract independent; r_j uses the errors of f32 in any order, and counts every key for accumulators narrower than
 * that. */
#include "attention.h"
#include "bound.h"
#include <stdlib.h>

#define U ASSAY_U

/* from RAISES on: per row */
enum { ABS, DOT, REST, WEIGHT, TANH, UNDER, OVER, RANGE, RAISES, COUNT, SIGMA, REACH, MOST_UNDER, SIZE, N_PLANES };
static const double LOST = 750; /* e^-750 < 2^-1074 */

/* Of one visible key: its number, score after everything, and the coefficients of its rho; sigma and reach without the
 * slope of the cap; under: what may underflow, in eta; slack: what z may be off in f32, subnormals flushed. */
typedef struct key {
    double z, w, dot, rest, tanh, sigma, reach, under, slack, products, sums;
    int64_t j, raises;
    bool live;
} key;

static double three(double z, double mask, double bias)
{
    return fmax(fabs(z + mask), fmax(fabs(z + bias), fabs(mask + bias)));
}

/* What rounding z + mask + bias in any order may move, in u: the slope's product, too, and its distance where no float
 * holds it. */
static double adding(double z, double mask, double bias, double distance)
{
    const double order = three(z, mask, bias), product = fabs(bias) * (distance > 0x1p24 ? 2 : 1);
    return mask == 0 && bias == 0 ? 0 : fabs(z + mask + bias) + product + (mask == 0 || bias == 0 ? 0 : order);
}

static key key_of(const att *x, int64_t b, int64_t t, int64_t h, int64_t j)
{
    const double *q = att_q(x, b, t, h), *kk = att_k(x, b, h, j);
    const double mask = att_mask(x, b, t, h, j), bias = att_alibi(x, b, t, h, j),
                 dot = bound_gamma((double)x->D + 1, U);
    const double distance = fabs((double)(att_kpos(x, b, j) - att_qpos(x, b, t)));
    double s = 0, sigma = 0, scaled = 0, sizes = 0;
    for (int64_t d = 0; d < x->D; d++) {
        const double p = q[d] * kk[d] * x->scale;
        s += p, sigma += fabs(p), scaled = fmax(scaled, fabs(q[d]) * x->scale);
        sizes += fabs(q[d]) + fabs(kk[d]);
    }
    const double th = x->cap > 0 ? tanh(s / x->cap) : 0, slope = x->cap > 0 ? 1 - th * th : 1;
    const double z = x->cap > 0 ? x->cap * th : s, add = adding(z, mask, bias, distance);
    key k = { .z = z + mask + bias, .j = j, .dot = slope * sigma, .rest = 2 * slope * fabs(s) + add };
    k.tanh = x->cap * fabs(th);
    k.sigma = sigma, k.reach = 2 * fabs(s) + add;
    k.products = fmax(2 * fmax(sigma, sigma / x->scale), scaled);
    k.sums = fmax(fabs(k.z), three(x->cap > 0 ? x->cap * th : s, mask, bias));
    k.under = fmax(1, x->scale) * ((double)x->D + sizes) + 3 * x->cap + 4 + (x->slopes ? distance : 0);
    k.slack = (dot * k.dot + (k.rest + 6 * k.tanh) * U) * (x->cap > 0 ? exp(2 * (dot + 2 * U) * sigma / x->cap) : 1) +
              0x1p-124 * k.under;
    return k;
}

/* Adds to each key's raises those by keys walked after it: next[i] is the first that may exceed key i's lower end,
 * chain[i] = 1 + chain[next[i]].  Whatever the errors, no more keys raise a maximum that is at least key i (by
 * induction from the last: a key before next[i] cannot, and next[i] either does, and 1 + chain[next[i]] holds, or does
 * not, and the maximum is at least next[i]).  Returns the chain that a maximum begins which starts at low. */
static int64_t count_raises(key *k, int64_t n, int64_t first, int64_t step, double low, int64_t *chain)
{
    int64_t *next = chain + n;
    for (int64_t w = n - 1; w >= 0; w--) {
        const int64_t i = first + w * step;
        int64_t o = w + 1 < n ? i + step : -1;
        while (o >= 0 && !(k[o].z + k[o].slack > k[i].z - k[i].slack))
            o = next[o];
        next[i] = o;
        chain[i] = o >= 0 ? 1 + chain[o] : 0;
        k[i].raises += chain[i];
    }
    int64_t o = n ? first : -1;
    while (o >= 0 && !(k[o].z + k[o].slack > low))
        o = next[o];
    return o >= 0 ? 1 + chain[o] : 0;
}

static void add_key(const att *x, const key *k, const double *v, double m, double sum, double *const *planes,
                    int64_t at)
{
    const double *o = x->o + at, w = k->w / sum, weight = w * (double)(1 + k->raises);
    const double rest = w > 0 ? w * (k->rest + fabs(k->z - m)) : 0, under = w > 0 ? w * k->under : 0;
    for (int64_t e = 0; e < x->E; e++) {
        const double d = fabs(v[e] - o[e]);
        planes[ABS][at + e] += w * fabs(v[e]);
        planes[DOT][at + e] += w * k->dot * d;
        planes[REST][at + e] += rest * d;
        planes[WEIGHT][at + e] += weight * d;
        planes[TANH][at + e] += w * k->tanh * d;
        planes[UNDER][at + e] += under * d;
        planes[OVER][at + e] += fabs(v[e]) / sum;
        planes[RANGE][at + e] = k->live ? fmax(planes[RANGE][at + e], d) : planes[RANGE][at + e];
    }
}

static void planes_of(const att *x, int64_t b, int64_t t, int64_t h, key *k, int64_t *chain, double *const *planes)
{
    const int64_t len = att_len(x, b), row = (b * x->T + t) * x->H + h, E = x->E, sinks = x->sinks != NULL;
    const double sink = sinks ? x->sinks[h] : -INFINITY;
    double m = sink, sum = 0, most = 0, slack = 0, size = 0;
    int64_t n = 0;
    for (int64_t j = 0; j < len; j++)
        if (att_visible(x, b, t, h, j)) {
            k[n] = key_of(x, b, t, h, j);
            size = fmax(size, k[n].products);
            if (k[n].z == -INFINITY)
                continue;
            slack = k[n].z > m ? k[n].slack : slack;
            m = fmax(m, k[n].z);
            k[n++].raises = 0;
        }
    for (int p = 0; p < N_PLANES; p++)
        for (int64_t e = 0; e < (p >= RAISES ? 1 : E); e++)
            planes[p][(p >= RAISES ? row : row * E) + e] = 0;
    if (n == 0)
        return;
    const int64_t forth = count_raises(k, n, 0, 1, sink, chain), back = count_raises(k, n, n - 1, -1, sink, chain);
    for (int64_t i = 0; i < n; i++) {
        k[i].raises += sinks;
        sum += k[i].w = exp(k[i].z - m);
        k[i].live = !(m - k[i].z - k[i].slack - slack >= LOST);
        if (!k[i].live)
            continue;
        size = fmax(size, k[i].sums);
        most = fmax(most, (double)k[i].raises);
        planes[SIGMA][row] = fmax(planes[SIGMA][row], k[i].sigma);
        planes[REACH][row] = fmax(planes[REACH][row], k[i].reach + fabs(k[i].z - m));
        planes[MOST_UNDER][row] = fmax(planes[MOST_UNDER][row], k[i].under);
    }
    sum += sinks ? exp(sink - m) : 0;
    planes[SIZE][row] = size;
    planes[COUNT][row] = (double)(n + sinks);
    planes[RAISES][row] = fmax(most, (double)(sinks ? forth > back ? forth : back : 0));
    for (int64_t i = 0; i < n; i++)
        add_key(x, &k[i], att_v(x, b, h, k[i].j), m, sum, planes, row * E);
    const double w = sinks ? exp(sink - m) / sum : 0, raises = (double)(forth > back ? forth : back);
    for (int64_t e = row * E; e < (row + 1) * E; e++) {
        planes[REST][e] += w > 0 ? w * fabs(sink - m) * fabs(x->o[e]) : 0;
        planes[WEIGHT][e] += w * (1 + raises) * fabs(x->o[e]);
        planes[RANGE][e] = fmax(planes[RANGE][e], sinks ? fabs(x->o[e]) : 0);
    }
}

KAPPA(attention)
{
    const att x = att_open(a);
    key *k = malloc((size_t)(x.S + 1) * sizeof *k);
    int64_t *chain = malloc((size_t)(2 * x.S + 1) * sizeof *chain);
    for (int64_t b = 0; b < x.B; b++)
        for (int64_t t = 0; t < x.T; t++)
            for (int64_t h = 0; h < x.H; h++)
                if (k && chain)
                    planes_of(&x, b, t, h, k, chain, planes);
                else /* a bound of NaN accepts nothing */
                    planes[RAISES][(b * x.T + t) * x.H + h] = NAN;
    free(chain);
    free(k);
}

/* What a mean of the keys that are seen, or 0, may lie from o: a value that is not finite makes it NaN or infinite. */
static double hull(const att *x, int64_t row, int64_t e, double o)
{
    const int64_t h = row % x->H, t = row / x->H % x->T, b = row / x->H / x->T, len = att_len(x, b);
    double most = fabs(o);
    for (int64_t j = 0; j < len; j++) {
        const double v = att_v(x, b, h, j)[e];
        most = isfinite(v) && att_visible(x, b, t, h, j) ? fmax(most, fabs(v - o)) : most;
    }
    return most;
}
/* The largest value of all keys that is finite. */
static double largest(const att *x)
{
    double most = 0;
    for (int64_t i = 0; i < x->B * x->S * x->G * x->E; i++)
        most = isfinite(x->v[i]) ? fmax(most, fabs(x->v[i])) : most;
    return most;
}

BOUND(attention)
{
    const att x = att_open(a);
    const double u = bound_u(c), dot = bound_c(c, (double)x.D, 1), eta = bound_eta(c), e_div = BOUND_E(c, e_div) * u;
    const double e_exp = BOUND_E(c, e_exp), e_tanh = BOUND_E(c, e_tanh) + 2;
    const double p = c->p_round == ASSAY_f16 ? 0x1p-11 : c->p_round == ASSAY_bf16 ? 0x1p-8 : 0, P = p / (1 - p);
    const double over = eta + (c->p_round == ASSAY_f16 ? 0x1p-24 : 0);
    const bool rough = u > U || e_tanh > 6; /* r_j was counted for smaller errors than these */
    const double end = largest(&x);
    for (int64_t i = 0; i < x.B * x.T * x.H; i++) {
        const bool wild = bound_over(c, planes[SIZE][i]) > 0; /* scores may be infinite */
        const double n = planes[COUNT][i], raises = rough || wild ? n : planes[RAISES][i];
        const double C = bound_c(c, n, 1 + raises);
        const double steep = x.cap > 0 ? exp(2 * (dot + 2 * u) * planes[SIGMA][i] / x.cap + e_tanh * u) : 1;
        const double R = (dot + 2 * u) * planes[SIGMA][i] +
                         u * (planes[REACH][i] + e_tanh * x.cap + e_exp * (1 + raises)) + eta * planes[MOST_UNDER][i];
        const double R1 = R * (1 + 2 * R / e_exp), grow = R1 * exp(R1);
        const double phi = grow < 1 ? R1 / R * exp(R1) / (1 - grow) : INFINITY;
        for (int64_t e = i * x.E; e < (i + 1) * x.E; e++) {
            const double g = fabs(x.o[e]), A = planes[ABS][e];
            const double range = wild ? hull(&x, i, e - i * x.E, x.o[e]) : planes[RANGE][e];
            const double scores = dot * planes[DOT][e] + u * planes[REST][e];
            const double rho = (scores > 0 ? steep * scores : 0) + u * e_tanh * planes[TANH][e] +
                               u * e_exp * (rough ? n : 1) * planes[WEIGHT][e] + eta * planes[UNDER][e];
            const bool any = wild || isinf(phi); /* whatever the weights are, which may be 0 in rho and A */
            const double B1 = any ? range : rho > 0 ? fmin(phi * rho, range) : 0;
            const double wide = any ? range + g : A > 0 ? fmin(phi * A, range + g) : 0;
            const double X = B1 + P * (wide + g + B1) + C * wide * (1 + 2 * P);
            const double times = any ? n : n * phi; /* a running sum: each of n weights may be 1, whatever it ends as */
            const double top = bound_over(c, times * (end + C * end)) > 0 ? hull(&x, i, e - i * x.E, 0) : 0;
            const double lost = over * planes[OVER][e] + (n > 0 ? eta * (n + raises + 1) : 0);
            b[11][e] = ((1 + C) * (X * (1 + e_div) + g * e_div + lost) + g * C) *
                       (wild ? -1 : bound_either(c, times * (top + C * top)));
        }
    }
}
