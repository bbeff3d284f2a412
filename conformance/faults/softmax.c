/* SPDX-License-Identifier: MIT
 * softmax: kernels that are wrong on purpose, and legal ones that must pass. */
#include "../variants.h"
#include "faults.h"

enum { /* modes; those of GOOD first */
       PLAIN,
       REVERSED,
       PAIRWISE,
       LANES8,
       DOUBLE,
       KAHAN,
       DIVIDE,
       ONLINE1,
       ONLINE16,
       ONLINE64,
       EXP2_FMA,
       EXP_DOUBLE,
       POLY6,
       RCP_NEWTON,
       NO_MAX = 20,
       MAX_NO_TAIL,
       SUM_NO_LAST,
       SUM_NO_TAIL,
       POLY5,
       RCP12,
       SUM_BF16,
       HOLLOW_NAN,
       CONSTANT_SHIFT,
       FINITE_NONE,
       MASK_AFTER,
       NO_SCALE,
       SCALE_AFTER,
       MASK_LEAKS,
       EXP2_ROUNDED,
       SLICE_NAN,
       ONLINE_NO_RESCALE,
       ONE_PAST,
       COPY_ALL,
       OVER_INPUT,
       PARTS_IN_COMMON
};
#define LEGALS(X)  X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13)
#define FAULTS1(X) X(20) X(21) X(22) X(23) X(24) X(25) X(26) X(27) X(28)
#define FAULTS2(X) X(29) X(30) X(31) X(32) X(33) X(34) X(35) X(36) X(37) X(38) X(39) X(40)
#define MODES(X)   LEGALS(X) FAULTS1(X) FAULTS2(X)

enum { MAX_C = 65536, MAX_R = 4096 };

static float chop(float x, unsigned bits) /* keep so many bits of the fraction */
{
    uint32_t i;
    memcpy(&i, &x, sizeof i);
    i &= ~((UINT32_C(1) << (23 - bits)) - 1);
    memcpy(&x, &i, sizeof i);
    return x;
}
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

static assay_status go(const assay_args *a, int mode)
{
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
FAULT_STUBS(MODES)

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
SUMS(VARY_STUB)

static const assay_fault table[] = {
    SUMS(VARY_ROW) BAD(20, "no-maximum", "numerics 3"),
    BAD(21, "maximum-ignores-tail", "numerics 3"),
    BAD(22, "sum-skips-last", "numerics 3"),
    BAD(23, "sum-skips-tail", "numerics 3"),
    BAD(24, "exp-degree-5", "numerics 3"),
    BAD(25, "reciprocal-12-bits", "numerics 3"),
    BAD(26, "sum-in-bf16", "numerics 3; pytorch/executorch#20089"),
    BAD(27, "masked-row-nan", "numerics 3; tracel-ai/burn#4694"),
    BAD(28, "constant-for-maximum", "HabanaAI/vllm-fork#275"),
    BAD(29, "finite-minus-infinity", "flashinfer-ai/flashinfer#4267"),
    BAD(30, "mask-after-softmax", "lucidrains/memory-compressed-attention#2"),
    BAD(31, "scale-ignored", "numerics 3 (attention: scale)"),
    BAD(32, "scale-after-mask", "scale applied to the mask too"),
    BAD(33, "masked-nan-leaks", "numerics 2, NaN policy"),
    BAD(34, "exp2-folded-without-fma", "numerics 2, generator 18"),
    BAD(35, "masked-slice-nan", "flashinfer-ai/flashinfer#1178"),
    BAD(36, "online-without-rescale", "numerics 3 (attention)"),
    BAD(37, "writes-one-past", "sonos/tract#2304"),
    BAD(38, "copy-of-all-rows-by-each-slice", "ggml-org/llama.cpp#1454"),
    BAD(39, "input-scaled-in-place", "numerics 3: input modified; ScalingIntelligence/KernelBench#82"),
    { ASSAY_FAULT,
      { .op = "softmax",
        .name = "parts-of-all-calls-in-one-place",
        .types = types,
        .accepts = no_more_rows,
        .phases = two_phases,
        .run = run_40 },
      "flashinfer-ai/flashinfer#4692" },
    GOOD(0, "sequential", "legal: one by one, times the reciprocal"),
    GOOD(1, "reversed", "legal: last to first"),
    GOOD(2, "pairwise", "legal: pairwise sum"),
    GOOD(3, "eight-lanes", "legal: 8 lanes"),
    GOOD(4, "double-sum", "legal: f64 accumulation"),
    GOOD(5, "kahan", "legal: Kahan sum"),
    GOOD(6, "divide", "legal: division by the sum"),
    GOOD(7, "online-1", "legal: online, one element at a time"),
    GOOD(8, "online-16", "legal: online, blocks of 16"),
    GOOD(9, "online-64", "legal: online, blocks of 64"),
    GOOD(10, "exp2-fma", "legal: 2^x with FMA and a second constant"),
    GOOD(11, "exp-double", "legal: exponential in f64, rounded once"),
    GOOD(12, "exp-degree-7", "legal: polynomial of degree >= 6"),
    GOOD(13, "reciprocal-newton", "legal: 12-bit reciprocal and one Newton step"),
};

extern const assay_faults assay_faults_softmax;
const assay_faults assay_faults_softmax = { "softmax", table, ASSAY_COUNT_OF(table) };
