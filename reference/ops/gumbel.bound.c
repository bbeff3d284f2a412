/* SPDX-License-Identifier: MIT
 * gumbel: verify() accepts the ids whose sum of logit and noise may be the largest within the contract, and no other
 * (gumbel.bound.md). */
#include "assay/params/gumbel.h"
#include "bound.h"
#include "../core/rng.h"
#include "../core/status.h"

KAPPA(gumbel)
{
    (void)a, (void)planes;
}
BOUND(gumbel)
{
    (void)a, (void)planes, (void)c, (void)b;
}

typedef struct row {
    const assay_gumbel_params *p;
    const assay_contract *c;
    const double *z; /* (V) */
    int64_t r;
    double top; /* the largest logit */
} row;

typedef struct sum {
    uint32_t bits; /* of u, 23 */
    double low, high;
} sum;

/* The sum of an id of a finite logit, and how far off it may be. */
static sum sum_of(const row *w, int64_t i, const uint32_t word[4])
{
    const assay_contract *c = w->c;
    const double u = bound_u(c), wide = fmin(u, ASSAY_U), T = w->p->temp, e_log = BOUND_E(c, e_log);
    const uint32_t bits = word[i % 4] >> 9;
    const double g = -log(-log((double)(2 * bits + 1) * 0x1p-24)), x = w->z[i] / T, d = (w->top - w->z[i]) / T;
    const double logit = u * (2 * d + fabs(x) + fabs(w->top) / T);
    const double added = u * (fmax(fabs(x), d) + 2 * fabs(g)) + wide * e_log * (1 + fabs(g));
    const double raced = u * (BOUND_E(c, e_exp) + BOUND_E(c, e_div) + 1) + wide * e_log;
    const double off = logit + fmax(added, raced);
    const double error = off * (1 + off) + 3 * bound_eta(c);
    return (sum){ bits, x + g - error, x + g + error };
}

static void words_of(const row *w, int64_t i, uint32_t word[4])
{
    const uint64_t step = (uint64_t)w->p->step, key = (uint64_t)w->p->key;
    assay_philox4x32((const uint32_t[4]){ (uint32_t)(i / 4), (uint32_t)w->r, (uint32_t)step, (uint32_t)(step >> 32) },
                     (const uint32_t[2]){ (uint32_t)key, (uint32_t)(key >> 32) }, word);
}

/* Can id t be the answer?  Not behind a lower one of the same logit and the same u, which is computed alike. */
static bool reachable(const row *w, int64_t V, int64_t t)
{
    uint32_t word[4];
    if (isinf(w->z[t]))
        return false;
    words_of(w, t, word);
    const sum own = sum_of(w, t, word);
    for (int64_t i = 0; i < V; i++) {
        if (i % 4 == 0)
            words_of(w, i, word);
        if (isinf(w->z[i]))
            continue;
        const sum other = sum_of(w, i, word);
        if (other.low > own.high || (i < t && w->z[i] == w->z[t] && other.bits == own.bits))
            return false;
    }
    return true;
}

static bool right(row *w, int64_t V, double got)
{
    int64_t best = 0;
    bool finite = false, bad = false;

    for (int64_t i = 0; i < V; i++) {
        finite = finite || !isinf(w->z[i]);
        bad = bad || isnan(w->z[i]) || w->z[i] == INFINITY;
        best = w->z[i] > w->z[best] ? i : best;
    }
    if (bad || !finite)
        return got == -1;
    if (!(w->p->temp > 0))
        return got == (double)best;
    if (got != floor(got) || !(got >= -1 && got < (double)V))
        return false;
    w->top = w->z[best];
    if (bound_over(w->c, fabs(w->top) / w->p->temp) > 0) /* all sums may be infinite: nothing is asked */
        return true;
    return got >= 0 && reachable(w, V, (int64_t)got);
}

VERIFY(gumbel)
{
    const double *z = a->operand[0], *id = got[1], *want = a->operand[1];
    const int64_t R = a->dim[0], V = a->dim[1];
    for (int64_t r = 0; r < R; r++) {
        row w = { .p = a->params, .c = c, .z = z + r * V, .r = r };
        if (!right(&w, V, id[r])) {
            assay_fail(why, ASSAY_ERR_ARG, "gumbel: row %lld: id %.0f cannot be drawn; the reference draws %.0f",
                       (long long)r, id[r], want[r]);
            return false;
        }
    }
    return true;
}
