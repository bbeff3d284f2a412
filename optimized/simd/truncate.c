/* SPDX-License-Identifier: MIT
 * truncate: min_p and surprise are a threshold of logits; top_k is a heap of the k best; top_p and typical look for the
 * last that stays by the digits of what they rank by, and sort nothing. */
#include "assay/params/truncate.h"
#include "../isa/best.h"
#include <math.h>
#include <string.h>

/* In scratch, by id: weights, and what ids are ranked by, the least first; where ranks would be, top_k has its heap. */
typedef struct room {
    float *weight;
    uint32_t *rank;
} room;
static size_t scratch(const assay_args *a)
{
    return 2 * sizeof(float) * (size_t)a->dim[1];
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

/* The ids by rank, of equal ones the lower first, until their weights reach aim.  The rank of the last is found digit
 * by digit: weights are added up by the next digit of those ranks that begin like it. */
static void until(const room *k, int64_t V, float aim, const float *z, float *y)
{
    enum { DIGIT = 8, RADIX = 1 << DIGIT };
    uint32_t last = 0, known = 0; /* the last rank, and which of its bits are known */
    float before = 0;             /* the weights of all ranks before it */
    for (int shift = 32 - DIGIT; shift >= 0; shift -= DIGIT) {
        float sum[RADIX] = { 0 };
        uint32_t digit = 0;
        for (int64_t v = 0; v < V; v++)
            if ((k->rank[v] & known) == last)
                sum[(k->rank[v] & ~known) >> shift] += k->weight[v];
        while (digit < RADIX - 1 && before + sum[digit] < aim)
            before += sum[digit++];
        last |= digit << shift, known = UINT32_MAX << shift;
    }
    for (int64_t v = 0; v < V; v++) {
        const bool stays = k->rank[v] < last || (k->rank[v] == last && before < aim);
        before += k->rank[v] == last ? k->weight[v] : 0;
        y[v] = stays ? z[v] : -INFINITY;
    }
}

/* The bits of x, which is not negative, are in the order of such numbers. */
static uint32_t bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* The largest first: those below 0 come after the others, the nearest to it first; 0 and -0 are equal. */
static void top_p(const float *z, int64_t V, float amount, float sum, const room *k, float *y)
{
    for (int64_t v = 0; v < V; v++) {
        const uint32_t size = bits_of(fabsf(z[v]));
        k->rank[v] = z[v] < 0 ? size | 1u << 31 : (1u << 31) - 1 - size;
    }
    until(k, V, amount * sum, z, y);
}

static void typical(const float *z, int64_t V, const assay_truncate_params *p, float top, float sum, float mean,
                    const room *k, float *y)
{
    for (int64_t v = 0; v < V; v++)
        k->rank[v] = bits_of(fabsf((top - z[v]) / p->temp - mean));
    until(k, V, p->amount * sum, z, y);
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
        top_k(z, V, p->k, (int32_t *)k->rank, y);
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
    const room k = { weight, (uint32_t *)(void *)(weight + V) };
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
