/* SPDX-License-Identifier: MIT
 * gelu: kernels that are wrong on purpose, and legal ones that must pass. */
#include "assay/params/gelu.h"
#include "rows.h"

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(TANH_FOR_ERF, "tanh-for-erf", "definitions, models: llama.cpp's BERT")                                           \
    X(ERF_FOR_TANH, "erf-for-tanh", "the other form")                                                                  \
    X(QUICK_FOR_ERF, "quick-for-erf", "the other form")                                                                \
    X(ERF_COARSE, "erf-by-a-short-polynomial", "slip: docs/museum.md; Abramowitz and Stegun 7.1.26")                   \
    X(NO_CUBIC, "cubic-left-out", "term deleted: 0.044715 x^3")                                                        \
    X(CUBIC_SHORT, "cubic-by-0.0447", "constant with its last digits lost")                                            \
    X(QUICK_TANH, "quick-by-the-tanh-form's-constant", "1.5958 for 1.702")                                             \
    X(NO_ROOT2, "erf-of-x", "factor deleted: x / sqrt 2")                                                              \
    X(NO_HALF, "half-missing", "factor deleted")                                                                       \
    X(CDF, "distribution-alone", "statement deleted: times x")                                                         \
    X(OVERFLOWS, "nan-at-large-x", "opencv/opencv#28836: exp overflows, inf/inf")                                      \
    X(TABLE_F16, "f16-table", "ggml-org/llama.cpp#29252")                                                              \
    X(SWALLOWS_NAN, "swallows-nan", "clab/dynet#1525; google/XNNPACK#441")                                             \
    X(CLAMPED, "clamped", "0 below -4, x above 4")                                                                     \
    X(TAIL, "tail-skipped", "slip: tail")                                                                              \
    X(WIDE_TAIL, "tail-writes-past", "sonos/tract#2304")

#define LEGAL(X)                                                                                                       \
    X(PLAIN, "erff-tanhf", "legal: x/2 (1 + erf), x/2 (1 + tanh)")                                                     \
    X(ERFC, "erfcf-sigmoid", "legal: x/2 erfc, x / (1 + e^-2v)")                                                       \
    X(HALVES, "two-halves", "legal: x/2 + x/2 erf, product and sum apart")                                             \
    X(DIVIDED, "argument-by-division", "legal: x / sqrt 2 by division, v by x + 0.044715 x^3")                         \
    X(DOUBLE, "double", "legal: f64, rounded once")                                                                    \
    X(RECIPROCAL, "reciprocal", "legal: times the reciprocal of 1 + e")                                                \
    X(SQUARED, "squared", "legal: (e^(v/2))^2")                                                                        \
    X(RCP_NEWTON, "reciprocal-newton", "legal: 12-bit reciprocal and one Newton step")

/* OVERFLOW_FTZ, KEPT: with a contract of their own */
enum { FAULTS(MODE) LEGAL(MODE) OVERFLOW_FTZ, KEPT };

static float erf_coarse(float z)
{
    const float t = 1 / (1 + 0.3275911f * fabsf(z));
    const float p =
        ((((1.061405429f * t - 1.453152027f) * t + 1.421413741f) * t - 0.284496736f) * t + 0.254829592f) * t;
    return copysignf(1 - p * expf(-z * z), z);
}

static float by_erf(float x, int mode)
{
    const float z = mode == NO_ROOT2 ? x : mode == DIVIDED ? x / 1.41421356f : x * 0.70710678f, half = x / 2;
    switch (mode) {
    case ERFC:
    case KEPT:
        return half * erfcf(-z);
    case HALVES:
        return half + half * erff(z);
    case DOUBLE:
        return (float)(x * (erfc(-(double)x / sqrt(2)) / 2));
    case ERF_COARSE:
        return half * (1 + erf_coarse(z));
    default:
        return half * (1 + erff(z));
    }
}

/* x / (1 + e^-v) */
static float by_sigmoid(float x, float v, int mode)
{
    const float d = -fabsf(v), e = mode == SQUARED ? expf(d / 2) * expf(d / 2) : expf(d), top = v < 0 ? x * e : x;
    const float guess = chop(1 / (1 + e), 12);
    switch (mode) {
    case OVERFLOWS:
        return x * expf(v) / (1 + expf(v));
    case OVERFLOW_FTZ:
        return x / (1 + expf(-v));
    case RECIPROCAL:
        return top * (1 / (1 + e));
    case RCP_NEWTON:
        return top * fmaf(guess, fmaf(-(1 + e), guess, 1), guess);
    default:
        return top / (1 + e);
    }
}

static float by_tanh(float x, int mode)
{
    const float cubic = mode == NO_CUBIC ? 0 : mode == CUBIC_SHORT ? 0.0447f : 0.044715f, half = x / 2;
    const float v = mode == DIVIDED ? 0.79788456f * (x + cubic * x * x * x) : 0.79788456f * x * (1 + cubic * x * x);
    switch (mode) {
    case DOUBLE:
        return (float)(x / (1 + exp(-2 * sqrt(2 / acos(-1)) * (x + 0.044715 * x * x * x))));
    case HALVES:
        return half + half * tanhf(v);
    case OVERFLOWS: /* tanh by e^2v, not clamped */
        return half * (1 + (expf(2 * v) - 1) / (expf(2 * v) + 1));
    case ERFC:
    case RECIPROCAL:
    case SQUARED:
    case RCP_NEWTON:
    case OVERFLOW_FTZ:
        return by_sigmoid(x, 2 * v, mode);
    default:
        return half * (1 + tanhf(v));
    }
}

static float one(float x, int32_t form, int mode)
{
    const bool other =
        (mode == TANH_FOR_ERF && form == ASSAY_GELU_ERF) || (mode == ERF_FOR_TANH && form == ASSAY_GELU_TANH);
    if (mode == CLAMPED && fabsf(x) > 4)
        return x > 0 ? x : -0.0f;
    if (mode == SWALLOWS_NAN && x != x)
        return 0;
    if (mode == TABLE_F16)
        return one(chop(x, 10), form, PLAIN);
    if (mode == NO_HALF || mode == CDF)
        return one(x, form, PLAIN) * (mode == NO_HALF ? 2 : 1 / x);
    if (other)
        form = form == ASSAY_GELU_ERF ? ASSAY_GELU_TANH : ASSAY_GELU_ERF;
    if (form == ASSAY_GELU_QUICK || (mode == QUICK_FOR_ERF && form == ASSAY_GELU_ERF))
        return mode == DOUBLE ? (float)(x / (1 + exp(-1.702 * x)))
                              : by_sigmoid(x, (mode == QUICK_TANH ? 1.5957691f : 1.702f) * x, mode);
    return form == ASSAY_GELU_ERF ? by_erf(x, mode) : by_tanh(x, mode);
}

static void one_row(const assay_row *k)
{
    const assay_gelu_params *p = k->params;
    const int64_t n = k->mode == TAIL && k->n > 8 ? k->n & ~INT64_C(7) : k->n;
    for (int64_t c = 0; c < n; c++)
        k->out[c] = one(k->in[0][c], p->form, k->mode);
    if (k->mode == WIDE_TAIL && k->n % 8)
        k->out[k->n] = 0;
}
BY_ROWS(1, one_row)

static const assay_contract flushes = { .ftz = 1 }, complement = { .erfc = 1 };
#define KERNEL_BASE .op = "gelu", .types = assay_types_f32
static const assay_fault table[] = {
    DECLARED(OVERFLOW_FTZ, "plain-ftz", &flushes, "legal under ftz: 0 where e^-v overflows"),
    DECLARED(KEPT, "erfcf-declared", &complement, "legal: keeps what it declares"), FAULTS(BAD_ROW) LEGAL(GOOD_ROW)
};

const assay_faults assay_faults_gelu = { "gelu", table, ASSAY_COUNT_OF(table) };
