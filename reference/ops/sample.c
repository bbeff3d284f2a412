/* SPDX-License-Identifier: MIT
 * sample: one token id per row of logits z.  temp = 0: the lowest index of the maximum.  Else, in this order:
 *   temperature  z / temp
 *   top-k        the k largest stay; equal logits: the lower index first
 *   top-p        from the largest down, a token stays while the sum of probabilities before it is < p (at least one)
 *   draw         the smallest id, of those that stay, with u * sum < cumulated sum, in the order of ids
 * u of row r: (x >> 8) 2^-24, x = word r % 4 of Philox4x32-10(counter r / 4, step; key).  A row with a NaN or
 * +inf, or without any finite logit, has no answer: id -1.  (Holtzman et al. 2019; Salmon et al. 2011.) */
#include "assay/params/sample.h"
#include "../core/rng.h"
#include "ref.h"
#include <stdlib.h>

static real uniform(const assay_sample_params *p, int64_t row)
{
    const uint64_t block = (uint64_t)row / 4, step = (uint64_t)p->step, key = (uint64_t)p->key;
    const uint32_t counter[4] = { (uint32_t)block, (uint32_t)(block >> 32), (uint32_t)step, (uint32_t)(step >> 32) };
    const uint32_t k[2] = { (uint32_t)key, (uint32_t)(key >> 32) };
    uint32_t word[4];
    assay_philox4x32(counter, k, word);
    return (real)(word[row % 4] >> 8) * (real)0x1p-24;
}

/* Does i come before j: larger logit, or the same and a lower index? */
static bool before(const real *z, int32_t i, int32_t j)
{
    return z[i] > z[j] || (i < j && z[i] == z[j]);
}

static void sift(const real *z, int32_t *heap, int64_t n, int64_t i)
{
    for (int64_t k = 2 * i + 1; k < n; i = k, k = 2 * i + 1) {
        if (k + 1 < n && before(z, heap[k + 1], heap[k]))
            k++;
        if (!before(z, heap[k], heap[i]))
            return;
        const int32_t t = heap[i];
        heap[i] = heap[k], heap[k] = t;
    }
}

/* weight: of every id, 0 for those that fall to top-k and top-p.  rank: room for V ids. */
static void filter(const assay_sample_params *p, const real *z, int64_t V, real *weight, int32_t *rank)
{
    const int64_t K = p->top_k > 0 && p->top_k < V ? p->top_k : V;
    real sum = 0, cum = 0;

    for (int64_t i = 0; i < V; i++)
        rank[i] = (int32_t)i;
    for (int64_t i = V / 2; i-- > 0;)
        sift(z, rank, V, i);
    /* the first of a heap of n goes to place n - 1: rank[V - 1] is the largest, rank[V - K] the last that stays */
    for (int64_t n = V; n > V - K; n--) {
        const int32_t top = rank[0];
        rank[0] = rank[n - 1], rank[n - 1] = top;
        sift(z, rank, n - 1, 0);
        sum += weight[top];
    }
    for (int64_t i = 0; i < V - K; i++)
        weight[rank[i]] = 0;
    for (int64_t i = V - 1; i >= V - K; i--) {
        const real w = weight[rank[i]];
        if (p->top_p > 0 && p->top_p < 1 && i < V - 1 && !(cum < p->top_p * sum))
            weight[rank[i]] = 0;
        cum += w;
    }
}

static int64_t draw(const assay_sample_params *p, int64_t row, const real *z, int64_t V, real *weight, int32_t *rank)
{
    int64_t best = 0;
    bool any = false;

    for (int64_t i = 0; i < V; i++) {
        if (isnan(z[i]) || (isinf(z[i]) && z[i] > 0))
            return -1;
        any = any || !isinf(z[i]);
        best = z[i] > z[best] ? i : best;
    }
    if (!any || !(p->temp > 0))
        return any ? best : -1;
    for (int64_t i = 0; i < V; i++)
        weight[i] = exp((z[i] - z[best]) / p->temp);
    if (p->top_k > 0 || p->top_p > 0)
        filter(p, z, V, weight, rank);

    real sum = 0, cum = 0;
    for (int64_t i = 0; i < V; i++)
        sum += weight[i];
    const real target = uniform(p, row) * sum;
    for (int64_t i = 0; i < V; i++) {
        cum += weight[i];
        if (target < cum)
            return i;
    }
    return -1; /* not reached: target < sum, for u < 1, and cum ends as sum did */
}

REFERENCE(sample)
{
    const int64_t R = a->dim[0], V = a->dim[1];
    const real *z = a->operand[0]; /* (R,V) */
    real *id = a->operand[1];      /* (R)   */
    real *weight = malloc((size_t)V * sizeof *weight);
    int32_t *rank = malloc((size_t)V * sizeof *rank);

    for (int64_t r = 0; r < R; r++)
        id[r] = weight && rank ? (real)draw(a->params, r, z + r * V, V, weight, rank) : -1;
    free(weight);
    free(rank);
}
