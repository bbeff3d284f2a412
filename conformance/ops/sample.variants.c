/* SPDX-License-Identifier: MIT
 * sample with every sum (of all weights, of those before a token, by rank and by id) in any order; z/temp before or
 * after the maximum is taken off, divided or times a reciprocal. */
#include "variants.h"
#include "../../reference/core/rng.h"
#include "assay/params/sample.h"
#include <math.h>
#include <stdlib.h>

enum { Z, ID };

typedef struct ranked {
    float z;
    int32_t id;
} ranked;

static int by_rank(const void *x, const void *y)
{
    const ranked *a = x, *b = y;
    return a->z != b->z ? (a->z > b->z ? -1 : 1) : (a->id > b->id) - (a->id < b->id);
}

static float uniform(const assay_sample_params *p, int64_t row)
{
    const uint64_t n = (uint64_t)row / 4, step = (uint64_t)p->step, key = (uint64_t)p->key;
    uint32_t word[4];
    assay_philox4x32((const uint32_t[4]){ (uint32_t)n, (uint32_t)(n >> 32), (uint32_t)step, (uint32_t)(step >> 32) },
                     (const uint32_t[2]){ (uint32_t)key, (uint32_t)(key >> 32) }, word);
    return (float)(word[row % 4] >> 8) * 0x1p-24f;
}

static float weight(float z, float top, float temp, int32_t form)
{
    const float inverse = 1 / temp;
    return assay_vary_exp(form, form % 3 == 1   ? z / temp - top / temp
                                : form % 3 == 2 ? (z - top) * inverse
                                                : (z - top) / temp);
}

/* The first i in [from, n) with w[0] + ... + w[i - 1] >= least (after: > least, and w[i] among the terms); or n. */
static int64_t reach(const assay_sum *s, const float *w, int64_t from, int64_t n, float least, bool after)
{
    while (from < n) {
        const int64_t i = from + (n - from) / 2;
        const float sum = assay_sum_of(s, w, 1, NULL, 0, after ? i + 1 : i);
        if (after ? sum > least : sum >= least)
            n = i;
        else
            from = i + 1;
    }
    return n;
}

/* Sets the weights of those that fall to top-k and top-p to 0. */
static void filter(const assay_sum *s, const assay_sample_params *p, ranked *rank, int64_t V, float *w, float *by)
{
    const int64_t K = p->top_k > 0 && p->top_k < V ? p->top_k : V;
    int64_t stay = K;
    qsort(rank, (size_t)V, sizeof *rank, by_rank);
    for (int64_t i = 0; i < K; i++)
        by[i] = w[rank[i].id];
    if (p->top_p > 0 && p->top_p < 1)
        stay = reach(s, by, 1, K, p->top_p * assay_sum_of(s, by, 1, NULL, 0, K), false);
    for (int64_t i = stay; i < V; i++)
        w[rank[i].id] = 0;
}

static int32_t draw(const assay_sum *s, const assay_sample_params *p, int64_t row, ranked *rank, int64_t V, float *w)
{
    int64_t best = 0, last = -1;
    bool any = false;
    for (int64_t i = 0; i < V; i++) {
        if (isnan(rank[i].z) || rank[i].z == INFINITY)
            return -1;
        any = any || !isinf(rank[i].z);
        best = rank[i].z > rank[best].z ? i : best;
    }
    if (!any || !(p->temp > 0))
        return any ? (int32_t)best : -1;
    const float top = rank[best].z;
    for (int64_t i = 0; i < V; i++)
        w[i] = i == best ? 1 : weight(rank[i].z, top, p->temp, s->row);
    if (p->top_k > 0 || p->top_p > 0)
        filter(s, p, rank, V, w, w + V);
    const float target = uniform(p, row) * assay_sum_of(s, w, 1, NULL, 0, V);
    for (int64_t i = 0; i < V; i++)
        last = w[i] > 0 ? i : last;
    int64_t i = reach(s, w, 0, V, target, true);
    while (i < V && !(w[i] > 0)) /* sums may differ where nothing was added */
        i++;
    return (int32_t)(i < V ? i : last);
}

assay_status assay_vary_sample(const assay_args *a)
{
    const assay_sum *s = a->variant;
    const int64_t V = a->dim[1];
    float *z = malloc((size_t)(3 * V + 1) * sizeof *z);
    ranked *rank = malloc((size_t)(V + 1) * sizeof *rank);
    const bool ok = z && rank;
    for (int64_t r = 0; ok && r < a->dim[0]; r++) {
        assay_vary_read(&a->operand[Z], r, 0, V, z);
        for (int64_t i = 0; i < V; i++)
            rank[i] = (ranked){ z[i], (int32_t)i };
        const int32_t id = draw(s, a->params, r, rank, V, z + V);
        *(int32_t *)((char *)a->operand[ID].data + r * a->operand[ID].stride[0]) = id;
    }
    free(z);
    free(rank);
    return ok ? ASSAY_OK : ASSAY_ERR_NOMEM;
}
