/* SPDX-License-Identifier: MIT
 * softmax: kernels that are wrong on purpose, and legal ones: in any order of the sum, in two passes, or online over
 * blocks and in parts, with seven exponentials and three quotients. */
#include "assay/params/softmax.h"
#include "rows.h"

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(NO_MAX, "no-maximum", "slip: docs/museum.md")                                                                    \
    X(MAX_NO_TAIL, "maximum-ignores-tail", "slip: docs/museum.md")                                                     \
    X(SUM_NO_LAST, "sum-skips-last", "slip: docs/museum.md")                                                           \
    X(SUM_NO_TAIL, "sum-skips-tail", "slip: docs/museum.md")                                                           \
    X(POLY5, "exp-degree-5", "slip: docs/museum.md")                                                                   \
    X(RCP12, "reciprocal-12-bits", "slip: docs/museum.md")                                                             \
    X(SUM_BF16, "sum-in-bf16", "pytorch/executorch#20089")                                                             \
    X(HOLLOW_NAN, "masked-row-nan", "tracel-ai/burn#4694")                                                             \
    X(CONSTANT_SHIFT, "constant-for-maximum", "HabanaAI/vllm-fork#275")                                                \
    X(FINITE_NONE, "finite-minus-infinity", "flashinfer-ai/flashinfer#4267")                                           \
    X(MASK_AFTER, "mask-after-softmax", "lucidrains/memory-compressed-attention#2")                                    \
    X(NO_SCALE, "scale-ignored", "slip: attention: scale")                                                             \
    X(SCALE_AFTER, "scale-after-mask", "scale applied to the mask too")                                                \
    X(MASK_LEAKS, "masked-nan-leaks", "what a mask hides must not be seen")                                            \
    X(EXP2_ROUNDED, "exp2-folded-without-fma", "large logits")                                                         \
    X(SLICE_NAN, "masked-slice-nan", "flashinfer-ai/flashinfer#1178")                                                  \
    X(ONLINE_NO_RESCALE, "online-without-rescale", "slip: attention")                                                  \
    X(ONE_PAST, "writes-one-past", "sonos/tract#2304")                                                                 \
    X(COPY_ALL, "copy-of-all-rows-by-each-slice", "ggml-org/llama.cpp#1454")                                           \
    X(OVER_INPUT, "input-scaled-in-place", "slip: input modified; ScalingIntelligence/KernelBench#82")

enum { FAULTS(MODE) PLAIN, PARTS_IN_COMMON };

enum { X, MASK, Y, MAX_R = 4096 };

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

static void logits(const assay_row *k, float *z)
{
    const float *x = k->in[X], *mask = k->mode == MASK_AFTER ? NULL : k->in[MASK], scale = scale_of(k->params);
    for (int64_t c = 0; c < k->n; c++) {
        const float bias = mask ? mask[c] : 0;
        z[c] = bias == -INFINITY && k->mode != MASK_LEAKS ? bias
               : k->mode == SCALE_AFTER                   ? scale * (x[c] + bias)
               : k->mode == NO_SCALE                      ? x[c] + bias
               : k->order->by == ASSAY_FUSED              ? fmaf(scale, x[c], bias)
                                                          : scale * x[c] + bias;
    }
}

static void one_row(const assay_row *k)
{
    /* online needs a chain over the blocks: only where the contract allows any order */
    static const int64_t sizes[] = { 0, 1, 7, 16, 64, 256 };
    const int mode = k->mode, row = k->order->row;
    const int64_t n = k->n, full = n & ~INT64_C(7);
    const int64_t block = mode == SLICE_NAN || mode == ONLINE_NO_RESCALE        ? 16
                          : mode == PLAIN && k->order->depth == ASSAY_DEPTH_ANY ? sizes[row / 3 % 6]
                                                                                : 0;
    float *z = k->room, *e = z + n, m, sum;
    logits(k, z);
    if (block)
        sum = merged(k, z, block, e, &m);
    else {
        m = mode == NO_MAX || (mode == MAX_NO_TAIL && !full) ? 0
            : mode == CONSTANT_SHIFT
                ? 10
                : maximum(z, mode == MAX_NO_TAIL ? full : n, mode == FINITE_NONE ? -5e4f : -INFINITY);
        for (int64_t c = 0; c < n; c++)
            e[c] = weight(k, z[c], m);
        sum = total(k, k->order, e, n);
    }
    const float inverse = mode == RCP12 ? chop(1 / sum, 12) : row % 3 == 1 ? assay_vary_reciprocal(row, sum) : 1 / sum;
    for (int64_t c = 0; c < n; c++) {
        const float v = weight(k, z[c], m);
        const bool none =
            (sum == 0 && mode != HOLLOW_NAN) || (mode == MASK_AFTER && k->in[MASK] && k->in[MASK][c] == -INFINITY);
        k->out[c] = none ? 0 : row % 3 == 2 ? v / sum : v * inverse;
    }
    if (mode == ONE_PAST)
        k->out[n] = 0;
}

/* Sums in one phase, results in the next.  The sums of all calls lie in one place: right for one call at a time. */
static void in_two_phases(const assay_args *a, float scale)
{
    static struct {
        float top, sum;
    } part[MAX_R];
    for (int64_t r = a->begin; r < a->end; r++) {
        const assay_tensor *mask = &a->operand[1];
        const float *x = (const float *)((const char *)a->operand[0].data + r * a->operand[0].stride[0]),
                    *bias = mask->data ? (const float *)((const char *)mask->data + r * mask->stride[0]) : NULL;
        float *y = (float *)((char *)a->operand[2].data + r * a->operand[2].stride[0]);
        float top = -INFINITY, sum = 0;
        for (int64_t c = 0; c < a->dim[1]; c++)
            top = fmaxf(top, scale * x[c] + (bias ? bias[c] : 0));
        for (int64_t c = 0; c < a->dim[1]; c++)
            sum += top == -INFINITY ? 0 : expf(scale * x[c] + (bias ? bias[c] : 0) - top);
        if (a->phase == 0)
            part[r].top = top, part[r].sum = sum;
        for (int64_t c = 0; a->phase == 1 && c < a->dim[1]; c++)
            y[c] = part[r].sum == 0 ? 0 : expf(scale * x[c] + (bias ? bias[c] : 0) - part[r].top) / part[r].sum;
    }
}
static uint32_t two_phases(const assay_args *a)
{
    (void)a;
    return 2;
}

static assay_status run(const assay_args *a)
{
    const int mode = mode_of(a);
    const assay_tensor *x = &a->operand[X], *y = &a->operand[Y];
    if (mode == PARTS_IN_COMMON)
        return in_two_phases(a, scale_of(a->params)), ASSAY_OK;
    for (int64_t r = 0; mode == COPY_ALL && r < a->dim[0]; r++) /* also the rows that another slice has done */
        memcpy((char *)y->data + r * y->stride[0], (const char *)x->data + r * x->stride[0],
               (size_t)a->dim[1] * sizeof(float));
    for (int64_t r = a->begin; mode == OVER_INPUT && r < a->end; r++)
        for (int64_t c = 0; c < a->dim[1]; c++)
            ((float *)(void *)((char *)x->data + r * x->stride[0]))[c] *= scale_of(a->params);
    return assay_by_rows(a, 2, one_row, mode, &assay_sums[0]);
}
BY_ORDERS(2, one_row, PLAIN)

static bool no_more_rows(const assay_args *a)
{
    return a->dim[0] <= MAX_R;
}
#define KERNEL_BASE .op = "softmax", .types = assay_types_f32
#undef VARY_BASE
#define VARY_BASE .op = "softmax", .types = vary_types
static const assay_typeset vary_types[] = { VARY_FLOATS, VARY_F32, VARY_FLOATS };

static const assay_fault table[] = { { ASSAY_FAULT,
                                       { KERNEL_BASE, .name = "parts-of-all-calls-in-one-place",
                                         .accepts = no_more_rows, .phases = two_phases, .run = run,
                                         .variant = MODE_OF(PARTS_IN_COMMON) },
                                       "flashinfer-ai/flashinfer#4692" },
                                     SUMS(VARY_ROW) FAULTS(BAD_ROW) };

const assay_faults assay_faults_softmax = { "softmax", table, ASSAY_COUNT_OF(table) };
