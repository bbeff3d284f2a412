/* SPDX-License-Identifier: MIT
 * silu: kernels that are wrong on purpose, and legal ones that must pass. */
#include "faults.h"

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(NO_TAIL, "tail-skipped", "slip: tail")                                                                           \
    X(WRONG_SIGN, "wrong-sign", "operator: e^x for e^-x")                                                              \
    X(POLY4, "exp-degree-4", "slip: softmax: short polynomial")                                                        \
    X(RCP12, "reciprocal-12-bits", "slip: softmax: 12-bit reciprocal")                                                 \
    X(SWALLOWS_NAN, "swallows-nan", "clab/dynet#1525; google/XNNPACK#441")                                             \
    X(DERIVATIVE, "sigmoid", "statement deleted: times x")                                                             \
    X(QUICK_GELU, "quick-gelu", "x sigmoid(1.702 x)")                                                                  \
    X(TABLE_F16, "f16-table", "ggml-org/llama.cpp#29252")                                                              \
    X(OVERFLOWS, "nan-at-large-x", "opencv/opencv#28836: exp overflows, inf/inf")                                      \
    X(HARD, "hard-swish", "definitions F2")                                                                            \
    X(WIDE_TAIL, "tail-writes-past", "sonos/tract#2304")                                                               \
    X(CLAMPED, "clamped", "exponent clamped at 10")                                                                    \
    X(PLAIN, "plain-overflow", "x/(1 + e^-x): e^-x overflows where y is still a normal number")                        \
    X(ONE_LANE, "one-lane-changes-its-neighbours", "dotnet/runtime#113295")

#define LEGAL(X)                                                                                                       \
    X(BRANCH, "branch", "legal: x e^x/(1 + e^x) below 0")                                                              \
    X(RECIPROCAL, "reciprocal", "legal: times the reciprocal")                                                         \
    X(SIGMOID, "sigmoid-first", "legal: x times sigmoid(x)")                                                           \
    X(DOUBLE, "double", "legal: f64, rounded once")                                                                    \
    X(EXP2, "exp2-near-0", "legal: 2^(x log2 e) where the exponent is small")                                          \
    X(SQUARED, "squared", "legal: (e^(x/2))^2")                                                                        \
    X(RCP_NEWTON, "reciprocal-newton", "legal: 12-bit reciprocal and one Newton step")                                 \
    X(REVERSED, "reversed", "legal: last to first")                                                                    \
    X(BLOCKS, "blocks-of-7", "legal: blocks from the end")                                                             \
    X(POLY6, "exp-degree-8", "legal: polynomial of degree >= 6")

enum { FAULTS(MODE) LEGAL(MODE) PLAIN_FTZ };

static float poly(float d, int degree)
{
    if (!(d > -104))
        return d != d ? d : 0;
    const float n = rintf(d * 0x1.715476p+0f);
    const double r = (double)d - (double)n * 0x1.62e42fefa39efp-1;
    double p = 0;
    for (int k = degree; k > 0; k--)
        p = (1 + p) * r / k;
    return ldexpf((float)(1 + p), (int)n);
}

static float one(float x, int mode)
{
    const float d = -fabsf(x);
    float e = mode == EXP2      ? exp2f(d * 0x1.715476p+0f) /* one rounding of the exponent: |d| <= 1 only */
              : mode == POLY6   ? poly(d, 8)
              : mode == POLY4   ? poly(d, 4)
              : mode == SQUARED ? expf(d / 2) * expf(d / 2)
                                : expf(d);
    if (mode == EXP2 && d < -1)
        e = expf(d);
    const float top = x < 0 ? x * e : x, below = 1 + e, guess = chop(1 / below, 12);
    switch (mode) {
    case RECIPROCAL:
        return top * (1 / below);
    case SIGMOID:
        return x * ((x < 0 ? e : 1) / below);
    case DOUBLE:
        return (float)((double)x / (1 + exp(-(double)x)));
    case RCP_NEWTON:
        return top * fmaf(guess, fmaf(-below, guess, 1), guess);
    case PLAIN_FTZ:
    case PLAIN:
        return x / (1 + expf(-x));
    case WRONG_SIGN:
        return x / (1 + expf(x));
    case RCP12:
        return top * guess;
    case SWALLOWS_NAN:
        return x > -100 ? top / below : -0.0f;
    case DERIVATIVE:
        return (x < 0 ? e : 1) / below;
    case QUICK_GELU:
        return x / (1 + expf(-1.702f * x));
    case TABLE_F16:
        return chop(x, 10) / (1 + expf(-chop(x, 10)));
    case OVERFLOWS:
        return x * expf(x) / (1 + expf(x));
    case HARD:
        return x * fminf(fmaxf(x + 3, 0), 6) / 6;
    case CLAMPED:
        return x / (1 + expf(-fmaxf(x, -10)));
    default:
        return top / below;
    }
}

static assay_status run(const assay_args *a)
{
    const int mode = mode_of(a);
    const int64_t C = a->dim[1];
    for (int64_t r = a->begin; r < a->end; r++) {
        const float *x = (const float *)((const char *)a->operand[0].data + r * a->operand[0].stride[0]);
        float *y = (float *)((char *)a->operand[1].data + r * a->operand[1].stride[0]);
        if (mode == BLOCKS) {
            for (int64_t b = (C + 6) / 7 - 1; b >= 0; b--)
                for (int64_t c = 7 * b; c < C && c < 7 * b + 7; c++)
                    y[c] = one(x[c], mode);
            continue;
        }
        const int64_t n = mode == NO_TAIL && C > 8 ? C & ~INT64_C(7) : C;
        for (int64_t i = 0; i < n; i++) {
            const int64_t c = mode == REVERSED ? C - 1 - i : i;
            y[c] = one(x[c], mode);
        }
        for (int64_t v = 0; v < C && mode == ONE_LANE; v += 8) { /* one large lane sends its vector the other way */
            const int64_t end = v + 8 < C ? v + 8 : C;
            bool large = false;
            for (int64_t c = v; c < end; c++)
                large |= !(fabsf(x[c]) < 20);
            for (int64_t c = v; c < end && large; c++)
                y[c] = one(x[c], fabsf(x[c]) < 20 ? POLY4 : mode);
        }
        if (mode == WIDE_TAIL && C % 8)
            y[C] = 0;
    }
    return ASSAY_OK;
}

static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)) };
static const assay_contract flushes = { .ftz = 1 };
#define KERNEL_BASE .op = "silu", .types = types
static const assay_fault table[] = { { ASSAY_LEGAL,
                                       { KERNEL_BASE, .name = "plain-ftz", .run = run, .variant = MODE_OF(PLAIN_FTZ),
                                         .contract = &flushes },
                                       "legal under ftz: the plain form, 0 where e^-x overflows" },
                                     FAULTS(BAD_ROW) LEGAL(GOOD_ROW) };

const assay_faults assay_faults_silu = { "silu", table, ASSAY_COUNT_OF(table) };
