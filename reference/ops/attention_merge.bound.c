/* SPDX-License-Identifier: MIT
 * attention_merge: a mean whose weights are off by factors e^x, |x| <= E; attention_merge.bound.md derives it.  planes:
 * a part's weight; how far its lse lies below that of all; of an element the sizes of all that are not empty, and are
 * finite. */
#include "bound.h"

enum { LSE, O, Y, LSE_OUT };
enum { WEIGHT, BELOW, SIZES };

KAPPA(attention_merge)
{
    const int64_t P = a->dim[0], R = a->dim[1], E = a->dim[2];
    const double *lse = a->operand[LSE], *o = a->operand[O];
    for (int64_t r = 0; r < R; r++) {
        double m = -INFINITY, s = 0;
        for (int64_t p = 0; p < P; p++)
            m = fmax(m, lse[p * R + r]);
        for (int64_t p = 0; p < P; p++)
            s += lse[p * R + r] > -INFINITY ? exp(lse[p * R + r] - m) : 0;
        for (int64_t p = r; p < P * R; p += R) {
            planes[WEIGHT][p] = lse[p] > -INFINITY ? exp(lse[p] - m) / s : 0;
            planes[BELOW][p] = lse[p] > -INFINITY ? m - lse[p] + log(s) : 0;
        }
        for (int64_t e = r * E; e < (r + 1) * E; e++) {
            planes[SIZES][e] = 0;
            for (int64_t p = 0; p < P; p++)
                if (lse[p * R + r] > -INFINITY && isfinite(o[p * R * E + e]))
                    planes[SIZES][e] += fabs(o[p * R * E + e]);
        }
    }
}

typedef struct row {
    double u, eta, n, each; /* merges of a part; roundings of each */
    double mean;            /* ln of the mean of e^E */
} row;

/* E of a part, so far below all of them */
static double moved(const row *k, double lse, double below)
{
    const double top = fmax(fabs(lse), fabs(lse + below));
    return log1p(bound_gamma(3 * below + k->n * k->each, k->u)) + k->n * fmin(k->u * top, log(2));
}

static double element(const assay_dense *a, double *const *planes, const row *k, int64_t r, int64_t e)
{
    const int64_t P = a->dim[0], R = a->dim[1], E = a->dim[2];
    const double *o = a->operand[O], *lse = a->operand[LSE];
    double off = 0;
    for (int64_t p = r; p < P * R; p += R) {
        const double w = planes[WEIGHT][p], v = o[p * E + e];
        if (isinf(v) && lse[p] > -INFINITY && w < 4 * k->eta)
            return NAN;                     /* times a weight that may be 0 */
        if (isfinite(v) && v != 0 && w > 0) /* 0, however large a merge of many parts lets a weight become */
            off += w * fabs(v) * expm1(moved(k, lse[p], planes[BELOW][p]) + k->mean);
    }
    return off + k->eta * ((k->n + 1) * planes[SIZES][r * E + e] + 2 * (double)P + 2);
}

BOUND(attention_merge)
{
    const int64_t P = a->dim[0], R = a->dim[1], E = a->dim[2];
    const double *lse = a->operand[LSE], eta = bound_eta(c);
    const double each = BOUND_E(c, e_exp) + BOUND_E(c, e_log) + BOUND_E(c, e_div) / 2 + 3;
    for (int64_t r = 0; r < R; r++) {
        row k = { bound_u(c), eta, fmax(1, fmin(bound_depth(c, (double)P), (double)P - 1)), each, 0 };
        double mean = 0, high = 0;
        for (int64_t p = r; p < P * R; p += R)
            if (planes[WEIGHT][p] > 0) {
                mean += planes[WEIGHT][p] * expm1(moved(&k, lse[p], planes[BELOW][p]));
                high = fmax(high, fmax(fabs(lse[p]), fabs(lse[p] + planes[BELOW][p])));
            }
        k.mean = log1p(mean);
        for (int64_t e = r * E; e < (r + 1) * E; e++) {
            const double off = element(a, planes, &k, r, e - r * E);
            b[Y][e] = off * bound_either(c, planes[SIZES][e] + off) + bound_over(c, high);
        }
        if (b[LSE_OUT])
            b[LSE_OUT][r] = k.mean + eta * ((double)P + 2) + bound_over(c, high);
    }
}
