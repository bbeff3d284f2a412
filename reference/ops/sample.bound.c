/* SPDX-License-Identifier: MIT
 * sample: verify() accepts exactly the ids that a kernel within its contract can reach (sample.bound.md).
 *
 * Weights are off as weights.h says, and sums add c(n).  That leaves
 * three things open, each by a little: which of two almost equal logits comes first (where division makes them equal
 * the lower index wins); whether the sum before a token is < p; and where u * sum falls.  A token is IN, OUT, or OPEN
 * after top-k and top-p; id t is right if u can fall into [sum before t, sum up to t] for some choice of the open ones
 * and of the errors. */
#include "assay/params/sample.h"
#include "weights.h"
#include "../core/status.h"
#include <string.h>

KAPPA(sample)
{
    (void)a, (void)planes;
}
BOUND(sample)
{
    (void)a, (void)planes, (void)c, (void)b;
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

static bool of_share(const assay_sample_params *p)
{
    return p->top_p > 0 && p->top_p < 1;
}

static void keep(entry *e, int64_t V, const assay_sample_params *p, const assay_contract *c)
{
    const double u = bound_u(c);
    const int64_t K = p->top_k > 0 && p->top_k < V ? p->top_k : V;
    double sum, cum = 0, open = 0;

    for (int64_t i = 0; i < V; i++)
        e[i].state = i < K ? IN : OUT;
    open_around(e, V, K, u);
    if (!of_share(p))
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

/* ranked: room for as many entries */
static bool right(const assay_dense *a, int64_t r, double got, entry *e, entry *ranked, const assay_contract *c)
{
    const assay_sample_params *p = a->params;
    const int64_t V = a->dim[1];
    const double *z = (const double *)a->operand[0] + r * V;
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
    for (int64_t i = 0; i < V; i++)
        e[i] = weigh(z[i], z[best], p->temp, i, c);
    if ((p->top_k > 0 && p->top_k < V) || of_share(p)) {
        memcpy(ranked, e, (size_t)V * sizeof *e);
        qsort(ranked, (size_t)V, sizeof *e, by_rank);
        keep(ranked, V, p, c);
        for (int64_t i = 0; i < V; i++)
            e[ranked[i].id] = ranked[i];
    }
    return reachable(e, V, (int64_t)got, uniform((uint64_t)p->key, (uint64_t)p->step, (uint64_t)r), c);
}

VERIFY(sample)
{
    const double *id = got[1], *want = a->operand[1];
    entry *e = malloc(2 * (size_t)a->dim[1] * sizeof *e);
    bool ok = e != NULL;
    if (!e)
        assay_fail(why, ASSAY_ERR_NOMEM, "sample: no memory for V=%lld", (long long)a->dim[1]);
    for (int64_t r = 0; ok && r < a->dim[0]; r++) {
        ok = right(a, r, id[r], e, e + a->dim[1], c);
        if (!ok)
            assay_fail(why, ASSAY_ERR_ARG, "sample: row %lld: id %.0f cannot be drawn; the reference draws %.0f",
                       (long long)r, id[r], want[r]);
    }
    free(e);
    return ok;
}
