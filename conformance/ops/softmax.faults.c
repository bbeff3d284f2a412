/* SPDX-License-Identifier: MIT
 * softmax: kernels that are wrong on purpose, and legal ones that must pass. */
#include "assay/params/softmax.h"
#include "variants.h"
#include "faults.h"

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

#define LEGAL(X)                                                                                                       \
    X(PLAIN, "sequential", "legal: one by one, times the reciprocal")                                                  \
    X(REVERSED, "reversed", "legal: last to first")                                                                    \
    X(PAIRWISE, "pairwise", "legal: pairwise sum")                                                                     \
    X(LANES8, "eight-lanes", "legal: 8 lanes")                                                                         \
    X(DOUBLE, "double-sum", "legal: f64 accumulation")                                                                 \
    X(KAHAN, "kahan", "legal: Kahan sum")                                                                              \
    X(DIVIDE, "divide", "legal: division by the sum")                                                                  \
    X(ONLINE1, "online-1", "legal: online, one element at a time")                                                     \
    X(ONLINE16, "online-16", "legal: online, blocks of 16")                                                            \
    X(ONLINE64, "online-64", "legal: online, blocks of 64")                                                            \
    X(EXP2_FMA, "exp2-fma", "legal: 2^x with FMA and a second constant")                                               \
    X(EXP_DOUBLE, "exp-double", "legal: exponential in f64, rounded once")                                             \
    X(POLY6, "exp-degree-7", "legal: polynomial of degree >= 6")                                                       \
    X(RCP_NEWTON, "reciprocal-newton", "legal: 12-bit reciprocal and one Newton step")

enum { FAULTS(MODE) LEGAL(MODE) PARTS_IN_COMMON };

enum { MAX_C = 65536, MAX_R = 4096 };

static float exponential(float d, int mode)
{
    if (mode == EXP2_FMA) { /* 2^n 2^f, as vector code does it */
        if (!(d > -104))
            return d != d ? d : 0;
        const float n = rintf(d * 0x1.715476p+0f);
        return ldexpf(exp2f(fmaf(d, 0x1.715476p+0f, -n) + d * 0x1.4ae0cp-26f), (int)n);
    }
    if (mode == POLY6 || mode == POLY5) {
        if (!(d > -104))
            return d != d ? d : 0;
        const float n = rintf(d * 0x1.715476p+0f);
        const double r = (double)d - (double)n * 0x1.62e42fefa39efp-1;
        const double p5 = 1 + r * (1 + r * (1 / 2.0 + r * (1 / 6.0 + r * (1 / 24.0 + r / 120))));
        return ldexpf((float)(mode == POLY5 ? p5 : p5 + r * r * r * r * r * r / 720 * (1 + r / 7)), (int)n);
    }
    return mode == EXP_DOUBLE ? (float)exp((double)d) : expf(d);
}
/* Sum of the first n, in one of several orders. */
static float total(const float *e, int64_t n, int mode)
{
    if (mode == PAIRWISE)
        return n == 0 ? 0 : n == 1 ? *e : total(e, n / 2, mode) + total(e + n / 2, n - n / 2, mode);
    float lane[8] = { 0 }, lost = 0;
    double wide = 0;
    for (int64_t i = 0; i < n; i++) {
        const float v = e[mode == REVERSED ? n - 1 - i : i], t = v - lost, s = lane[0] + t;
        wide += v;
        if (mode == KAHAN)
            lost = (s - lane[0]) - t, lane[0] = s;
        else if (mode == LANES8)
            lane[i % 8] += v;
        else if (mode == SUM_BF16)
            lane[0] = chop(lane[0] + v, 7);
        else
            lane[0] += v;
    }
    if (mode == DOUBLE)
        return (float)wide;
    return (lane[0] + lane[4]) + (lane[1] + lane[5]) + ((lane[2] + lane[6]) + (lane[3] + lane[7]));
}
/* Maximum and sum in one pass over blocks: the sum so far is rescaled where the maximum grows. */
static float online(const float *z, int64_t C, int64_t block, int mode, float *m)
{
    float sum = 0;
    *m = -INFINITY;
    for (int64_t c = 0; c < C; c += block) {
        const int64_t n = c + block < C ? block : C - c;
        float top = *m, part = 0;
        for (int64_t i = c; i < c + n; i++)
            top = z[i] > top || z[i] != z[i] ? z[i] : top;
        for (int64_t i = c; i < c + n; i++)
            part += z[i] == -INFINITY && mode != SLICE_NAN ? 0 : expf(z[i] - top);
        if (mode != ONLINE_NO_RESCALE)
            sum *= *m == top ? 1 : expf(*m - top);
        sum += part, *m = top;
    }
    return sum;
}

static void one_row(const float *x, const float *mask, float scale, float *y, int64_t C, int mode)
{
    static _Thread_local float z[MAX_C];
    const int64_t full = C & ~INT64_C(7);
    float m = mode == FINITE_NONE ? -5e4f : -INFINITY, sum = 0;
    for (int64_t c = 0; c < C; c++) {
        const float bias = mask && mode != MASK_AFTER ? mask[c] : 0;
        z[c] = mode == SCALE_AFTER ? scale * (x[c] + bias) : mode == NO_SCALE ? x[c] + bias : scale * x[c] + bias;
        if (bias == -INFINITY && mode != MASK_LEAKS)
            z[c] = -INFINITY;
        if (mode != MAX_NO_TAIL || c < full)
            m = z[c] > m ? z[c] : m;
    }
    if (mode == SLICE_NAN || mode == ONLINE_NO_RESCALE)
        sum = online(z, C, 16, mode, &m);
    if (mode >= ONLINE1 && mode <= ONLINE64)
        sum = online(z, C, mode == ONLINE1 ? 1 : mode == ONLINE16 ? 16 : 64, mode, &m);
    if (mode == MAX_NO_TAIL && full == 0)
        m = 0;
    const float shift = mode == NO_MAX ? 0 : mode == CONSTANT_SHIFT ? 10 : m;
    for (int64_t c = 0; c < C; c++)
        if (mode == EXP2_ROUNDED)
            y[c] = exp2f(z[c] * 0x1.715476p+0f - m * 0x1.715476p+0f);
        else
            y[c] = z[c] == -INFINITY && mode != HOLLOW_NAN ? 0 : exponential(z[c] - shift, mode);
    if (sum == 0)
        sum = total(y, mode == SUM_NO_LAST ? C - 1 : mode == SUM_NO_TAIL && full ? full : C, mode);
    const float inverse = mode == RCP12 ? chop(1 / sum, 12) : 1 / sum, guess = chop(1 / sum, 12);
    for (int64_t c = 0; c < C; c++) {
        if (sum == 0 && mode != HOLLOW_NAN)
            y[c] = 0;
        else if (mode == DIVIDE)
            y[c] /= sum;
        else
            y[c] *= mode == RCP_NEWTON ? fmaf(guess, fmaf(-sum, guess, 1), guess) : inverse;
        if (mode == MASK_AFTER && mask && mask[c] == -INFINITY)
            y[c] = 0;
    }
    if (mode == ONE_PAST)
        y[C] = 0;
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
    const assay_softmax_params *p = a->params;
    const assay_tensor *mask = &a->operand[1];
    const float scale = p->scale == 0 ? 1 : p->scale;
    if (mode == PARTS_IN_COMMON)
        return in_two_phases(a, scale), ASSAY_OK;
    for (int64_t r = 0; mode == COPY_ALL && r < a->dim[0]; r++) /* also the rows that another slice has done */
        memcpy((char *)a->operand[2].data + r * a->operand[2].stride[0],
               (const char *)a->operand[0].data + r * a->operand[0].stride[0], (size_t)a->dim[1] * sizeof(float));
    for (int64_t r = a->begin; mode == OVER_INPUT && r < a->end; r++)
        for (int64_t c = 0; c < a->dim[1]; c++)
            ((float *)((char *)a->operand[0].data + r * a->operand[0].stride[0]))[c] *= scale;
    for (int64_t r = a->begin; r < a->end; r++)
        one_row((const float *)((const char *)a->operand[0].data + r * a->operand[0].stride[0]),
                mask->data ? (const float *)((const char *)mask->data + r * mask->stride[0]) : NULL, scale,
                (float *)((char *)a->operand[2].data + r * a->operand[2].stride[0]), a->dim[1], mode);
    return ASSAY_OK;
}

static bool accepts(const assay_args *a)
{
    return a->dim[1] <= MAX_C;
}
static bool no_more_rows(const assay_args *a)
{
    return a->dim[0] <= MAX_R;
}
static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)),
                                       ASSAY_TYPES(ASSAY_T(f32)) };
#define KERNEL_BASE .op = "softmax", .types = types, .accepts = accepts

/* ---- legal ones, generated ---- */

#define VARY      assay_vary_softmax
#define VARY_BASE .op = "softmax", .types = vary_types
static const assay_typeset vary_types[] = { VARY_FLOATS, VARY_F32, VARY_FLOATS };

static const assay_fault table[] = { { ASSAY_FAULT,
                                       { .op = "softmax",
                                         .name = "parts-of-all-calls-in-one-place",
                                         .types = types,
                                         .accepts = no_more_rows,
                                         .phases = two_phases,
                                         .run = run,
                                         .variant = MODE_OF(PARTS_IN_COMMON) },
                                       "flashinfer-ai/flashinfer#4692" },
                                     SUMS(VARY_ROW) FAULTS(BAD_ROW) LEGAL(GOOD_ROW) };

const assay_faults assay_faults_softmax = { "softmax", table, ASSAY_COUNT_OF(table) };
