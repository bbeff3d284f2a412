/* SPDX-License-Identifier: MIT
 * moe_gate: verify() accepts the ids that a kernel within its contract can choose, and for the ids that it chose the
 * weights within their bound (moe_gate.bound.md).
 *
 * The score s of each expert lies within s +- own, c = s + bias within [low, high].  Ids are right if they are n of
 * the candidates, high of each at least low of the next, and of every candidate that is left.  Candidates are the
 * experts of `keep` groups: any set of groups of which the least high of what is in it is no less than the greatest
 * low of what is not.  Of all such sets one must do.  What is exact and equal is ordered by the index. */
#include "assay/params/moe_gate.h"
#include "assay/params/softmax.h"
#include "bound.h"
#include "../core/status.h"
#include <stdlib.h>

KAPPA(moe_gate)
{
    (void)a, (void)planes;
}
BOUND(moe_gate)
{
    (void)a, (void)planes, (void)c, (void)b;
}

REFERENCE_OF(softmax, double);
KAPPA(softmax);
BOUND(softmax);

typedef struct row { /* of X experts: arrays of X numbers, and of one for each group */
    const assay_moe_gate_params *p;
    const assay_contract *c;
    const double *z, *bias;
    int64_t X, K, n; /* n: how many can be chosen */
    double *s;       /* the score; of CHOSEN the logit */
    double *full;    /* how far it may be off; less than 0, as bound_either says: it may be NaN */
    double *own;     /* the same without what all scores of the row share; of CHOSEN 0 */
    double *low, *high, *group_low, *group_high, *room; /* room: 5 X + 2 */
    bool *chosen;
    bool open; /* what is compared may overflow: any choice is right */
} row;

/* y = softmax(z[0 .. n)), and its bound into off; room: 2 n + 4 */
static void softmax(const assay_contract *c, const double *z, int64_t n, double *y, double *off, double *room)
{
    void *operand[] = { (void *)(uintptr_t)z, NULL, NULL, y };
    double *const one = room + 2 * n; /* planes of a row: the sum, the largest share, two of the sinks that are none */
    double *const planes[] = { room, one, one + 1, room + n, one + 2, one + 3 }, *const b[] = { NULL, NULL, NULL, off };
    const assay_softmax_params p = { .scale = 1 };
    const assay_dense a = { operand, NULL, (const int64_t[]){ 1, n }, &p, NULL, false };
    assay_softmax_double(&a);
    assay_softmax_kappa(&a, planes);
    assay_softmax_bound(&a, planes, c, b);
}

/* s, full and own of all experts */
static void weigh(row *r)
{
    const double u = bound_u(r->c), eta = bound_eta(r->c), e_exp = BOUND_E(r->c, e_exp), e_div = BOUND_E(r->c, e_div);
    double top = -INFINITY;
    for (int64_t i = 0; i < r->X; i++)
        top = fmax(top, r->z[i]);
    if (r->p->score == ASSAY_GATE_SOFTMAX)
        softmax(r->c, r->z, r->X, r->s, r->full, r->room);
    for (int64_t i = 0; i < r->X; i++) {
        const double z = r->z[i], e = exp(-fabs(z)), d = top - z;
        if (r->p->score == ASSAY_GATE_CHOSEN) {
            r->s[i] = z, r->full[i] = r->own[i] = 0;
        } else if (r->p->score == ASSAY_GATE_SIGMOID) {
            r->s[i] = (z < 0 ? e : 1) / (1 + e);
            r->full[i] = r->own[i] = r->s[i] * bound_gamma(e_exp * (1 - r->s[i]) + e_div + 1, u) + eta;
        } else {
            const double argument = r->s[i] > 0 ? expm1(u * ((d > 0 ? e_exp : 0) + d)) : 0;
            const double rounded = bound_gamma(e_div + 1, u);
            r->own[i] = r->s[i] * (argument + rounded + argument * rounded) + 2 * eta;
        }
    }
}

/* Where c may lie.  Where nothing is added to softmax, what is common to all does not count. */
static void place(row *r)
{
    const double u = bound_u(r->c), eta = bound_eta(r->c);
    for (int64_t i = 0; i < r->X; i++) {
        const double bias = r->bias ? r->bias[i] : 0, c = r->s[i] + bias, first = r->bias ? r->full[i] : r->own[i];
        const double off = first + (bias == 0 ? 0 : u * (fabs(c) + fabs(first))) + (r->c->ftz ? 2 * eta : 0);
        const bool none = isinf(c);
        r->open = r->open || first < 0 || (!none && bound_over(r->c, 2 * (fabs(c) + off)) > 0);
        r->low[i] = none ? c : c - off;
        r->high[i] = none ? c : c + off;
    }
}

static double group_score(const double *c, int64_t n, int best)
{
    double first = -INFINITY, second = -INFINITY;
    for (int64_t i = 0; i < n; i++)
        if (c[i] > first)
            second = first, first = c[i];
        else
            second = fmax(second, c[i]);
    return best == ASSAY_GATE_MOST || n < 2 ? first : first + second;
}

/* A group's score rises with each c: it lies between that of all low and that of all high, and is rounded once. */
static void place_groups(row *r)
{
    const int64_t size = r->X / r->p->groups;
    const double u = r->p->best == ASSAY_GATE_TWO && size > 1 ? bound_u(r->c) : 0;
    for (int64_t g = 0; g < r->p->groups; g++) {
        const double low = group_score(r->low + g * size, size, r->p->best);
        const double high = group_score(r->high + g * size, size, r->p->best);
        r->group_low[g] = isinf(low) ? low : low - u * fabs(low) - (r->c->ftz ? bound_eta(r->c) : 0);
        r->group_high[g] = isinf(high) ? high : high + u * fabs(high) + (r->c->ftz ? bound_eta(r->c) : 0);
    }
}

/* Does j come before what has at most `high`, whatever is rounded?  What is exact and equal is ordered by the index i.
 */
static bool ahead(const double *low, const double *high, int64_t j, double least, int64_t i)
{
    return low[j] > least || (low[j] == high[j] && low[j] == least && j < i);
}

/* What is exact: the index, else one that nothing is below */
static int64_t index_of(const double *low, const double *high, int64_t i)
{
    return low[i] == high[i] ? i : -1;
}

/* Is there a set of `keep` groups, without `out`, which none of it comes after and all that come before which are in
 * it, that holds the chosen and nothing else that comes before the last of these, which has `least`?  out: -1: all stay
 */
static bool holds(const row *r, int64_t out, double least, int64_t last)
{
    const int64_t size = r->X / r->p->groups;
    const double *low = r->group_low, *high = r->group_high;
    int64_t must = 0, may = 0;
    for (int64_t g = 0; g < r->p->groups; g++) {
        bool used = false, better = false;
        for (int64_t i = g * size; i < (g + 1) * size; i++) {
            used = used || r->chosen[i];
            better = better || (!r->chosen[i] && ahead(r->low, r->high, i, least, last));
        }
        const bool above = out >= 0 && g != out && ahead(low, high, g, low[out], index_of(low, high, out));
        const bool can = out < 0 || (g != out && !ahead(low, high, out, high[g], index_of(low, high, g)));
        if ((used && !can) || ((used || above) && better))
            return false;
        must += used || above;
        may += can && !better;
    }
    return must <= r->p->keep && may >= r->p->keep;
}

/* NULL: the ids may be chosen, in this order; else why not, and at which of them (-1: of all). */
static const char *refused(row *r, const double *ids, int64_t *at)
{
    double least = INFINITY;
    int64_t last = -1; /* of those with the least: the last index that is exact */
    for (int64_t i = 0; i < r->X; i++)
        r->chosen[i] = false;
    for (int64_t k = 0; k < r->K; k++) {
        *at = k;
        if (k >= r->n) {
            if (ids[k] != -1)
                return r->n ? "but none is left: -1 is right" : "but the row has no answer: -1 is right";
            continue;
        }
        if (!(ids[k] >= 0 && ids[k] < (double)r->X) || ids[k] != floor(ids[k]))
            return ids[k] == -1 ? "but experts are left" : "no expert";
        if (r->chosen[(int64_t)ids[k]])
            return "for the second time";
        const int64_t i = (int64_t)ids[k], before = k > 0 ? (int64_t)ids[k - 1] : i;
        r->chosen[i] = true;
        if (!r->open && ahead(r->low, r->high, i, r->high[before], index_of(r->low, r->high, before)))
            return "which comes before the id that it follows";
        last = r->high[i] < least ? -1 : last;
        least = fmin(least, r->high[i]);
        last = r->high[i] == least && index_of(r->low, r->high, i) > last ? i : last;
    }
    *at = -1;
    bool found = r->n == 0 || r->open || (r->p->keep == r->p->groups && holds(r, -1, least, last));
    for (int64_t g = 0; !found && r->p->keep < r->p->groups && g < r->p->groups; g++)
        found = holds(r, g, least, last);
    return found                       ? NULL
           : r->p->keep < r->p->groups ? "ids are not the best of the best groups"
                                       : "ids are not the best";
}

/* Of the kernel's ids: the golden weights and how far they may be off */
static void weights_of(row *r, const double *ids, double *want, double *off)
{
    const double u = bound_u(r->c), eta = bound_eta(r->c), scale = r->p->scale;
    const bool after = r->p->score == ASSAY_GATE_CHOSEN, norm = r->p->norm && !after;
    double sum = 0, sum_off = 0, *z = r->room;
    for (int64_t k = 0; k < r->n; k++)
        sum += r->s[(int64_t)ids[k]], z[k] = r->z[(int64_t)ids[k]];
    if (after)
        softmax(r->c, z, r->n, want, off, r->room + r->n);
    for (int64_t k = 0; !after && k < r->n; k++) {
        const int64_t i = (int64_t)ids[k];
        want[k] = r->s[i];
        off[k] = norm && sum > 0x1p-20 ? r->own[i] : r->full[i]; /* what all share cancels, but beside 1e-20 */
        sum_off += off[k];
    }
    const double whole = sum + 1e-20, last = bound_c(r->c, (double)r->n, 3) * (whole + sum_off) + sum_off;
    const double more = last < whole / 2 ? whole / (whole - last) * (1 + bound_gamma(BOUND_E(r->c, e_div) + 3, u)) : 0;
    for (int64_t k = 0; k < r->n; k++) {
        const bool finite = off[k] >= 0;
        if (norm) {
            off[k] = more > 0 ? scale * ((want[k] + off[k]) * more - want[k]) / whole : INFINITY;
            want[k] = scale * (want[k] / whole);
            off[k] += eta * (1 + scale + (1 + scale) / whole);
        } else {
            want[k] *= scale;
            off[k] = scale * off[k] + (scale == 1 ? 0 : u * (want[k] + scale * off[k]) + eta);
        }
        off[k] = !finite || bound_over(r->c, want[k]) > 0 ? -1 : off[k] + 0x1p-50 * want[k];
    }
}

/* Is a row the golden's, in its ids, and in its weights but for what the last operation may be off, whichever it is? */
static bool is_golden(const row *r, const double *ids, const double *weights, const double *want_ids,
                      const double *want_weights)
{
    const double u = bound_u(r->c) * fmin(BOUND_E(r->c, e_div), 1);
    bool same = true;
    for (int64_t k = 0; same && k < r->K; k++)
        same = ids[k] == want_ids[k] && fabs(weights[k] - want_weights[k]) <= u * want_weights[k];
    return same;
}

static bool is_right(row *r, const double *ids, const double *weights, int64_t t, assay_why *why)
{
    double *want = r->room + 3 * r->X + 4, *off = want + r->X;
    bool bad = false;
    for (int64_t i = 0; i < r->X; i++)
        bad = bad || !(r->z[i] < INFINITY) || (r->bias && !(r->bias[i] < INFINITY));
    r->n = bad ? 0 : r->p->keep * (r->X / r->p->groups);
    r->n = r->n < r->K ? r->n : r->K;
    r->open = false;
    if (r->n > 0)
        weigh(r), place(r), place_groups(r);
    int64_t at = -1;
    const char *reason = refused(r, ids, &at);
    if (reason && at < 0)
        return assay_fail(why, ASSAY_ERR_ARG, "moe_gate: row %lld: %s", (long long)t, reason) == ASSAY_OK;
    if (reason)
        return assay_fail(why, ASSAY_ERR_ARG, "moe_gate: row %lld: id %lld is %.9g, %s", (long long)t, (long long)at,
                          ids[at], reason) == ASSAY_OK;
    weights_of(r, ids, want, off);
    for (int64_t k = 0; k < r->K; k++) {
        const double w = k < r->n ? want[k] : 0, b = k < r->n ? off[k] : 0;
        if (!(fabs(weights[k] - w) <= b) && !(b < 0))
            return assay_fail(why, ASSAY_ERR_ARG, "moe_gate: row %lld: weight %lld is %.9g; that of id %.0f is %.9g",
                              (long long)t, (long long)k, weights[k], ids[k], w) == ASSAY_OK;
    }
    return true;
}

VERIFY(moe_gate)
{
    const int64_t X = a->dim[1], K = a->dim[2], T = a->dim[0];
    const assay_moe_gate_params *p = a->params;
    const double *ids = got[2], *weights = got[3], *want_ids = a->operand[2], *want_weights = a->operand[3];
    double *room = malloc((size_t)(10 * X + 2 * p->groups + 6) * sizeof *room);
    bool *taken = malloc((size_t)X + 1), ok = room && taken;
    if (!ok)
        assay_fail(why, ASSAY_ERR_NOMEM, "moe_gate: no memory for X=%lld", (long long)X);
    for (int64_t t = 0; ok && t < T; t++) {
        double *at = room;
        row r = { .p = p, .c = c, .X = X, .K = K, .chosen = taken };
        r.z = (const double *)a->operand[0] + t * X, r.bias = a->operand[1];
        r.s = at, r.full = at + X, r.own = at + 2 * X, r.low = at + 3 * X, r.high = at + 4 * X;
        r.group_low = at + 5 * X, r.group_high = r.group_low + p->groups, r.room = r.group_high + p->groups;
        ok = is_golden(&r, ids + t * K, weights + t * K, want_ids + t * K, want_weights + t * K) ||
             is_right(&r, ids + t * K, weights + t * K, t, why);
    }
    free(room);
    free(taken);
    return ok;
}
