/* SPDX-License-Identifier: MIT
 * softmax: kernels that are wrong on purpose, and legal ones: in any order of the sum, in two passes, or online over
 * blocks and in parts, with seven exponentials and three quotients. */
#include "logits_modes.h"

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    LOGIT_FAULTS(X)                                                                                                    \
    OWN_FAULTS(X)
#define OWN_FAULTS(X)                                                                                                  \
    X(RCP12, "reciprocal-12-bits", "slip: docs/museum.md")                                                             \
    X(MASK_AFTER, "mask-after-softmax", "lucidrains/memory-compressed-attention#2")                                    \
    X(ONE_PAST, "writes-one-past", "sonos/tract#2304")                                                                 \
    X(COPY_ALL, "copy-of-all-rows-by-each-slice", "ggml-org/llama.cpp#1454")                                           \
    X(NO_SINK, "sink-omitted", "slip: attention")                                                                      \
    X(SINK_SCALED, "sink-scaled", "own: a sink is no product")                                                         \
    X(SINK_LOW, "sink-not-in-the-maximum", "own: its exponential overflows")                                           \
    X(SINK_FIRST, "sink-of-row-0", "own: sinks' stride")                                                               \
    X(SINK_TWICE, "sink-in-every-part", "ROCm/rocm-libraries#12229")                                                   \
    X(OVER_INPUT, "input-scaled-in-place", "slip: input modified; ScalingIntelligence/KernelBench#82")

enum { FIRST = LOGIT_MODES - 1, OWN_FAULTS(MODE) PARTS_IN_COMMON };

enum { SINKS = 2, Y, MAX_R = 4096 };

/* The sum with the sink in it, and m: one more element, or merged last. */
static float sum_with_sink(const assay_row *k, float *z, float *e, float *m)
{
    const int mode = k->mode, row = k->order->row;
    const float *sinks = mode == NO_SINK ? NULL : k->in[SINKS];
    float sink = sinks ? sinks[mode == SINK_FIRST ? 0 : k->r] : -INFINITY;
    if (sinks && mode == PLAIN && row % 2) {
        assay_row more = *k;
        z[more.n++] = sink;
        return logits_sum(&more, z, e, m);
    }
    const float sum = logits_sum(k, z, e, m), low = *m;
    if (sink == -INFINITY)
        return sum;
    sink *= mode == SINK_SCALED ? scale_of(k->params) : 1;
    *m = sink > low && mode != SINK_LOW ? sink : low;
    return (low == -INFINITY ? 0
            : low == *m      ? sum
                             : sum * assay_vary_exp(row, low - *m)) +
           (mode == SINK_TWICE ? 2 : 1) * (sink == *m && sink < INFINITY ? 1 : assay_vary_exp(row, sink - *m));
}

static void one_row(const assay_row *k)
{
    const int mode = k->mode, row = k->order->row;
    const int64_t n = k->n;
    float *z = k->room, *e = z + n + 1, m;
    logits(k, mode == MASK_AFTER ? NULL : k->in[MASK], z);
    const float sum = sum_with_sink(k, z, e, &m);
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
        float *y = (float *)((char *)a->operand[Y].data + r * a->operand[Y].stride[0]);
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
    return assay_by_rows(a, Y, one_row, mode, &assay_sums[0]);
}
BY_ORDERS(Y, one_row, PLAIN)

static bool no_more_rows(const assay_args *a)
{
    return a->dim[0] <= MAX_R && a->operand[SINKS].rank == 0;
}
#define KERNEL_BASE .op = "softmax", .types = assay_types_f32
#undef VARY_BASE
#define VARY_BASE .op = "softmax", .types = vary_types
static const assay_typeset vary_types[] = { VARY_FLOATS, VARY_F32, VARY_F32, VARY_FLOATS };

static const assay_fault table[] = { { ASSAY_FAULT,
                                       { KERNEL_BASE, .name = "parts-of-all-calls-in-one-place",
                                         .accepts = no_more_rows, .phases = two_phases, .run = run,
                                         .variant = MODE_OF(PARTS_IN_COMMON) },
                                       "flashinfer-ai/flashinfer#4692" },
                                     SUMS(VARY_ROW) FAULTS(BAD_ROW) };

const assay_faults assay_faults_softmax = { "softmax", table, ASSAY_COUNT_OF(table) };
