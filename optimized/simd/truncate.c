/* SPDX-License-Identifier: MIT
 * truncate: min_p and surprise are a threshold of logits; top_k is a heap of the k best; top_p sorts those ids alone
 * that can be needed for its sum, typical all, each from a heap and no further than the sum. */
#include "assay/params/truncate.h"
#include "../isa/best.h"
#include <math.h>

/* In scratch: weights; what ids are ranked by, the least first; ids.  Key and ids count from the row's end, so that of
 * equal keys the lowest id is a heap's root. */
typedef struct room {
    float *weight, *key;
    int32_t *ids;
} room;
static size_t scratch(const assay_args *a)
{
    return 3 * sizeof(float) * (size_t)a->dim[1];
}

/* The largest logit; false: the row has no answer. */
static bool top_of(const float *z, int64_t V, float *top)
{
    vec most = vec_set(-INFINITY);
    vec_mask odd = vec_none();
    int64_t v = 0;
    for (; v + LANES <= V; v += LANES) {
        const vec x = vec_load_once(z + v);
        most = vec_max(most, x), odd = vec_either(odd, vec_unordered(x, x));
    }
    *top = vec_top(most);
    bool nan = vec_any(odd);
    for (; v < V; v++)
        *top = z[v] > *top ? z[v] : *top, nan = nan || z[v] != z[v];
    return !nan && *top > -INFINITY && *top < INFINITY;
}

/* The weights' sum, and that of weight times distance from the top. */
static float weigh(const float *z, int64_t V, float top, float temp, float *weight, float *moment)
{
    const vec m = vec_set(top), t = vec_set(temp), far = vec_set(-150.0f);
    vec sum = vec_zero(), first = vec_zero();
    for (int64_t v = 0; v < V; v += LANES) {
        const int64_t n = V - v < LANES ? V - v : LANES;
        const vec d = vec_div(vec_sub(vec_first_n(vec_load_n(z + v, n), n, vec_set(-INFINITY)), m), t), w = vec_exp(d);
        sum = vec_add(sum, w), first = vec_fnma(w, vec_at_least(d, far), first);
        vec_store_n(weight + v, w, n);
    }
    *moment = vec_sum(first);
    return vec_sum(sum);
}

static void from_threshold(const float *z, int64_t V, float least, float *y)
{
    const vec none = vec_set(-INFINITY), from = vec_set(least);
    for (int64_t v = 0; v < V; v += LANES) {
        const int64_t n = V - v < LANES ? V - v : LANES;
        const vec x = vec_load_n(z + v, n);
        vec_store_n(y + v, vec_pick(vec_eq(vec_max(from, x), x), x, none), n);
    }
}
static void fill(float *y, int64_t V)
{
    for (int64_t v = 0; v < V; v++)
        y[v] = -INFINITY;
}

/* The ids of a heap of n from its root on, until their weights reach aim. */
static void until(const room *k, int64_t V, int64_t n, float aim, const float *z, float *y)
{
    for (int64_t i = n / 2; i-- > 0;)
        best_sink(k->key, k->ids, n, i, k->ids[i]);
    for (float sum = 0; n > 0 && sum < aim; n--) {
        const int64_t id = V - 1 - k->ids[0];
        y[id] = z[id], sum += k->weight[id];
        best_sink(k->key, k->ids, n - 1, 0, k->ids[n - 1]);
    }
}

/* All weights below `least` are less than half of what need not be kept. */
static void top_p(const float *z, int64_t V, float amount, float sum, const room *k, float *y)
{
    const float least = 0.5f * (1 - amount) * sum / (float)V;
    int64_t n = 0, v = 0;
    while (v < V) {
        const int64_t end = v + 4 * LANES < V ? v + 4 * LANES : V;
        if (end - v == 4 * LANES && !best_above(k->weight + v, vec_set(least)))
            v = end;
        for (; v < end; v++)
            if (k->weight[v] >= least && z[v] > -INFINITY)
                k->key[V - 1 - v] = -z[v], k->ids[n++] = (int32_t)(V - 1 - v);
    }
    fill(y, V);
    until(k, V, n, amount * sum, z, y);
}

static void typical(const float *z, int64_t V, const assay_truncate_params *p, float top, float sum, float mean,
                    const room *k, float *y)
{
    int64_t n = 0;
    for (int64_t v = 0; v < V; v++) {
        k->key[V - 1 - v] = fabsf((top - z[v]) / p->temp - mean);
        k->ids[n] = (int32_t)(V - 1 - v);
        n += z[v] > -INFINITY;
    }
    fill(y, V);
    until(k, V, n, p->amount * sum, z, y);
}

static void top_k(const float *z, int64_t V, int32_t n, int32_t *ids, float *y)
{
    best_of(z, V, ids, n);
    fill(y, V);
    for (int32_t i = 0; i < n; i++)
        y[ids[i]] = z[ids[i]];
}

static void surprise(const float *z, int64_t V, const assay_truncate_params *p, float top, float sum, float *y)
{
    int64_t first = 0;
    from_threshold(z, V, top - p->temp * (p->amount * 0.69314718f - logf(sum)), y);
    while (z[first] < top)
        first++;
    y[first] = z[first];
}

static void row(const float *z, int64_t V, const assay_truncate_params *p, const room *k, float *y)
{
    const bool sums = p->rule == ASSAY_TOP_P || p->rule == ASSAY_TYPICAL;
    float top = 0, moment = 0, sum = 0;
    if (!top_of(z, V, &top) ||
        (p->rule == ASSAY_TOP_K ? p->k == 0 || p->k >= V : p->amount == 0 || (sums && p->amount >= 1))) {
        for (int64_t v = 0; v < V; v++)
            y[v] = z[v];
        return;
    }
    if (p->rule != ASSAY_TOP_K && p->rule != ASSAY_MIN_P)
        sum = weigh(z, V, top, p->temp, k->weight, &moment);
    switch (p->rule) {
    case ASSAY_TOP_K:
        top_k(z, V, p->k, k->ids, y);
        break;
    case ASSAY_TOP_P:
        top_p(z, V, p->amount, sum, k, y);
        break;
    case ASSAY_MIN_P:
        from_threshold(z, V, top + p->temp * logf(p->amount), y);
        break;
    case ASSAY_TYPICAL:
        typical(z, V, p, top, sum, moment / sum, k, y);
        break;
    default:
        surprise(z, V, p, top, sum, y);
    }
}

static assay_status run(const assay_args *a)
{
    const int64_t V = a->dim[1];
    float *weight = a->scratch;
    const room k = { weight, weight + V, (int32_t *)(void *)(weight + 2 * V) };
    for (int64_t r = a->begin; r < a->end; r++)
        row(tensor_row(&a->operand[0], r), V, a->params, &k, tensor_row(&a->operand[1], r));
    return ASSAY_OK;
}

SIMD_KERNEL(truncate) = {
    SIMD_ROWS,
    .op = "truncate",
    .flags = ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .scratch = scratch,
};
