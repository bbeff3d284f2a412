/* SPDX-License-Identifier: MIT
 * truncate: y = logits of the ids that stay, -inf for the others, by one rule; a chain is a list of calls.  p is the
 * softmax of logits / temp, m the largest logit:
 *   top_k     the k largest logits (Fan et al. 2018)
 *   top_p     from the largest down, while the sum of p before an id is < amount (Holtzman et al. 2019)
 *   min_p     p at least amount times the largest p (Nguyen et al. 2024)
 *   typical   from the least |-ln p - H| up, H = -sum p ln p, while the sum of p before an id is < amount (Meister et
 *             al. 2022)
 *   surprise  -log2 p at most amount, and the largest in any case (mirostat's second form, Basu et al. 2020)
 * Of equal ones the lower index comes first.  A row with a NaN or +inf, or without any finite logit, is copied. */
#include "assay/params/truncate.h"
#include "ref.h"
#include <stdlib.h>

typedef struct entry {
    real key, d, w; /* what they are ranked by, the least first; (m - z) / temp; e^-d */
    int64_t id;
} entry;

static int by_key(const void *x, const void *y)
{
    const entry *a = x, *b = y;
    return a->key != b->key ? (a->key < b->key ? -1 : 1) : (a->id < b->id ? -1 : 1);
}

/* The finite logits of a row, by rank of the rule, and what is added to sum: their weights; 0: the row has no answer.
 */
static int64_t rank(const assay_truncate_params *p, const real *z, int64_t V, entry *e, real *sum)
{
    real top = -INFINITY, mean = 0;
    int64_t n = 0;
    for (int64_t v = 0; v < V; v++) {
        if (isnan(z[v]) || z[v] == INFINITY)
            return 0;
        top = z[v] > top ? z[v] : top;
    }
    for (int64_t v = 0; v < V; v++)
        if (z[v] > -INFINITY) {
            const real d = (top - z[v]) / p->temp, w = exp(-d);
            *sum += w, mean += w * d;
            e[n++] = (entry){ -z[v], d, w, v };
        }
    /* -ln p is d + ln sum, and H the mean of that: the logarithm cancels */
    for (int64_t i = 0; p->rule == ASSAY_TYPICAL && i < n; i++)
        e[i].key = fabs(e[i].d - mean / *sum);
    qsort(e, (size_t)n, sizeof *e, by_key);
    return n;
}

/* Does the i-th stay, before which lie the weights `before`? */
static bool stays(const assay_truncate_params *p, const entry *e, int64_t i, real before, real sum)
{
    switch (p->rule) {
    case ASSAY_TOP_K:
        return p->k == 0 || i < p->k;
    case ASSAY_MIN_P:
        return e[i].w >= p->amount;
    case ASSAY_SURPRISE:
        return p->amount == 0 || i == 0 || e[i].d + log(sum) <= p->amount * (real)0.69314718055994530942;
    default: /* top_p, typical */
        return p->amount == 0 || p->amount >= 1 || before < p->amount * sum;
    }
}

REFERENCE(truncate)
{
    const int64_t R = a->dim[0], V = a->dim[1];
    const real *z = a->operand[0]; /* (R,V) */
    real *y = a->operand[1];       /* (R,V) */
    entry *e = malloc((size_t)V * sizeof *e);

    for (int64_t r = 0; e && r < R; r++, z += V, y += V) {
        real sum = 0, before = 0;
        const int64_t n = rank(a->params, z, V, e, &sum);
        for (int64_t v = 0; v < V; v++)
            y[v] = n ? -INFINITY : z[v];
        for (int64_t i = 0; i < n; before += e[i++].w)
            if (stays(a->params, e, i, before, sum))
                y[e[i].id] = z[e[i].id];
    }
    free(e);
}
