/* SPDX-License-Identifier: MIT
 * silu: kernels that are wrong on purpose, and legal ones that must pass. */
#include "rows.h"

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
    ALL_EXPONENTIALS(X)                                                                                                \
    X(RECIPROCAL, "reciprocal", "legal: times the reciprocal")                                                         \
    X(SIGMOID, "sigmoid-first", "legal: x times sigmoid(x)")                                                           \
    X(DOUBLE, "double", "legal: f64, rounded once")                                                                    \
    X(SQUARED, "squared", "legal: (e^(x/2))^2")                                                                        \
    X(RCP_NEWTON, "reciprocal-newton", "legal: 12-bit reciprocal and one Newton step")

/* PLAIN_FTZ: with a contract of its own */
enum { FAULTS(MODE) LEGAL(MODE) PLAIN_FTZ };

static float one(float x, int mode)
{
    const float d = -fabsf(x);
    const float e = mode == POLY4     ? assay_vary_polynomial(4, d)
                    : mode == SQUARED ? expf(d / 2) * expf(d / 2)
                                      : assay_vary_exp(mode > EXP_F && mode <= EXP_UP ? mode - EXP_F : 0, d);
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

static void one_row(const assay_row *k)
{
    const float *x = k->in[0];
    const int64_t n = k->mode == NO_TAIL && k->n > 8 ? k->n & ~INT64_C(7) : k->n;
    for (int64_t c = 0; c < n; c++)
        k->out[c] = one(x[c], k->mode);
    for (int64_t v = 0; v < n && k->mode == ONE_LANE; v += 8) { /* one large lane sends its vector the other way */
        const int64_t end = v + 8 < n ? v + 8 : n;
        bool large = false;
        for (int64_t c = v; c < end; c++)
            large |= !(fabsf(x[c]) < 20);
        for (int64_t c = v; c < end && large; c++)
            k->out[c] = one(x[c], fabsf(x[c]) < 20 ? POLY4 : ONE_LANE);
    }
    if (k->mode == WIDE_TAIL && k->n % 8)
        k->out[k->n] = 0;
}
BY_ROWS(1, one_row)

static const assay_contract flushes = { .ftz = 1 };
#define KERNEL_BASE .op = "silu", .types = assay_types_f32
static const assay_fault table[] = { DECLARED(PLAIN_FTZ, "plain-ftz", &flushes,
                                              "legal under ftz: the plain form, 0 where e^-x overflows"),
                                     FAULTS(BAD_ROW) LEGAL(GOOD_ROW) };

const assay_faults assay_faults_silu = { "silu", table, ASSAY_COUNT_OF(table) };
