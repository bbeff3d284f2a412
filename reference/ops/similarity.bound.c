/* SPDX-License-Identifier: MIT
 * similarity: a sum of products, its quotient by two norms, or a sum of squared differences under a root; derived in
 * similarity.bound.md.  Infinite where a square may overflow, or a norm be lost to underflow; NaN where
 * the cosine is 0 by definition and the other norm may overflow: 0 times infinity. */
#include "assay/params/similarity.h"
#include "bound.h"

enum { TERMS, APART, SQUARES_A, SQUARES_B, SIZES_A, SIZES_B };

KAPPA(similarity)
{
    const int64_t T = a->dim[0], N = a->dim[1], D = a->dim[2];
    const double *x = a->operand[0], *y = a->operand[1];
    for (int64_t i = 0; i < T * N; i++) {
        const double *p = x + i / N * D, *q = y + i % N * D;
        double terms = 0, apart = 0, pp = 0, qq = 0, ps = 0, qs = 0;
        for (int64_t d = 0; d < D; d++) {
            terms += fabs(p[d] * q[d]);
            apart += (p[d] - q[d]) * (p[d] - q[d]);
            pp += p[d] * p[d], ps += fabs(p[d]);
            qq += q[d] * q[d], qs += fabs(q[d]);
        }
        planes[TERMS][i] = terms, planes[APART][i] = apart;
        planes[SQUARES_A][i / N] = pp, planes[SIZES_A][i / N] = ps;
        planes[SQUARES_B][i % N] = qq, planes[SIZES_B][i % N] = qs;
    }
}

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

BOUND(similarity)
{
    const assay_similarity_params *p = a->params;
    const int64_t T = a->dim[0], N = a->dim[1];
    const double D = (double)a->dim[2], u = bound_u(c), eta = bound_eta(c), *g = a->operand[2];
    for (int64_t i = 0; i < T * N; i++) {
        const double terms = planes[TERMS][i], apart = planes[APART][i];
        const double xx = planes[SQUARES_A][i / N], yy = planes[SQUARES_B][i % N];
        const double sizes = planes[SIZES_A][i / N] + planes[SIZES_B][i % N];
        const double dot = bound_c(c, D, 1) * terms + (terms > 0 ? lost(c, D, sizes) : 0);
        if (p->form == ASSAY_SIMILARITY_DOT) {
            b[2][i] = dot * bound_either(c, terms + dot);
        } else if (p->form == ASSAY_SIMILARITY_L2) {
            const double part = bound_c(c, D, 3) + (c->ftz ? 2 * eta : 0);
            const double off = part * apart + (apart > 0 ? lost(c, D, 2 * D) : 0); /* 2 sum|a - b| as above */
            const double low = sqrt(fmax(apart - off, 0)), root = off > 0 ? off / (g[i] + low) : 0;
            b[2][i] = root + bound_gamma(BOUND_E(c, e_rsqrt) + 1, u) * (g[i] + root) + (root > 0 ? eta : 0) +
                      bound_over(c, apart + off);
        } else {
            const double na = sqrt(xx), nb = sqrt(yy), size = na * nb, small = eta * (size + 1 / size);
            const double ra = share(c, D, xx), rb = share(c, D, yy);
            const double rest = bound_gamma(2 * BOUND_E(c, e_rsqrt) + BOUND_E(c, e_div) + 3, u);
            const double more = expm1(log1p(rest) - (log1p(-ra) + log1p(-rb)) / 2 - log1p(-small));
            const double under = eta * (2 * D + 1 + 1 / na + 1 / nb);
            const double whole = bound_c(c, D, 1 + 2 * BOUND_E(c, e_div)) * terms + lost(c, D, sizes);
            const double quotient = whole / size * (1 + more) + fabs(g[i]) * more + under;
            const double over = bound_over(c, fmax(fmax(xx, yy) * (1 + bound_c(c, D, 1)), terms + whole));
            const bool known = fmax(fmax(ra, rb), small) < 0.5;
            b[2][i] = size == 0 ? (over > 0 ? NAN : 0) : known ? quotient + over : INFINITY;
        }
    }
}
