/* SPDX-License-Identifier: MIT
 * moe_gate: scores of a row by vectors; each of the K choices is a maximum by vectors and a search for its place.
 * Rows in scratch are whole vectors: what is over is -inf in a softmax, and NaN, as what has been chosen, in a choice.
 */
#include "assay/params/moe_gate.h"
#include "../isa/rows.h"
#include "../isa/simd.h"

typedef assay_moe_gate_params params;

static int64_t padded(int64_t n)
{
    return (n + LANES - 1) / LANES * LANES;
}
static inline vec load_or(const float *x, int64_t i, int64_t n, vec rest)
{
    return n - i < LANES ? vec_first_n(vec_load_n(x + i, n - i), n - i, rest) : vec_load(x + i);
}

/* NaN or +inf among x[0 .. n) */
static bool unusable(const float *x, int64_t n)
{
    vec_mask bad = vec_none();
    for (int64_t i = 0; i < n; i += LANES) {
        const vec v = load_or(x, i, n, vec_zero());
        bad = vec_either(bad, vec_either(vec_unordered(v, v), vec_eq(v, vec_set(INFINITY))));
    }
    return vec_any(bad);
}

/* The largest of v[0 .. n), whole vectors; NaN is passed over */
static float top_of(const float *v, int64_t n)
{
    vec top = vec_set(-INFINITY);
    for (int64_t i = 0; i < n; i += LANES)
        top = vec_max(top, vec_load(v + i));
    return vec_top(top);
}

/* v[0 .. n), whole vectors, in place; of nothing but -inf zeros */
static void softmax(float *v, int64_t n)
{
    const float top = top_of(v, n);
    const vec m = vec_set(top > -INFINITY ? top : 0);
    vec sum = vec_zero();
    for (int64_t i = 0; i < n; i += LANES) {
        const vec e = vec_exp(vec_sub(vec_load(v + i), m));
        sum = vec_add(sum, e);
        vec_store(v + i, e);
    }
    const vec k = vec_set(top > -INFINITY ? 1.0f / vec_sum(sum) : 0);
    for (int64_t i = 0; i < n; i += LANES)
        vec_store(v + i, vec_mul(k, vec_load(v + i)));
}

static inline vec sigmoid(vec v)
{
    const vec e = vec_exp(vec_minus_abs(v)), one = vec_set(1.0f);
    return vec_div(vec_pick(vec_negative(v), e, one), vec_add(one, e));
}

/* The k largest of c[0 .. n), whole vectors, in order; what is taken becomes NaN */
static void choose(float *c, int64_t n, int64_t k, int32_t *ids)
{
    for (int64_t at = 0; at < k; at++) {
        const float top = top_of(c, n);
        const vec want = vec_set(top);
        int64_t i = 0;
        while (i < n && !vec_any(vec_eq(vec_load(c + i), want)))
            i += LANES;
        ids[at] = -1;
        for (const int64_t end = i + LANES; i < n && i < end && ids[at] < 0; i++)
            if (c[i] == top)
                ids[at] = (int32_t)i, c[i] = NAN;
    }
}

/* All but the experts of `keep` groups become NaN; room: padded(groups) and as many ids */
static void exclude(const params *p, float *c, int64_t X, float *room)
{
    const int64_t size = X / p->groups, n = padded(p->groups);
    for (int64_t g = 0; g < n; g++) {
        float first = -INFINITY, second = -INFINITY;
        for (int64_t i = g * size; g < p->groups && i < (g + 1) * size; i++) {
            const float least = c[i] < first ? c[i] : first;
            first = c[i] > first ? c[i] : first;
            second = least > second ? least : second;
        }
        room[g] = g >= p->groups ? NAN : p->best == ASSAY_GATE_MOST || size < 2 ? first : first + second;
    }
    choose(room, n, p->keep, (int32_t *)(void *)(room + n));
    for (int64_t g = 0; g < p->groups; g++)
        for (int64_t i = g * size; room[g] == room[g] && i < (g + 1) * size; i++)
            c[i] = NAN;
}

/* s and c: scores, and with the bias; what is over of s is -inf, of c NaN */
static void score(const params *p, const float *z, const float *bias, int64_t X, float *s, float *c)
{
    const vec none = vec_set(-INFINITY);
    for (int64_t i = 0; i < X; i += LANES) {
        const vec v = load_or(z, i, X, none);
        vec_store(s + i, p->score == ASSAY_GATE_SIGMOID ? sigmoid(v) : v);
    }
    if (p->score == ASSAY_GATE_SOFTMAX)
        softmax(s, padded(X));
    for (int64_t i = 0; i < X; i += LANES) {
        const vec v = bias ? vec_add(vec_load(s + i), load_or(bias, i, X, vec_zero())) : vec_load(s + i);
        vec_store(c + i, X - i < LANES ? vec_first_n(v, X - i, vec_set(NAN)) : v);
    }
}

/* room: padded(K) */
static void weigh(const params *p, const float *z, const float *s, const int32_t *ids, float *w, int64_t K, float *room)
{
    const bool after = p->score == ASSAY_GATE_CHOSEN;
    float sum = 0;
    for (int64_t k = 0; k < padded(K); k++) {
        const bool none = k >= K || ids[k] < 0;
        room[k] = none ? (after ? -INFINITY : 0) : after ? z[ids[k]] : s[ids[k]];
        sum += room[k];
    }
    if (after)
        softmax(room, padded(K));
    for (int64_t k = 0; k < K; k++)
        w[k] = p->norm && !after ? room[k] / (sum + 1e-20f) * p->scale : room[k] * p->scale;
}

static assay_status run(const assay_args *a)
{
    const params *p = a->params;
    const int64_t X = a->dim[1], K = a->dim[2];
    const float *bias = a->operand[1].data;
    float *s = a->scratch, *c = s + padded(X), *room = c + padded(X);
    const bool never = bias && unusable(bias, X);
    for (int64_t t = a->begin; t < a->end; t++) {
        const float *z = tensor_row(&a->operand[0], t);
        int32_t *ids = tensor_row(&a->operand[2], t);
        float *w = tensor_row(&a->operand[3], t);
        if (never || X == 0 || unusable(z, X)) { /* no experts: gcc 14 leaves choose() without vzeroupper there */
            for (int64_t k = 0; k < K; k++)
                ids[k] = -1, w[k] = 0;
            continue;
        }
        score(p, z, bias, X, s, c);
        if (p->keep < p->groups)
            exclude(p, c, X, room);
        choose(c, padded(X), K, ids);
        weigh(p, z, s, ids, w, K, room);
    }
    return ASSAY_OK;
}

static size_t scratch(const assay_args *a)
{
    const params *p = a->params;
    const int64_t groups = padded(p->groups) + p->groups, K = padded(a->dim[2]);
    return (size_t)(2 * padded(a->dim[1]) + (groups > K ? groups : K)) * sizeof(float);
}

static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(i32)),
                                       ASSAY_TYPES(ASSAY_T(f32)) };

SIMD_KERNEL(moe_gate) = {
    .op = "moe_gate",
    .name = SIMD_TIER,
    .isa = SIMD_ISA,
    .flags = ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .run = run,
    .scratch = scratch,
};
