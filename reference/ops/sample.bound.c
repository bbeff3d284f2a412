/* SPDX-License-Identifier: MIT
 * sample: verify() accepts exactly the ids that a kernel within its contract can reach (sample.bound.md).
 *
 * The weight of id i, w = exp((z_i - m) / temp), may be off by w rho_i,
 *   rho_i = u (e_exp + 2 d_i + (|z_i| + |m|) / temp),  d_i = (m - z_i) / temp:
 * z/temp rounded before or after the maximum is taken off, division or a reciprocal.  Sums add c(n).  That leaves
 * three things open, each by a little: which of two almost equal logits comes first (where division makes them equal
 * the lower index wins); whether the sum before a token is < p; and where u * sum falls.  A token is IN, OUT, or OPEN
 * after top-k and top-p; id t is right if u can fall into [sum before t, sum up to t] for some choice of the open ones
 * and of the errors. */
#include "assay/params/sample.h"
#include "bound.h"
#include "../core/rng.h"
#include "../core/status.h"
#include <stdlib.h>

KAPPA(sample)
{
    (void)a, (void)planes;
}
BOUND(sample)
{
    (void)a, (void)planes, (void)c, (void)b;
}

enum { OUT, OPEN, IN };
typedef struct entry {
    double z, w, error; /* logit, weight, how far the weight may be off */
    int64_t id;
    int state;
} entry;

static int by_rank(const void *x, const void *y)
{
    const entry *a = x, *b = y;
    return a->z != b->z ? (a->z > b->z ? -1 : 1) : (a->id > b->id) - (a->id < b->id);
}
static int by_id(const void *x, const void *y)
{
    const entry *a = x, *b = y;
    return (a->id > b->id) - (a->id < b->id);
}

/* e is sorted by rank; the cut lies before place n.  Logits on both sides of it that rounding can make equal or swap
 * leave the cut open among them; exactly equal ones do not: their order is the index's. */
static void open_around(entry *e, int64_t V, int64_t n, double u)
{
    if (n <= 0 || n >= V || isinf(e[n].z))
        return;
    const double z = e[n].z, near = 4 * u * (fabs(z) + (e[0].z - z));
    int64_t first = n, last = n - 1;
    while (first > 0 && e[first - 1].z - z <= near)
        first--;
    while (last + 1 < V && z - e[last + 1].z <= near)
        last++;
    if (first < n && e[first].z != e[last].z)
        for (int64_t i = first; i <= last; i++)
            e[i].state = OPEN;
}

/* The relative error of any partial sum of the weights, as a share of their sum. */
static double sum_error(const entry *e, int64_t V, const assay_contract *c, double *sum)
{
    double s = 0, err = 0;
    for (int64_t i = 0; i < V; i++)
        if (e[i].state != OUT)
            s += e[i].w, err += e[i].error;
    *sum = s;
    return err / s + bound_c(c, (double)V, 1);
}

static void keep(entry *e, int64_t V, const assay_sample_params *p, const assay_contract *c)
{
    const double u = bound_u(c);
    const int64_t K = p->top_k > 0 && p->top_k < V ? p->top_k : V;
    double sum, cum = 0, open = 0;

    for (int64_t i = 0; i < V; i++)
        e[i].state = i < K ? IN : OUT;
    open_around(e, V, K, u);
    if (!(p->top_p > 0 && p->top_p < 1))
        return;
    const double share = sum_error(e, V, c, &sum);
    for (int64_t i = 0; i < V; i++)
        if (e[i].state == OPEN)
            open += e[i].w;
    const double slack = (2 * share + 3 * u) * sum + open;
    int64_t cut = V;
    for (int64_t i = 0; i < V && e[i].state != OUT; cum += e[i].w, i++) {
        if (i == 0 || cum < p->top_p * sum - slack)
            continue;
        cut = i < cut && !(cum < p->top_p * sum) ? i : cut;
        e[i].state = cum > p->top_p * sum + slack ? OUT : OPEN;
    }
    open_around(e, cut < V ? V : 0, cut, u);
}

/* u of a row, again from the definition */
static double uniform(const assay_sample_params *p, int64_t row)
{
    const uint64_t n = (uint64_t)row / 4, step = (uint64_t)p->step, key = (uint64_t)p->key;
    uint32_t word[4];
    assay_philox4x32((const uint32_t[4]){ (uint32_t)n, (uint32_t)(n >> 32), (uint32_t)step, (uint32_t)(step >> 32) },
                     (const uint32_t[2]){ (uint32_t)key, (uint32_t)(key >> 32) }, word);
    return (double)(word[row % 4] >> 8) * 0x1p-24;
}

/* e sorted by id: can a kernel have drawn t?  A sum is off by its own share, however small it is beside the whole: at
 * u = 0 the first id that has any weight is the only one. */
static bool reachable(const entry *e, int64_t V, int64_t t, double u, const assay_contract *c)
{
    double sum, low_before = 0, high_upto = 0, low = 0, high = 0;
    const double share = sum_error(e, V, c, &sum), own = bound_c(c, (double)V, 1);
    const double last = bound_gamma(BOUND_E(c, e_div) + 1, bound_u(c)); /* u times the sum, or each weight over it */
    const double tiny = (2 * (double)V + 2) * bound_eta(c) * (1 + sum);
    for (int64_t i = 0; i < V; i++) {
        const double certain = e[i].state == IN || (i == t && e[i].state == OPEN) ? e[i].w : 0;
        const double possible = e[i].state != OUT ? e[i].w : 0;
        low += certain, high += possible;
        low_before += i < t && certain > 0 ? fmax(e[i].w - e[i].error, 0) : 0;
        high_upto += i <= t && possible > 0 ? e[i].w + e[i].error : 0;
    }
    return e[t].state != OUT && e[t].w > 0 && u * low * (1 - share) < high_upto * (1 + own) * (1 + last) + tiny &&
           u * high * (1 + share) * (1 + last) + tiny >= low_before * (1 - own);
}

static bool right(const assay_dense *a, int64_t r, double got, entry *e, const assay_contract *c)
{
    const assay_sample_params *p = a->params;
    const int64_t V = a->dim[1];
    const double *z = (const double *)a->operand[0] + r * V, u = bound_u(c), e_exp = BOUND_E(c, e_exp);
    int64_t best = 0;
    bool valid = false, nan = false;

    for (int64_t i = 0; i < V; i++) {
        valid = valid || !isinf(z[i]);
        nan = nan || isnan(z[i]) || z[i] == INFINITY;
        best = z[i] > z[best] ? i : best;
    }
    if (nan || !valid)
        return got == -1;
    if (!(p->temp > 0))
        return got == (double)best;
    if (got != floor(got) || got >= (double)V)
        return false;
    if (bound_over(c, fabs(z[best]) / p->temp) > 0) /* inf - inf: nothing is asked */
        return got >= -1;
    if (!(got >= 0))
        return false;
    for (int64_t i = 0; i < V; i++) {
        const double d = (z[best] - z[i]) / p->temp, w = exp(-d);
        const double rho = u * (e_exp + 2 * d + (fabs(z[i]) + fabs(z[best])) / p->temp);
        /* never above the maximum's weight of 1, which is exact; rho may be large where temp is tiny */
        const double up = exp(fmin(rho - d, 0)) - w, down = -w * expm1(-rho);
        e[i] = (entry){ z[i], w, w > 0 && d > 0 ? fmax(up, down) : 0, i, IN };
    }
    qsort(e, (size_t)V, sizeof *e, by_rank);
    keep(e, V, p, c);
    qsort(e, (size_t)V, sizeof *e, by_id);
    return reachable(e, V, (int64_t)got, uniform(p, r), c);
}

VERIFY(sample)
{
    const double *id = got[1], *want = a->operand[1];
    entry *e = malloc((size_t)a->dim[1] * sizeof *e);
    bool ok = e != NULL;
    if (!e)
        assay_fail(why, ASSAY_ERR_NOMEM, "sample: no memory for V=%lld", (long long)a->dim[1]);
    for (int64_t r = 0; ok && r < a->dim[0]; r++) {
        ok = right(a, r, id[r], e, c);
        if (!ok)
            assay_fail(why, ASSAY_ERR_ARG, "sample: row %lld: id %.0f cannot be drawn; the reference draws %.0f",
                       (long long)r, id[r], want[r]);
    }
    free(e);
    return ok;
}
