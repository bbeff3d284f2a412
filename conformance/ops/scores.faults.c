/* SPDX-License-Identifier: MIT
 * scores: kernels that are wrong on purpose, and legal ones: products and sums of weights in any order, the scale in q
 * or behind, weights by the largest score first or with a running maximum over blocks. */
#define ASSAY_REAL float
#include "faults.h"
#include "variants.h"
#include "../../reference/core/tensor.h"
#include "../../reference/ops/scores.h"
#include <float.h>
#include <stdlib.h>

enum { SINKS = 3, OUT = 7, OPERANDS };

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(SCALE_D, "scale-1/d", "slip: docs/museum.md")                                                                    \
    X(NO_SCALE, "no-scale", "own: the product before its scale, as stage 0")                                           \
    X(HEAD_MOD, "kv-head-mod", "slip: docs/museum.md")                                                                 \
    X(CAP_LATE, "cap-after-mask", "onnx/onnx: Attention before 1.22")                                                  \
    X(CAP_FIRST, "product-behind-the-cap", "own: stage product after the cap is applied in place")                     \
    X(CAP_NONE, "capped-without-the-cap", "own: one buffer for both stages")                                           \
    X(MASK_EARLY, "product-with-mask", "own: the mask as the product's first term")                                    \
    X(PRODUCT_HIDES, "product-hides", "own: only keys that are seen are computed")                                     \
    X(MASK_HEAD, "mask-of-head-0", "own")                                                                              \
    X(CAUSAL_PLUS, "causal+1", "slip: docs/museum.md")                                                                 \
    X(CAUSAL_MINUS, "causal-1", "slip: docs/museum.md")                                                                \
    X(TOP_LEFT, "causal-top-left", "gittensor-ai-lab/sparkinfer#3")                                                    \
    X(WINDOW_PLUS, "window+1", "slip: docs/museum.md")                                                                 \
    X(RIGHT_PLUS, "right+1", "own")                                                                                    \
    X(BY_CELL, "positions-by-cells", "ikawrakow/ik_llama.cpp#2186")                                                    \
    X(MINUS_ONE, "empty-slot-is-minus-1", "own: other negative positions are taken for far ones")                      \
    X(NO_LEN, "length-ignored", "own: a mask for the batch's longest")                                                 \
    X(LOWEST, "hidden-is-lowest", "own: -FLT_MAX for -inf")                                                            \
    X(SUM_HIDDEN, "hidden-not-a-number", "own: NaN under a mask stays: the mask is added")                             \
    X(UNIFORM, "masked-row-uniform", "huggingface/transformers: finfo.min in every place")                             \
    X(MASKED_NAN, "masked-row-nan", "tracel-ai/burn#4694")                                                             \
    X(NO_SINK, "sink-omitted", "slip: docs/museum.md")                                                                 \
    X(SINK_ALONE, "sink-counts-in-a-masked-row", "own: weights over the sink alone")                                   \
    X(NO_MAX, "no-max", "slip: docs/museum.md")                                                                        \
    X(FLOOR, "max-from--1e6", "own: a finite number for -inf")                                                         \
    X(SUM_STAYS, "sum-not-rescaled", "slip: docs/museum.md")                                                           \
    X(SUM_SHORT, "sum-without-the-last", "own")                                                                        \
    X(NOT_DIVIDED, "exponentials-not-divided", "own: weights before their sum is known")                               \
    X(S_BF16, "score-bf16", "slip: docs/museum.md")                                                                    \
    X(SUM_BF16, "sum-bf16", "pytorch/executorch#20089")                                                                \
    X(LOGS, "logarithms", "own: log-softmax for softmax")
#define LEGAL(X)                                                                                                       \
    X(ROOTS, "scale-in-both", "legal: the root of the scale, a power of two, in q and in k")                           \
    X(DOUBLE, "double", "legal: all in f64, rounded once")                                                             \
    X(RECIPROCAL, "reciprocal-of-the-cap", "legal: times 1/c")

enum { PLAIN, FAULTS(MODE) LEGAL(MODE) };

typedef struct call {
    att x;
    const assay_scores_params *p;
    const assay_sum *order;
    int mode;
    bool masked; /* mask, slopes and what is seen count at this stage */
    float *room; /* D for a query, S for exponentials */
} call;

static bool seen(const call *k, int64_t b, int64_t t, int64_t h, int64_t j)
{
    att x = k->x;
    int64_t from = t;
    x.window += k->mode == WINDOW_PLUS && x.window > 0;
    x.right = k->p->right ? k->p->right + (k->mode == RIGHT_PLUS) : x.window;
    if (k->mode == NO_LEN)
        x.len = NULL;
    if (k->mode == BY_CELL && x.kpos && att_kpos(&x, b, j) >= 0)
        x.kpos = NULL;
    if (k->mode == TOP_LEFT && !x.qpos)
        from = t + x.T - att_len(&x, b);
    if (k->mode == MINUS_ONE && att_kpos(&x, b, j) < -1)
        return j < att_len(&x, b) && x.window == 0 && x.right == 0;
    if (k->mode == CAUSAL_PLUS || k->mode == CAUSAL_MINUS) {
        const int64_t ahead = att_kpos(&x, b, j) - att_qpos(&x, b, t), slack = k->mode == CAUSAL_PLUS ? 1 : -1;
        if (x.causal && ahead > slack)
            return false;
        x.causal = false;
    }
    if (k->mode == TOP_LEFT && x.causal && !x.qpos && att_kpos(&x, b, j) > att_qpos(&x, b, from))
        return false;
    x.causal = x.causal && k->mode != TOP_LEFT;
    if (k->mode == UNIFORM || k->mode == SUM_HIDDEN)
        x.mask = NULL;
    return j < att_len(&x, b) && att_visible(&x, b, t, h, j);
}

static float product(const call *k, int64_t b, int64_t t, int64_t h, int64_t j)
{
    const att *x = &k->x;
    const float *q = att_q(x, b, t, h), scale = k->mode == SCALE_D    ? 1 / (float)x->D
                                                : k->mode == NO_SCALE ? 1
                                                                      : x->scale;
    const float *key = k->mode == HEAD_MOD ? x->k + ((b * x->S + j) * x->G + h % x->G) * x->D : att_k(x, b, h, j);
    const float root = sqrtf(scale);
    const bool first = k->mode == PLAIN && k->order->row % 2, both = k->mode == ROOTS && root * root == scale;
    double wide = 0;
    for (int64_t d = 0; d < x->D; d++) {
        k->room[d] = first ? q[d] * scale : both ? q[d] * root : q[d];
        wide += (double)q[d] * (double)key[d];
    }
    const float dot = assay_sum_of(k->order, k->room, 1, key, 1, x->D);
    return k->mode == DOUBLE ? (float)(wide * (double)scale) : first ? dot : both ? dot * root : dot * scale;
}

static float capped(const call *k, float z)
{
    const float c = k->x.cap;
    return k->mode == RECIPROCAL ? c * tanhf(z * (1 / c)) : c * assay_vary_tanh(k->order->row, z / c);
}

static float score(const call *k, int64_t b, int64_t t, int64_t h, int64_t j)
{
    const att *x = &k->x;
    const int32_t stage = k->p->stage;
    const float bias = att_mask(x, b, t, k->mode == MASK_HEAD ? 0 : h, j);
    const bool caps = x->cap > 0 && k->mode != CAP_LATE;
    float z = product(k, b, t, h, j);
    if (k->mode == S_BF16)
        z = as_bf16(z);
    if (stage == ASSAY_SCORES_PRODUCT && k->mode == MASK_EARLY && bias > -INFINITY)
        z += bias;
    if (caps &&
        (stage == ASSAY_SCORES_PRODUCT ? k->mode == CAP_FIRST : !(stage == ASSAY_SCORES_CAPPED && k->mode == CAP_NONE)))
        z = capped(k, z);
    if (!k->masked)
        return k->mode == PRODUCT_HIDES && !seen(k, b, t, h, j) ? -INFINITY : z;
    if (!seen(k, b, t, h, j))
        return k->mode == LOWEST || k->mode == UNIFORM ? -FLT_MAX : -INFINITY;
    if (x->mask)
        z += k->mode == UNIFORM && bias == -INFINITY ? -FLT_MAX : bias;
    return k->mode == CAP_LATE && x->cap > 0 ? capped(k, z) : z;
}

/* The sum of exponentials below the largest, which is *m: at once, or with a running maximum over blocks */
static float sum_of(const call *k, const float *z, int64_t S, float *e, float *m)
{
    static const int64_t sizes[] = { 0, 1, 7, 16, 64, 128 };
    const int64_t of_row = k->mode == PLAIN && k->order->depth == ASSAY_DEPTH_ANY ? sizes[k->order->row / 3 % 6] : 0;
    const int64_t size = k->mode == SUM_STAYS ? 1 : of_row ? of_row : S + 1, row = k->order->row;
    float sum = 0, top = -INFINITY;
    *m = -INFINITY;
    for (int64_t from = 0; from < S; from += size) {
        const int64_t end = S - from < size ? S : from + size;
        for (int64_t j = from; j < end; j++)
            top = z[j] > top || z[j] != z[j] ? z[j] : top;
        if (top == -INFINITY)
            continue;
        top = k->mode == FLOOR && top < -1e6f ? -1e6f : top;
        if (k->mode != SUM_STAYS && sum > 0 && top != *m)
            sum *= assay_vary_exp((int32_t)row, *m - top);
        *m = top;
        for (int64_t j = from; j < end; j++) {
            e[j] = z[j] == -INFINITY || (k->mode == SUM_SHORT && j == S - 1) ? 0
                   : k->mode == NO_MAX                                       ? expf(z[j])
                                                                             : assay_vary_exp((int32_t)row, z[j] - top);
            sum = k->mode == SUM_BF16 ? as_bf16(sum + e[j]) : sum;
        }
        sum = k->mode == SUM_BF16 ? sum : sum + assay_sum_of(k->order, e + from, 1, NULL, 0, end - from);
    }
    return sum;
}

static void weigh(const call *k, float *z, int64_t h)
{
    const int64_t S = k->x.S;
    const float *sink = k->x.sinks && k->mode != NO_SINK ? &k->x.sinks[h] : NULL;
    const int32_t row = k->order->row;
    float m, sum = sum_of(k, z, S, k->room + k->x.D, &m);
    bool any = m != -INFINITY;
    if (!any && k->mode == MASKED_NAN)
        any = true;
    if (!any && k->mode == SINK_ALONE && sink)
        sum = 0;
    if (sink && (any || k->mode == SINK_ALONE)) {
        const float up = *sink > m ? *sink : m;
        sum = k->mode == NO_MAX ? sum + expf(*sink)
              : up == m         ? sum + assay_vary_exp(row, *sink - m)
                                : sum * (any ? assay_vary_exp(row, m - up) : 0) + assay_vary_exp(row, *sink - up);
        m = up;
    }
    const float inverse = row % 3 == 1 ? assay_vary_reciprocal(row, sum) : 1 / sum;
    for (int64_t j = 0; j < S; j++) {
        const float e = k->mode == NO_MAX                            ? expf(z[j])
                        : z[j] == -INFINITY && k->mode != MASKED_NAN ? 0
                                                                     : assay_vary_exp(row, z[j] - m);
        const float w = row % 3 == 2 ? e / sum : e * inverse;
        z[j] = !any                                         ? 0
               : k->mode == LOGS                            ? z[j] - m - logf(sum)
               : k->mode == NOT_DIVIDED                     ? e
               : z[j] == -INFINITY && k->mode != MASKED_NAN ? 0
                                                            : w;
    }
    if (!any && k->mode == SINK_ALONE && sink)
        z[0] = 1;
}

static assay_status compute(const assay_args *a, int mode, const assay_sum *order)
{
    void *operand[OPERANDS] = { NULL }, *none[OPERANDS] = { NULL };
    const assay_status opened = assay_vary_open(a, OPERANDS, SINKS + 1, operand);
    const assay_dense d = { operand, none, a->dim, a->params };
    call k = { .x = scores_open(&d), .p = a->params, .order = order, .mode = mode };
    k.masked = k.p->stage == ASSAY_SCORES_MASKED || k.p->stage == ASSAY_SCORES_WEIGHTS;
    k.room = malloc((size_t)(k.x.S + k.x.D + 1) * sizeof *k.room);
    for (int64_t i = 0; !opened && k.room && i < k.x.B * k.x.H * k.x.T; i++) {
        float *s = k.x.o + i * k.x.S;
        for (int64_t j = 0; j < k.x.S; j++)
            s[j] = score(&k, i / k.x.T / k.x.H, i % k.x.T, i / k.x.T % k.x.H, j);
        if (k.p->stage == ASSAY_SCORES_WEIGHTS)
            weigh(&k, s, i / k.x.T % k.x.H);
        assay_vary_write(&a->operand[OUT], i, 0, k.x.S, s);
    }
    assay_vary_close(OPERANDS, operand);
    free(k.room);
    return opened ? opened : k.room ? ASSAY_OK : ASSAY_ERR_NOMEM;
}
static assay_status run(const assay_args *a)
{
    return compute(a, mode_of(a), &assay_sums[0]);
}
static assay_status vary(const assay_args *a)
{
    return compute(a, PLAIN, a->variant);
}

#define KEYS ASSAY_TYPES(ASSAY_T(f32) | ASSAY_T(f16) | ASSAY_T(bf16) | ASSAY_T(q8_0))
static const assay_typeset types[] = { VARY_F32, KEYS, VARY_F32, VARY_F32, VARY_I32, VARY_I32, VARY_I32, VARY_FLOATS };
#define VARY        vary
#define VARY_BASE   .op = "scores", .types = types
#define KERNEL_BASE VARY_BASE, .flags = ASSAY_UNSLICED
static const assay_fault table[] = { SUMS(VARY_ROW) LEGAL(GOOD_ROW) FAULTS(BAD_ROW) };

const assay_faults assay_faults_scores = { "scores", table, ASSAY_COUNT_OF(table) };
