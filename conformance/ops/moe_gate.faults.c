/* SPDX-License-Identifier: MIT
 * moe_gate: kernels that are wrong on purpose, and legal ones that must pass. */
#include "assay/params/moe_gate.h"
#include "faults.h"
#include "variants.h"
#include <stdlib.h>

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(RAW, "logits-for-weights", "sgl-project/sglang#35160")                                                           \
    X(FROM_LOW, "search-starts-at-minus-1", "vllm-project/vllm#31478 (review)")                                        \
    X(BIAS_WEIGHS, "bias-weighs", "own: weights of score and bias")                                                    \
    X(BIAS_LOST, "bias-left-out", "own")                                                                               \
    X(EXCLUDED_0, "excluded-at-0", "huggingface/transformers: DeepSeek-V3 before -inf")                                \
    X(ALL_OF_GROUP, "group-by-the-sum-of-all", "own")                                                                  \
    X(OTHER_BEST, "group-by-the-other-rule", "own: V2's groups for V3's")                                              \
    X(NO_GROUPS, "groups-ignored", "own")                                                                              \
    X(DEALT, "groups-dealt", "own: expert i in group i mod groups")                                                    \
    X(NOT_NORMED, "softmax-before-top-k-not-divided", "slip: docs/museum.md")                                          \
    X(CLAMPED, "sum-at-least-6.1e-5", "ggml-org/llama.cpp: the floor of an f16")                                       \
    X(NO_FLOOR, "no-floor", "own: 0 / 0")                                                                              \
    X(SCALE_LOST, "scale-lost", "own")                                                                                 \
    X(SCALE_FIRST, "scaled-before-the-sum", "own: it cancels")                                                         \
    X(ALL_FOR_CHOSEN, "softmax-before-for-after", "slip: docs/museum.md")                                              \
    X(CHOSEN_FOR_ALL, "softmax-after-for-before", "own: divided where it should not be")                               \
    X(SUM_OF_ALL, "divided-by-the-sum-of-all", "own")                                                                  \
    X(LAST_TIE, "last-of-ties", "own: of logits, where one is right")                                                  \
    X(LAST_LOST, "last-expert-skipped", "slip: docs/museum.md")                                                        \
    X(BF16, "scores-in-bf16", "own")                                                                                   \
    X(BY_WEIGHT, "in-the-order-of-weights", "own: where the bias orders")                                              \
    X(BY_ID, "in-the-order-of-ids", "own")                                                                             \
    X(TWICE, "best-expert-twice", "own: struck out with a number that is not the least")                               \
    X(MASKED_NAN, "all-masked-nan", "own: -inf less -inf")                                                             \
    X(NAN_PASSES, "nan-passed-over", "own: an answer where there is none")

#define LEGAL(X)                                                                                                       \
    X(DOUBLE, "double", "legal: in double, rounded once")                                                              \
    X(AFTER, "softmax-after-where-it-is-the-same", "legal: of the chosen alone, without bias and groups")              \
    X(RECIPROCAL, "reciprocal", "legal: times scale over the sum")                                                     \
    X(SCALE_BY_PARTS, "scale-by-parts", "legal: times scale, then divided")                                            \
    X(SHIFTED, "unnormalised", "legal: chosen by exponentials, divided later")                                         \
    X(BACKWARDS, "backwards", "legal: from the last expert to the first")

enum { PLAIN, FAULTS(MODE) LEGAL(MODE) };

typedef struct row {
    const assay_moe_gate_params *p;
    const float *z, *bias;
    int64_t X, K;
    float *s, *c; /* X each */
    const assay_sum *order;
    int mode;
} row;

static float exponential(const row *r, float d)
{
    return r->mode == DOUBLE ? (float)exp((double)d) : assay_vary_exp(r->order->row, d);
}

/* In place, by a maximum; not divided if `whole` is wanted */
static float softmax(const row *r, float *v, int64_t n, bool whole)
{
    float m = -INFINITY, sum;
    double wide = 0;
    for (int64_t i = 0; i < n; i++)
        m = v[i] > m ? v[i] : m;
    for (int64_t i = 0; i < n; i++) {
        const double d = r->mode == DOUBLE ? exp((double)v[i] - (double)m) : 0;
        v[i] = v[i] == -INFINITY && (r->mode != MASKED_NAN || m > -INFINITY) ? 0
               : r->mode == DOUBLE                                           ? (float)d
                                                                             : exponential(r, v[i] - m);
        wide += (double)v[i];
    }
    sum = r->mode == DOUBLE ? (float)wide : assay_sum_of(r->order, v, 1, NULL, 0, n);
    for (int64_t i = 0; !whole && i < n; i++)
        v[i] = sum == 0 ? 0 : r->order->row % 3 == 1 ? v[i] * (1 / sum) : v[i] / sum;
    return sum;
}

static float sigmoid(const row *r, float z)
{
    const float e = exponential(r, -fabsf(z));
    if (r->mode == DOUBLE)
        return (float)(1 / (1 + exp(-(double)z)));
    return (z < 0 ? e : 1) / (1 + e);
}

/* The k largest of c; what is taken becomes NaN */
static void choose(const row *r, float *c, int64_t n, int64_t k, int32_t *ids)
{
    const float lowest = r->mode == FROM_LOW ? -1 : -INFINITY;
    for (int64_t at = 0; at < k; at++) {
        int64_t best = -1;
        for (int64_t j = 0; j < n; j++) {
            const int64_t i = r->mode == BACKWARDS ? n - 1 - j : j;
            if (c[i] != c[i] || (r->mode == FROM_LOW && c[i] <= lowest))
                continue;
            if (best < 0 || c[i] > c[best] || ((r->mode == BACKWARDS || r->mode == LAST_TIE) && c[i] == c[best]))
                best = i;
        }
        ids[at] = (int32_t)best;
        if (best >= 0)
            c[best] = r->mode == TWICE && at == 0 ? c[best] / 2 : NAN;
    }
}

static float group_score(const row *r, const float *c, int64_t n, int64_t step)
{
    const bool most = (r->p->best == ASSAY_GATE_MOST) != (r->mode == OTHER_BEST);
    float first = -INFINITY, second = -INFINITY, all = 0;
    for (int64_t i = 0; i < n; i++) {
        const float v = c[i * step];
        second = v > first ? first : v > second ? v : second;
        first = v > first ? v : first;
        all += v;
    }
    return r->mode == ALL_OF_GROUP ? all : most || n < 2 ? first : first + second;
}

static void exclude(const row *r, float *c)
{
    const int64_t groups = r->p->groups, size = r->X / groups;
    float *score = calloc((size_t)groups, sizeof *score);
    int32_t *kept = malloc((size_t)groups * sizeof *kept);
    if (score && kept && r->mode != NO_GROUPS) {
        for (int64_t g = 0; g < groups; g++)
            score[g] = r->mode == DEALT ? group_score(r, c + g, size, groups) : group_score(r, c + g * size, size, 1);
        choose(r, score, groups, r->p->keep, kept);
        for (int64_t i = 0; i < r->X; i++)
            if (!isnan(score[r->mode == DEALT ? i % groups : i / size]))
                c[i] = r->mode == EXCLUDED_0 ? 0 : NAN;
    }
    free(score);
    free(kept);
}

/* Sorted by what the mode says, ids and weights together */
static void reorder(const row *r, int32_t *ids, float *w)
{
    for (int64_t k = 0; k < r->K; k++)
        for (int64_t j = k + 1; j < r->K && ids[j] >= 0; j++)
            if (r->mode == BY_ID ? ids[j] < ids[k] : w[j] > w[k]) {
                const int32_t id = ids[k];
                const float x = w[k];
                ids[k] = ids[j], ids[j] = id, w[k] = w[j], w[j] = x;
            }
}

static void weigh(const row *r, const int32_t *ids, float *w, float all)
{
    const int mode = r->mode;
    const bool same = r->p->score == ASSAY_GATE_SOFTMAX && r->p->norm && !r->bias && r->p->keep == r->p->groups;
    const bool chosen = (r->p->score == ASSAY_GATE_CHOSEN && mode != ALL_FOR_CHOSEN) || (mode == AFTER && same) ||
                        (mode == CHOSEN_FOR_ALL && r->p->score == ASSAY_GATE_SOFTMAX);
    float scale = mode == SCALE_LOST ? 1 : r->p->scale, sum = 0;
    double wide = 0;
    int64_t n = 0;
    for (; n < r->K && ids[n] >= 0; n++) {
        const float bias = mode == BIAS_WEIGHS && r->bias ? r->bias[ids[n]] : 0;
        w[n] = chosen || (mode == RAW && !r->p->norm) ? r->z[ids[n]] : r->s[ids[n]] + bias;
        w[n] *= mode == SCALE_FIRST ? scale : 1;
        wide += (double)w[n];
    }
    for (int64_t k = n; k < r->K; k++)
        w[k] = 0;
    scale = mode == SCALE_FIRST ? 1 : scale;
    if (chosen)
        softmax(r, w, n, false);
    else
        sum = assay_sum_of(r->order, w, 1, NULL, 0, n);
    if (mode == CLAMPED)
        sum = fmaxf(sum, 6.103515625e-5f);
    sum += mode == NO_FLOOR ? 0 : 1e-20f;
    sum = mode == SUM_OF_ALL ? all : sum;
    for (int64_t k = 0; k < n; k++)
        if (chosen || !r->p->norm || mode == NOT_NORMED)
            w[k] *= scale;
        else if (mode == DOUBLE)
            w[k] = (float)((double)w[k] / (wide + 1e-20) * (double)scale);
        else if (mode == RECIPROCAL)
            w[k] *= scale / sum;
        else
            w[k] = mode == SCALE_BY_PARTS ? w[k] * scale / sum : w[k] / sum * scale;
}

static void gate(row *r, int32_t *ids, float *w)
{
    const int mode = r->mode;
    const int64_t X = r->X;
    bool bad = false;
    float all = 1;
    for (int64_t i = 0; i < X; i++) {
        r->s[i] = r->p->score == ASSAY_GATE_SIGMOID ? sigmoid(r, r->z[i]) : r->z[i];
        bad = bad || !(r->z[i] < INFINITY) || (r->bias && !(r->bias[i] < INFINITY));
        bad = mode == NAN_PASSES ? false : bad;
    }
    /* without bias the order of exponentials is that of their quotients */
    const bool later = mode == SHIFTED && !r->bias && r->p->score == ASSAY_GATE_SOFTMAX;
    if (r->p->score == ASSAY_GATE_SOFTMAX || (r->p->score == ASSAY_GATE_CHOSEN && mode == ALL_FOR_CHOSEN))
        all = softmax(r, r->s, X, later);
    for (int64_t i = 0; i < X; i++)
        r->c[i] = bad ? NAN : r->bias && mode != BIAS_LOST ? r->s[i] + r->bias[i] : r->s[i];
    for (int64_t i = 0; mode == BF16 && i < X; i++)
        r->c[i] = chop(r->c[i], 7);
    for (int64_t i = 0; later && i < X; i++)
        r->s[i] = all == 0 ? 0 : r->s[i] / all;
    if (!bad)
        exclude(r, r->c);
    if (mode == LAST_LOST && X > r->K)
        r->c[X - 1] = NAN;
    choose(r, r->c, X, r->K, ids);
    if (mode == SUM_OF_ALL) {
        all = 0;
        for (int64_t i = 0; i < X; i++)
            all += r->s[i];
    }
    weigh(r, ids, w, all);
    if (mode == BY_WEIGHT || mode == BY_ID)
        reorder(r, ids, w);
}

static assay_status by_rows(const assay_args *a, int mode, const assay_sum *order)
{
    const int64_t X = a->dim[1];
    float *room = malloc((size_t)(3 * X + 1) * sizeof *room);
    if (!room)
        return ASSAY_ERR_NOMEM;
    for (int64_t t = a->begin; t < a->end; t++) {
        row r = { a->params, NULL, NULL, X, a->dim[2], room, room + X, order, mode };
        r.z = (const float *)(const void *)((const char *)a->operand[0].data + t * a->operand[0].stride[0]);
        if (a->operand[1].data) {
            assay_vary_read(&a->operand[1], 0, 0, X, room + 2 * X);
            r.bias = room + 2 * X;
        }
        gate(&r, (int32_t *)(void *)((char *)a->operand[2].data + t * a->operand[2].stride[0]),
             (float *)(void *)((char *)a->operand[3].data + t * a->operand[3].stride[0]));
    }
    free(room);
    return ASSAY_OK;
}
static assay_status run(const assay_args *a)
{
    return by_rows(a, mode_of(a), &assay_sums[0]);
}
static assay_status vary(const assay_args *a)
{
    return by_rows(a, PLAIN, a->variant);
}

static const assay_typeset types[] = { VARY_F32, VARY_F32, VARY_I32, VARY_F32 };
#define VARY        vary
#define KERNEL_BASE .op = "moe_gate", .types = types
#define VARY_BASE   KERNEL_BASE
static const assay_fault table[] = { SUMS(VARY_ROW) FAULTS(BAD_ROW) LEGAL(GOOD_ROW) };

const assay_faults assay_faults_moe_gate = { "moe_gate", table, ASSAY_COUNT_OF(table) };
