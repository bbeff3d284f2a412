/* SPDX-License-Identifier: MIT
 * logits_modes.h - the maximum m of a row of logits and the sum of e^(z - m), for the wrong and the legal kernels of
 * softmax, log_softmax and logsumexp: in any order, in two passes, or online over blocks and in parts, with seven
 * exponentials. */
#ifndef ASSAY_OPS_LOGITS_MODES_H
#define ASSAY_OPS_LOGITS_MODES_H
#include "assay/params/softmax.h"
#include "rows.h"

/* X(mode, name, where it comes from) */
#define LOGIT_FAULTS(X)                                                                                                \
    X(NO_MAX, "no-maximum", "slip: docs/museum.md")                                                                    \
    X(MAX_NO_TAIL, "maximum-ignores-tail", "slip: docs/museum.md")                                                     \
    X(SUM_NO_LAST, "sum-skips-last", "slip: docs/museum.md")                                                           \
    X(SUM_NO_TAIL, "sum-skips-tail", "slip: docs/museum.md")                                                           \
    X(POLY5, "exp-degree-5", "slip: docs/museum.md")                                                                   \
    X(SUM_BF16, "sum-in-bf16", "pytorch/executorch#20089")                                                             \
    X(HOLLOW_NAN, "masked-row-nan", "tracel-ai/burn#4694")                                                             \
    X(CONSTANT_SHIFT, "constant-for-maximum", "HabanaAI/vllm-fork#275")                                                \
    X(FINITE_NONE, "finite-minus-infinity", "flashinfer-ai/flashinfer#4267")                                           \
    X(NO_SCALE, "scale-ignored", "slip: attention: scale")                                                             \
    X(SCALE_AFTER, "scale-after-mask", "scale applied to the mask too")                                                \
    X(MASK_LEAKS, "masked-nan-leaks", "what a mask hides must not be seen")                                            \
    X(EXP2_ROUNDED, "exp2-folded-without-fma", "large logits")                                                         \
    X(SLICE_NAN, "masked-slice-nan", "flashinfer-ai/flashinfer#1178")                                                  \
    X(ONLINE_NO_RESCALE, "online-without-rescale", "slip: attention")

/* The op's own modes follow; PLAIN is right, in the order of the row's sum. */
enum { LOGIT_FAULTS(MODE) PLAIN, LOGIT_MODES };

enum { X, MASK };

static float scale_of(const void *params)
{
    const assay_softmax_params *p = params;
    return p->scale == 0 ? 1 : p->scale;
}

static float maximum(const float *z, int64_t n, float m)
{
    for (int64_t i = 0; i < n; i++)
        m = z[i] > m || z[i] != z[i] ? z[i] : m;
    return m;
}

static float weight(const assay_row *k, float z, float m)
{
    if (k->mode == EXP2_ROUNDED)
        return exp2f(z * 0x1.715476p+0f - m * 0x1.715476p+0f);
    if (z == -INFINITY && k->mode != HOLLOW_NAN && k->mode != SLICE_NAN)
        return 0;
    return k->mode == POLY5 ? assay_vary_polynomial(5, z - m) : assay_vary_exp(k->order->row, z - m);
}

static float total(const assay_row *k, const assay_sum *order, const float *e, int64_t n)
{
    const int64_t full = n & ~INT64_C(7), to = k->mode == SUM_NO_LAST && n      ? n - 1
                                               : k->mode == SUM_NO_TAIL && full ? full
                                                                                : n;
    float sum = 0;
    for (int64_t i = 0; k->mode == SUM_BF16 && i < n; i++)
        sum = chop(sum + e[i], 7);
    return k->mode == SUM_BF16 ? sum : assay_sum_of(order, e, 1, NULL, 0, to);
}

/* Keys in blocks: the sum so far is rescaled where the maximum grows.  e: room for a block. */
static float online(const assay_row *k, const float *z, int64_t n, int64_t block, float *e, float *m)
{
    assay_sum whole = *k->order;
    float sum = 0;
    whole.splits = 0;
    *m = -INFINITY;
    for (int64_t at = 0; at < n; at += block) {
        const int64_t len = n - at < block ? n - at : block;
        const float top = maximum(z + at, len, *m);
        for (int64_t i = 0; i < len; i++)
            e[i] = weight(k, z[at + i], top);
        if (*m != top && *m != -INFINITY && k->mode != ONLINE_NO_RESCALE)
            sum *= assay_vary_exp(k->order->row, *m - top);
        sum += total(k, &whole, e, len);
        *m = top;
    }
    return sum;
}

/* Parts, each online, brought to the largest maximum at the end. */
static float merged(const assay_row *k, const float *z, int64_t block, float *e, float *m)
{
    const int64_t parts = k->order->splits > 1 ? k->order->splits : 1;
    float part[8], top[8], sum = 0;
    *m = -INFINITY;
    for (int64_t p = 0; p < parts; p++) {
        const int64_t from = k->n * p / parts, len = k->n * (p + 1) / parts - from;
        part[p] = online(k, z + from, len, block, e, &top[p]);
        *m = maximum(&top[p], 1, *m);
    }
    for (int64_t p = 0; p < parts; p++)
        sum += top[p] == -INFINITY && k->mode != SLICE_NAN ? 0
               : top[p] == *m                              ? part[p]
                                                           : part[p] * assay_vary_exp(k->order->row, top[p] - *m);
    return sum;
}

static void logits(const assay_row *k, const float *mask, float *z)
{
    const float *x = k->in[X], scale = scale_of(k->params);
    for (int64_t c = 0; c < k->n; c++) {
        const float bias = mask ? mask[c] : 0;
        z[c] = bias == -INFINITY && k->mode != MASK_LEAKS ? bias
               : k->mode == SCALE_AFTER                   ? scale * (x[c] + bias)
               : k->mode == NO_SCALE                      ? x[c] + bias
               : k->order->by == ASSAY_FUSED              ? fmaf(scale, x[c], bias)
                                                          : scale * x[c] + bias;
    }
}

/* The sum over e^(z - m), in e if it is not online, and m */
static float logits_sum(const assay_row *k, const float *z, float *e, float *m)
{
    /* online needs a chain over the blocks: only where the contract allows any order */
    static const int64_t sizes[] = { 0, 1, 7, 16, 64, 256 };
    const int mode = k->mode;
    const int64_t n = k->n, full = n & ~INT64_C(7);
    const int64_t block = mode == SLICE_NAN || mode == ONLINE_NO_RESCALE        ? 16
                          : mode == PLAIN && k->order->depth == ASSAY_DEPTH_ANY ? sizes[k->order->row / 3 % 6]
                                                                                : 0;
    if (block)
        return merged(k, z, block, e, m);
    *m = mode == NO_MAX || (mode == MAX_NO_TAIL && !full) ? 0
         : mode == CONSTANT_SHIFT                         ? 10
                                  : maximum(z, mode == MAX_NO_TAIL ? full : n, mode == FINITE_NONE ? -5e4f : -INFINITY);
    for (int64_t c = 0; c < n; c++)
        e[c] = weight(k, z[c], *m);
    return total(k, k->order, e, n);
}
#endif
