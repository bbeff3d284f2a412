/* SPDX-License-Identifier: MIT
 * softmax, derived in softmax.bound.md.  An element's exponential is off by the factor 1 + rho, ln(1 + rho) = u (e_exp
 * + |z - max z| + moved + 4 u most): moved is what rounding scale x and + mask may do to z, in u, most the largest of
 * the row (the maximum that the kernel has is off by as much).  In two passes numerator and sum hold the same
 * exponentials: q = ((1 - 2 y_i) rho_i + all) / (1 - all),  all = sum_j y_j rho_j: what is common cancels. Online, only
 * what rounding z does is common (shared, of which the same holds); the exponential of the numerator (own) and those of
 * the sum (kept: as many more and as many products as the running maximum was raised) are different ones: q = (1 +
 * shared) (1 + (own_i + apart) / (1 - apart)) - 1,  apart = e^(4 u most) sum_j y_j kept_j. exp(0) = 1: of the only
 * maximum, y > 1/2, nothing is lost to the exponential; f = min(1, 2 (1 - y)) of it to others. The larger q holds; then
 * the sum's own rounding and the division: y_i (q (1 + r) + r), r = gamma(h(n) + e_div), + 2 eta, for an exponential
 * that is subnormal is off by eta, and so is y.  A sink is one more element, neither scaled nor masked (moved = 0),
 * that joins first or last: it may raise the maximum once more, and its share counts in all and apart.  Where a logit
 * may move by 1/2 or a sum exceeds 1/2, nothing is known but that y is at most 1; nor where the maximum may overflow,
 * and there NaN is right besides: inf - inf. */
#include "logits.h"

/* Planes besides those of all logits: of a sink, how far it lies below the maximum (no sink: infinitely) and how often
 * a running maximum that starts with it is raised, from either end of the row. */
enum { AWAY = RAISED + 1, SUNK };

static double rises(const assay_dense *a, int64_t r, int64_t step, double low)
{
    const int64_t C = a->dim[1];
    double n = 0, moved;
    for (int64_t w = 0; w < C; w++) {
        const double z = logit(a, r * C + (step > 0 ? w : C - 1 - w), &moved), slack = moved * ASSAY_U;
        if (z > -INFINITY && z + slack > low)
            low = z - slack, n++;
    }
    return n;
}

/* The sink joins the planes of row r, which were made without it. */
static void add_sink(const assay_dense *a, double *const *planes, int64_t r, double sink)
{
    const int64_t C = a->dim[1];
    double m = -INFINITY, moved;
    for (int64_t i = r * C; i < (r + 1) * C; i++)
        m = fmax(m, logit(a, i, &moved));
    const double up = fmax(m, sink), further = m > -INFINITY ? up - m : 0;
    for (int64_t i = r * C; i < (r + 1) * C; i++)
        if (logit(a, i, &moved) > -INFINITY) {
            planes[ARG][i] += further;
            planes[RAISED][i]++;
        }
    planes[AWAY][r] = up - sink;
    planes[SUNK][r] = fmax(rises(a, r, 1, sink), rises(a, r, -1, sink));
    planes[SUM][r] = planes[SUM][r] * exp(-further) + exp(sink - up);
}

KAPPA(softmax)
{
    const double *sinks = a->operand[2];
    logit_planes(a, planes);
    for (int64_t r = 0; r < a->dim[0]; r++) {
        planes[AWAY][r] = INFINITY;
        planes[SUNK][r] = 0;
        if (sinks && sinks[r] != -INFINITY)
            add_sink(a, planes, r, sinks[r]);
    }
}

typedef struct row { /* of y, arg, raised */
    double u, e, most;
    bool rough; /* raises were counted for f32: here each element may raise */
    int64_t C;
} row;

static double exponent(const row *r, double y, double distance, double raised)
{
    const double f = fmin(1, 2 * (1 - y)), times = r->rough ? (double)r->C : raised;
    return expm1(r->u * (r->e * (f + times) + times + distance + (4 + r->e) * r->most));
}

BOUND(softmax)
{
    const int64_t R = a->dim[0], C = a->dim[1];
    const int64_t sinks = a->operand[2] != NULL;
    const double u = bound_u(c), e = BOUND_E(c, e_exp);
    const double rest = bound_c(c, (double)C, BOUND_E(c, e_div) + (double)sinks);
    for (int64_t k = 0; k < R; k++) {
        const row r = { u, e, u * planes[MOST][k], u > ASSAY_U, C + sinks }, one = { u, e, r.most, false, C };
        const double *y = (const double *)a->operand[3] + k * C, *arg = planes[ARG] + k * C;
        double all = r.most < 0.5 ? 0 : 1, shared = 0, apart = 0, moved;
        for (int64_t i = 0; i < C; i++)
            if (y[i] > 0) {
                logit(a, k * C + i, &moved);
                all += y[i] * expm1((e + arg[i] + 4 * r.most) * u);
                shared += y[i] * expm1(moved * u);
                apart += y[i] * exponent(&r, y[i], arg[i] - moved, planes[RAISED][k * C + i]);
            }
        const double away = planes[AWAY][k], sink = away < INFINITY ? exp(-away) / planes[SUM][k] : 0;
        if (sink > 0) {
            all += sink * expm1((e + away + 4 * r.most) * u);
            apart += sink * exponent(&r, sink, away, planes[SUNK][k]);
        }
        apart *= exp(4 * r.most);
        const double either = bound_either(c, peak(a, k));
        const bool known = all < 0.5 && apart < 0.5 && either > 0;
        for (int64_t i = 0; i < C; i++) {
            logit(a, k * C + i, &moved);
            const double rho = known && y[i] > 0 ? expm1((e + arg[i] + 4 * r.most) * u) : 0;
            const double own = known && y[i] > 0 ? exponent(&one, y[i], arg[i] - moved, 0) : 0;
            const double two_pass = ((1 - 2 * y[i]) * rho + all) / (1 - all);
            const double common = ((1 - 2 * y[i]) * (known && y[i] > 0 ? expm1(moved * u) : 0) + shared) / (1 - shared);
            const double other = (own + apart) / (1 - apart);
            const double q = fmax(two_pass, common + other + common * other);
            b[3][k * C + i] = known ? y[i] * (q * (1 + rest) + rest) + 2 * bound_eta(c) * (planes[SUM][k] > 0) : 1;
            b[3][k * C + i] *= either;
        }
    }
}
