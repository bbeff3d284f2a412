/* SPDX-License-Identifier: MIT
 * contrast: the largest of cosines that are off, two products and a difference; derived in contrast.bound.md.  Infinite
 * where any of the cosines is. */
#include "assay/params/contrast.h"
#include "bound.h"

enum { COSINE, BELOW, TERMS, SQUARES_H, SQUARES_CONTEXT, SIZES_H, SIZES_CONTEXT };

static void measure(const double *x, int64_t rows, int64_t D, double *squares, double *sizes)
{
    for (int64_t r = 0; r < rows; r++) {
        squares[r] = sizes[r] = 0;
        for (int64_t d = 0; d < D; d++)
            squares[r] += x[r * D + d] * x[r * D + d], sizes[r] += fabs(x[r * D + d]);
    }
}

KAPPA(contrast)
{
    const int64_t K = a->dim[0], S = a->dim[1], D = a->dim[2];
    const double *h = a->operand[1], *context = a->operand[2];
    measure(h, K, D, planes[SQUARES_H], planes[SIZES_H]);
    measure(context, S, D, planes[SQUARES_CONTEXT], planes[SIZES_CONTEXT]);
    for (int64_t k = 0; k < K; k++) {
        double *below = planes[BELOW] + k * S, most = -INFINITY;
        for (int64_t s = 0; s < S; s++) {
            const double size = sqrt(planes[SQUARES_H][k]) * sqrt(planes[SQUARES_CONTEXT][s]);
            double dot = 0, terms = 0;
            for (int64_t d = 0; d < D; d++) {
                const double t = h[k * D + d] * context[s * D + d];
                dot += t, terms += fabs(t);
            }
            below[s] = size == 0 ? 0 : dot / size;
            most = isnan(below[s]) || below[s] > most ? below[s] : most;
            planes[COSINE][k * S + s] = fabs(below[s]), planes[TERMS][k * S + s] = terms;
        }
        for (int64_t s = 0; s < S; s++)
            below[s] = most - below[s];
    }
}

typedef struct cosine_pair {      /* of rows of D numbers */
    double terms, xx, yy, xs, ys; /* sums of |products|, of squares, of sizes */
    double cosine;
} cosine_pair;

/* What underflows, or is flushed, in a sum of products of which one factor is off by at most eta / 2 each, and the
 * other factors are of these sizes in sum */
static double lost(const assay_contract *c, double D, double sizes)
{
    const double eta = bound_eta(c);
    return eta * (D + 1) + (c->ftz ? eta * (sizes + D) : 0);
}

/* How much of a sum of squares may be lost, of itself; 2 sum|a| is at most D + sum a^2 */
static double share(const assay_contract *c, double D, double squares)
{
    return bound_c(c, D, 1) + lost(c, D, D) / squares + (c->ftz ? bound_eta(c) : 0);
}

/* As similarity's: infinite where a square may overflow, or a norm be lost to underflow, and where the other norm of a
 * zero row may overflow: 0 times infinity. */
static double cosine_off(const assay_contract *c, double D, const cosine_pair *k)
{
    const double u = bound_u(c), eta = bound_eta(c), xx = k->xx, yy = k->yy;
    const double na = sqrt(xx), nb = sqrt(yy), size = na * nb, small = eta * (size + 1 / size);
    const double ra = share(c, D, xx), rb = share(c, D, yy);
    const double rest = bound_gamma(2 * BOUND_E(c, e_rsqrt) + BOUND_E(c, e_div) + 3, u);
    const double more = expm1(log1p(rest) - (log1p(-ra) + log1p(-rb)) / 2 - log1p(-small));
    const double under = eta * (2 * D + 1 + 1 / na + 1 / nb);
    const double whole = bound_c(c, D, 1 + 2 * BOUND_E(c, e_div)) * k->terms + lost(c, D, k->xs + k->ys);
    const double quotient = whole / size * (1 + more) + fabs(k->cosine) * more + under;
    const double over = bound_over(c, fmax(fmax(xx, yy) * (1 + bound_c(c, D, 1)), k->terms + whole));
    const bool known = fmax(fmax(ra, rb), small) < 0.5;
    return size == 0 ? over : known ? quotient + over : INFINITY;
}

BOUND(contrast)
{
    const assay_contrast_params *p = a->params;
    const int64_t K = a->dim[0], S = a->dim[1];
    const double D = (double)a->dim[2], u = bound_u(c), eta = bound_eta(c), alpha = (double)p->alpha;
    const double part = alpha > 0 && alpha < 1; /* else nothing is rounded but the cosines */
    for (int64_t k = 0; k < K; k++) {
        const double chance = fabs(((const double *)a->operand[0])[k]);
        double off = 0, most = 0;
        for (int64_t s = 0; s < S; s++) {
            const int64_t i = k * S + s;
            const cosine_pair pair = { planes[TERMS][i],   planes[SQUARES_H][k],     planes[SQUARES_CONTEXT][s],
                                       planes[SIZES_H][k], planes[SIZES_CONTEXT][s], planes[COSINE][i] };
            off = fmax(off, cosine_off(c, D, &pair) - planes[BELOW][i]);
            most = planes[BELOW][i] == 0 ? planes[COSINE][i] : most;
        }
        const double two = part * bound_gamma(2, u), flushed = c->ftz ? eta * (chance + most + off + 4) : 0;
        const double score = (1 - alpha) * chance * part * bound_gamma(3, u) + alpha * (most * two + off * (1 + two));
        b[3][k] = off == INFINITY ? INFINITY : score + part * eta + flushed;
    }
}
