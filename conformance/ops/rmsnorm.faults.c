/* SPDX-License-Identifier: MIT
 * rmsnorm: kernels that are wrong on purpose, and legal ones that must pass. */
#include "assay/params/rmsnorm.h"
#include "variants.h"
#include "faults.h"

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(NO_EPS, "no-eps", "slip: docs/museum.md")                                                                        \
    X(EPS_OUTSIDE, "eps-outside-root", "microsoft/CNTK#3816")                                                          \
    X(EPS_TIMES_N, "eps-times-n", "slip: docs/museum.md")                                                              \
    X(EPS_DEFAULT, "eps-ignored-1e-5", "paiml/aprender#1606")                                                          \
    X(PADDED_N, "mean-over-padded-n", "slip: docs/museum.md")                                                          \
    X(RSQRT14, "rsqrt-14-bits", "slip: docs/museum.md")                                                                \
    X(NO_TAIL, "tail-not-summed", "slip: tail")                                                                        \
    X(LAST_DROPPED, "last-not-summed", "slip: tail")                                                                   \
    X(NO_PLUS_ONE, "plus-one-ignored", "definitions F6: Gemma")                                                        \
    X(SUM_BF16, "sum-in-bf16", "pytorch/executorch#20089; anthony-chaudhary/dos-kernel#107")                           \
    X(CENTRED, "mean-subtracted", "layernorm for rmsnorm")                                                             \
    X(WEIGHT_SHIFTED, "weight-shifted", "index + 1")                                                                   \
    X(NO_ROOT, "root-missing", "statement deleted")

#define LEGAL(X)                                                                                                       \
    X(PLAIN, "sequential", "legal: one by one, fused")                                                                 \
    X(REVERSED, "reversed", "legal: last to first")                                                                    \
    X(PAIRWISE, "pairwise", "legal: pairwise sum")                                                                     \
    X(LANES8, "eight-lanes", "legal: 8 lanes")                                                                         \
    X(DOUBLE, "double-sum", "legal: f64 accumulation")                                                                 \
    X(KAHAN, "kahan", "legal: Kahan sum")                                                                              \
    X(RSQRT_NEWTON, "rsqrt-newton", "legal: 12-bit rsqrt and one Newton step")                                         \
    X(WEIGHT_FIRST, "weight-first", "legal: (w x) s")                                                                  \
    X(DIVIDE, "divide", "legal: x / root, times w")                                                                    \
    X(BLOCKS64, "blocks-of-64", "legal: blocks of 64")                                                                 \
    X(FOLDED, "folded", "legal: x (w s)")

/* BY_BATCH and so on: right, with another order of the sum for a reason that the kernel says it has not */
enum { FAULTS(MODE) LEGAL(MODE) BY_BATCH, BY_CALL, BY_SLICE, KEEPS_PROMISE };

static float squares(const float *x, int64_t n, int mode)
{
    if (mode == PAIRWISE && n > 1)
        return squares(x, n / 2, mode) + squares(x + n / 2, n - n / 2, mode);
    float lane[8] = { 0 }, lost = 0, block = 0;
    double wide = 0;
    for (int64_t i = 0; i < n; i++) {
        const float v = x[mode == REVERSED ? n - 1 - i : i], t = v * v - lost, s = lane[0] + t;
        wide += (double)v * (double)v;
        if (mode == KAHAN)
            lost = isfinite(s) ? (s - lane[0]) - t : 0, lane[0] = s;
        else if (mode == SUM_BF16)
            lane[0] = chop(lane[0] + v * v, 7);
        else if (mode == BLOCKS64) {
            block = fmaf(v, v, block);
            if (i % 64 == 63 || i == n - 1)
                lane[0] += block, block = 0;
        } else {
            const int64_t k = mode == LANES8 ? i % 8 : 0;
            lane[k] = fmaf(v, v, lane[k]);
        }
    }
    if (mode == DOUBLE)
        return (float)wide;
    return (lane[0] + lane[4]) + (lane[1] + lane[5]) + ((lane[2] + lane[6]) + (lane[3] + lane[7]));
}

static float root(float v, float eps, int mode)
{
    const float guess = chop(1 / sqrtf(v + eps), mode == RSQRT14 ? 14 : 12);
    switch (mode) {
    case NO_EPS:
        return 1 / sqrtf(v);
    case EPS_OUTSIDE:
        return 1 / (sqrtf(v) + eps);
    case EPS_DEFAULT:
        return 1 / sqrtf(v + 1e-5f);
    case NO_ROOT:
        return 1 / (v + eps);
    case RSQRT14:
        return guess;
    case RSQRT_NEWTON:
        return guess > 0 && isfinite(guess) ? guess * (1.5f - 0.5f * (v + eps) * guess * guess) : guess;
    default:
        return 1 / sqrtf(v + eps);
    }
}

static void one_row(const float *x, const float *w, float *y, int64_t C, float eps, int plus_one, int mode)
{
    const int64_t n = mode == NO_TAIL && C > 8 ? C & ~INT64_C(7) : mode == LAST_DROPPED && C > 1 ? C - 1 : C;
    const int64_t by = mode == PADDED_N ? (C + 7) & ~INT64_C(7) : C;
    float mean = 0, ss = squares(x, n, mode);
    if (mode == CENTRED) {
        for (int64_t c = 0; c < C; c++)
            mean += x[c] / (float)C;
        ss -= (float)C * mean * mean;
    }
    const float v = ss / (float)by, s = root(v, mode == EPS_TIMES_N ? eps * (float)C : eps, mode);
    for (int64_t c = 0; c < C; c++) {
        const int64_t k = mode == WEIGHT_SHIFTED ? (c + 1) % C : c;
        const float g = plus_one && mode != NO_PLUS_ONE ? 1 + w[k] : w[k];
        y[c] = mode == WEIGHT_FIRST ? g * x[c] * s
               : mode == FOLDED     ? x[c] * (g * s)
               : mode == DIVIDE     ? x[c] / sqrtf(v + eps) * g
                                    : g * (s * (x[c] - mean));
    }
}

static assay_status run(const assay_args *a)
{
    int mode = mode_of(a);
    const assay_rmsnorm_params *p = a->params;
    static int calls;
    const bool other = mode == BY_BATCH  ? a->dim[0] == 1
                       : mode == BY_CALL ? calls++ % 2
                                         : mode == BY_SLICE && a->begin % 2;
    mode = mode == KEEPS_PROMISE || other ? REVERSED : mode < BY_BATCH ? mode : PLAIN;
    for (int64_t r = a->begin; r < a->end; r++)
        one_row((const float *)((const char *)a->operand[0].data + r * a->operand[0].stride[0]), a->operand[1].data,
                (float *)((char *)a->operand[2].data + r * a->operand[2].stride[0]), a->dim[1], p->eps, p->plus_one,
                mode);
    return ASSAY_OK;
}

static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)),
                                       ASSAY_TYPES(ASSAY_T(f32)) };
#define KERNEL_BASE .op = "rmsnorm", .types = types

/* ---- legal ones, generated ---- */

#define VARY      assay_vary_rmsnorm
#define VARY_BASE .op = "rmsnorm", .types = vary_types
static const assay_typeset vary_types[] = { VARY_FLOATS, VARY_FLOATS, VARY_FLOATS };

/* X(what it is, mode, name, what it declares, where it comes from) */
#define PROMISES(X)                                                                                                    \
    X(ASSAY_FAULT, BY_BATCH, "batch-invariance-declared-and-broken", ASSAY_BATCH_INVARIANT,                            \
      "own: the order of a sum depends on the batch")                                                                  \
    X(ASSAY_FAULT, BY_CALL, "determinism-declared-and-broken-by-call", ASSAY_DETERMINISTIC,                            \
      "own: first come, first added")                                                                                  \
    X(ASSAY_FAULT, BY_SLICE, "determinism-declared-and-broken-by-slice", ASSAY_DETERMINISTIC,                          \
      "own: the order of a sum depends on the partition")                                                              \
    X(ASSAY_LEGAL, KEEPS_PROMISE, "promises-kept", ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT | ASSAY_INPLACE,        \
      "legal: declares all and holds it")
#define PROMISE_ROW(kind, m, title, says, where)                                                                       \
    { kind, { KERNEL_BASE, .name = title, .run = run, .variant = MODE_OF(m), .flags = says }, where },
static const assay_fault table[] = { SUMS(VARY_ROW) FAULTS(BAD_ROW) PROMISES(PROMISE_ROW) LEGAL(GOOD_ROW) };

const assay_faults assay_faults_rmsnorm = { "rmsnorm", table, ASSAY_COUNT_OF(table) };
