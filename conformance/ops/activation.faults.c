/* SPDX-License-Identifier: MIT
 * activation: kernels that are wrong on purpose, and legal ones that must pass. */
#include "assay/params/activation.h"
#include "rows.h"

/* X(mode, name, where it comes from); a list per form, in the order of the forms */
#define OF_RELU(X)                                                                                                     \
    X(LEAKY, "leaky-relu", "another activation")                                                                       \
    X(RELU6, "relu6", "another activation")                                                                            \
    X(SIZE, "absolute-value", "comparison left out")
#define OF_RELU2(X)                                                                                                    \
    X(NO_SQUARE, "relu-not-squared", "statement deleted")                                                              \
    X(ALL_SQUARED, "square-on-both-sides", "statement deleted: the comparison")                                        \
    X(SIGNED, "square-with-its-sign", "x |x|")
#define OF_SIGMOID(X)                                                                                                  \
    X(HARD_SIGMOID, "hard-sigmoid", "another activation")                                                              \
    X(TO_INFINITY, "plain-overflow", "1 / (1 + e^-x): e^-x overflows where y is not 0 yet")                            \
    X(OVER_ITSELF, "nan-at-large-x", "clab/dynet#1525: exp overflows, inf/inf")                                        \
    X(BY_TANH, "half-of-tanh", "(1 + tanh(x/2)) / 2: the digits of the tail are lost")                                 \
    X(POLY4, "exp-degree-4", "slip: softmax: short polynomial")                                                        \
    X(RCP12, "reciprocal-12-bits", "slip: softmax: 12-bit reciprocal")
#define OF_TANH(X)                                                                                                     \
    X(CANCELS, "tanh-by-exponentials", "1 - 2 / (1 + e^2x): small results lose their digits")                          \
    X(TANH_NAN, "tanh-nan-at-large-x", "opencv/opencv#28836")                                                          \
    X(PADE, "tanh-by-a-short-fraction", "x (27 + x^2) / (27 + 9 x^2), clamped")
#define OF_SOFTPLUS(X)                                                                                                 \
    X(NAIVE, "softplus-overflows", "tracel-ai/burn#5373: ln(1 + e^z)")                                                 \
    X(ONE_PLUS, "log-of-one-plus", "ln(1 + e^z) below 20: the digits of the tail are lost")                            \
    X(NO_DIVISION, "not-divided-by-beta", "factor deleted")                                                            \
    X(NO_BETA, "beta-ignored", "parameter ignored")                                                                    \
    X(BETA_TWICE, "divided-by-beta-twice", "factor doubled")                                                           \
    X(ON_X, "threshold-on-x", "x above threshold for beta x above threshold")                                          \
    X(NOT_BELOW, "threshold-and-above", "comparison: not below for above")                                             \
    X(NO_STEP, "threshold-ignored", "parameter ignored")                                                               \
    X(USUAL_STEP, "threshold-20-for-any", "parameter at its usual value")
#define OF_HARDSWISH(X)                                                                                                \
    X(NO_SIXTH, "not-divided-by-6", "factor deleted")                                                                  \
    X(NO_FLOOR, "lower-clamp-missing", "statement deleted")                                                            \
    X(NO_CEILING, "upper-clamp-missing", "statement deleted")                                                          \
    X(GATE_ALONE, "hard-sigmoid-for-hard-swish", "statement deleted: times x")                                         \
    X(FIFTH, "hard-sigmoid-by-0.2", "Keras's slope: 0.2 x + 0.5")                                                      \
    X(HARD_NAN, "hard-swish-swallows-nan", "google/XNNPACK#441: clamp(NaN) is 0")
#define OF_ELU(X)                                                                                                      \
    X(MINUS_ONE, "exponential-minus-one", "e^x - 1: small results lose their digits")                                  \
    X(EXPM1_LOST, "expm1-lost-below-88", "ml-explore/mlx#1277: 0 for -1 there")                                        \
    X(NO_ALPHA, "alpha-ignored", "parameter ignored")                                                                  \
    X(ALPHA_BOTH, "alpha-on-both-sides", "factor outside of the choice")                                               \
    X(CELU, "celu", "another activation: alpha (e^(x / alpha) - 1)")                                                   \
    X(SELU, "selu", "another activation: 1.0507 of elu by 1.6733")
#define OF_MISH(X)                                                                                                     \
    X(NO_TANH, "softplus-for-its-tanh", "statement deleted")                                                           \
    X(NO_LOG, "tanh-of-e^x", "statement deleted")                                                                      \
    X(MISH_NAN, "mish-nan-at-large-x", "opencv/opencv#28836: (e^x)^2 overflows, inf/inf")                              \
    X(MISH_SUM, "mish-by-one-plus", "ln(1 + e^x): the digits of the tail are lost")                                    \
    X(MISH_STEP, "mish-threshold-ignored", "parameter ignored")                                                        \
    X(MISH_COPY, "mish-copies-above-threshold", "x for x tanh(x)")                                                     \
    X(SWISH, "silu-for-mish", "another activation")
#define OF_SOFTCAP(X)                                                                                                  \
    X(NO_QUOTIENT, "cap-not-divided", "statement deleted: x / cap")                                                    \
    X(NO_PRODUCT, "cap-not-multiplied", "statement deleted: cap times")                                                \
    X(CLIPPED, "clipped-at-cap", "another function")                                                                   \
    X(CAP_30, "cap-30-for-any", "parameter at its usual value")                                                        \
    X(CAP_F16, "quotient-through-f16", "ggml-org/llama.cpp#29252")
#define OF_ANY(X)                                                                                                      \
    X(TABLE_F16, "f16-table", "ggml-org/llama.cpp#29252")                                                              \
    X(SWALLOWS_NAN, "swallows-nan", "clab/dynet#1525; google/XNNPACK#441")                                             \
    X(NEXT_FORM, "the-next-form", "form: off by one")                                                                  \
    X(WIDE_TAIL, "tail-writes-past", "sonos/tract#2304")
#define FAULTS(X)                                                                                                      \
    OF_RELU(X)                                                                                                         \
    OF_RELU2(X) OF_SIGMOID(X) OF_TANH(X) OF_SOFTPLUS(X) OF_HARDSWISH(X) OF_ELU(X) OF_MISH(X) OF_SOFTCAP(X) OF_ANY(X)

#define LEGAL(X)                                                                                                       \
    ALL_EXPONENTIALS(X)                                                                                                \
    X(SECOND_WAY, "second-formulas", "legal: as PyTorch computes each form")                                           \
    X(THIRD_WAY, "third-formulas", "legal: by identities, reciprocals of the parameters, ONNX's hardswish")            \
    X(DOUBLE, "double", "legal: f64, rounded once")                                                                    \
    X(RECIPROCAL, "reciprocal", "legal: times the reciprocal")                                                         \
    X(SQUARED, "squared", "legal: (e^(x/2))^2")                                                                        \
    X(RCP_NEWTON, "reciprocal-newton", "legal: 12-bit reciprocal and one Newton step")

/* FLUSHES: with a contract of its own */
enum { FAULTS(MODE) LEGAL(MODE) FLUSHES };
static const int first_of[] = { LEAKY,    NO_SQUARE, HARD_SIGMOID, CANCELS,     NAIVE,
                                NO_SIXTH, MINUS_ONE, NO_TANH,      NO_QUOTIENT, TABLE_F16 };

typedef assay_activation_params params;

/* e^d, d <= 0, and a / b, a >= 0, as the mode says */
static float exponential(float d, int mode)
{
    return mode == SQUARED ? expf(d / 2) * expf(d / 2)
                           : assay_vary_exp(mode > EXP_F && mode <= EXP_UP ? mode - EXP_F : 0, d);
}
static float quotient(float a, float b, int mode)
{
    const float guess = chop(1 / b, 12);
    return mode == RECIPROCAL ? a * (1 / b) : mode == RCP_NEWTON ? a * fmaf(guess, fmaf(-b, guess, 1), guess) : a / b;
}
static float clamp(float x, float lo, float hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}
static bool copied(float x, const params *p)
{
    return p->threshold > 0 && p->beta * x > p->threshold;
}
static float mish_of(float x, int mode)
{
    const float e = exponential(-fabsf(x), mode), n = x < 0 ? e * (e + 2) : 1 + 2 * e;
    return x * quotient(n, n + (x < 0 ? 2 : 2 * e * e), mode);
}

/* What a primitive may give for this: as it is, or as far off as assay_vary_exp's, and rounded */
static float primitive(double of, int mode)
{
    const double off = mode == EXP_UP ? 2.9 : mode == EXP_DOWN ? -2.9 : 0;
    return (float)(of * (1 + off * 0x1p-24));
}
static float right(float x, const params *p, int form, int mode)
{
    const float e = exponential(-fabsf(form == ASSAY_ACTIVATION_SOFTPLUS ? p->beta * x : x), mode), top = x < 0 ? 0 : x;
    switch (form) {
    case ASSAY_ACTIVATION_RELU:
        return top;
    case ASSAY_ACTIVATION_RELU2:
        return top * top;
    case ASSAY_ACTIVATION_SIGMOID:
        return quotient(x < 0 ? e : 1, 1 + e, mode);
    case ASSAY_ACTIVATION_TANH:
        return primitive(tanh((double)x), mode);
    case ASSAY_ACTIVATION_SOFTPLUS:
        return copied(x, p) ? x : top + quotient(primitive(log1p((double)e), mode), p->beta, mode);
    case ASSAY_ACTIVATION_HARDSWISH:
        return x < 0 ? -quotient(-x * clamp(x + 3, 0, 6), 6, mode) : quotient(x * clamp(x + 3, 0, 6), 6, mode);
    case ASSAY_ACTIVATION_ELU:
        return x > 0 ? x : p->alpha * primitive(expm1((double)x), mode);
    case ASSAY_ACTIVATION_MISH:
        return p->threshold > 0 && x > p->threshold ? x * primitive(tanh((double)x), mode) : mish_of(x, mode);
    default:
        return p->cap * primitive(tanh((double)(x / p->cap)), mode);
    }
}
static float second_way(float x, const params *p, int form)
{
    switch (form) {
    case ASSAY_ACTIVATION_SIGMOID:
        return x < -87 ? expf(x) : 1 / (1 + expf(-x));
    case ASSAY_ACTIVATION_SOFTPLUS:
        return copied(x, p) || p->beta * x > 88 ? x : log1pf(expf(p->beta * x)) / p->beta;
    case ASSAY_ACTIVATION_HARDSWISH:
        return x * clamp(x + 3, 0, 6) / 6;
    case ASSAY_ACTIVATION_ELU:
        return (x < 0 ? 0 : x) + p->alpha * expm1f(x > 0 ? 0 : x);
    case ASSAY_ACTIVATION_MISH:
        return x * tanhf(p->threshold > 0 && x > p->threshold ? x : log1pf(expf(x)));
    default:
        return right(x, p, form, EXP_F);
    }
}
static float third_way(float x, const params *p, int form)
{
    const float a = fabsf(x), t = expm1f(-2 * a), e = expf(-fabsf(p->beta * x));
    switch (form) {
    case ASSAY_ACTIVATION_SIGMOID:
        return 1 / (1 + expf(-a)) * (x < 0 ? expf(-a) : 1);
    case ASSAY_ACTIVATION_TANH:
        return copysignf(-t / (t + 2), x);
    case ASSAY_ACTIVATION_SOFTPLUS:
        return copied(x, p) ? x : ((x < 0 ? 0 : p->beta * x) + 2 * atanhf(e / (2 + e))) / p->beta;
    case ASSAY_ACTIVATION_HARDSWISH:
        return x * clamp(x * (1.0f / 6) + 0.5f, 0, 1);
    case ASSAY_ACTIVATION_ELU:
        return x > 0 ? x : p->alpha * (float)expm1((double)x);
    case ASSAY_ACTIVATION_SOFTCAP:
        return p->cap * tanhf(x * (1 / p->cap));
    default:
        return second_way(x, p, form);
    }
}
static float in_double(double x, const params *p, int form)
{
    const double e = exp(x), top = x < 0 ? 0 : x;
    const bool above = p->threshold > 0 && (double)p->beta * x > p->threshold;
    switch (form) {
    case ASSAY_ACTIVATION_SIGMOID:
        return (float)(1 / (1 + exp(-x)));
    case ASSAY_ACTIVATION_TANH:
        return (float)tanh(x);
    case ASSAY_ACTIVATION_SOFTPLUS:
        return (float)(above ? x : top + log1p(exp(-fabs(p->beta * x))) / p->beta);
    case ASSAY_ACTIVATION_HARDSWISH:
        return (float)(x * (x < -3 ? 0 : x > 3 ? 6 : x + 3) / 6);
    case ASSAY_ACTIVATION_ELU:
        return x > 0 ? (float)x : (float)(p->alpha * expm1(x));
    case ASSAY_ACTIVATION_MISH:
        return (float)(x * tanh(p->threshold > 0 && x > p->threshold ? x : x > 40 ? x : log1p(e)));
    case ASSAY_ACTIVATION_SOFTCAP:
        return (float)(p->cap * tanh(x / p->cap));
    default:
        return (float)(form == ASSAY_ACTIVATION_RELU ? top : top * top);
    }
}

/* A fault of the form that it is of */
static float wrong(float x, const params *p, int mode)
{
    const float z = p->beta * x, e = expf(x), big = expf(z), t = p->threshold, c = p->cap;
    const float gate = clamp(x + 3, 0, 6);
    switch (mode) {
    case LEAKY:
        return x < 0 ? 0.01f * x : x;
    case RELU6:
        return clamp(x, 0, 6);
    case SIZE:
        return fabsf(x);
    case NO_SQUARE:
        return x < 0 ? 0 : x;
    case ALL_SQUARED:
        return x * x;
    case SIGNED:
        return x * fabsf(x);
    case HARD_SIGMOID:
    case GATE_ALONE:
        return gate / 6;
    case TO_INFINITY:
    case FLUSHES:
        return 1 / (1 + expf(-x));
    case OVER_ITSELF:
        return e / (1 + e);
    case BY_TANH:
        return 0.5f + 0.5f * tanhf(x / 2);
    case POLY4:
        return (x < 0 ? assay_vary_polynomial(4, x) : 1) / (1 + assay_vary_polynomial(4, -fabsf(x)));
    case RCP12:
        return (x < 0 ? e : 1) * chop(1 / (1 + expf(-fabsf(x))), 12);
    case CANCELS:
        return 1 - 2 / (1 + expf(2 * x));
    case TANH_NAN:
        return fabsf(x) < 1 ? tanhf(x) : (expf(2 * x) - 1) / (expf(2 * x) + 1);
    case PADE:
        return clamp(clamp(x, -9, 9) * (27 + x * x) / (27 + 9 * x * x), -1, 1);
    case NAIVE:
        return copied(x, p) ? x : logf(1 + big) / p->beta;
    case ONE_PLUS:
        return copied(x, p) || z > 20 ? x : logf(1 + big) / p->beta;
    case NO_DIVISION:
        return copied(x, p) ? x : (x < 0 ? 0 : z) + log1pf(expf(-fabsf(z)));
    case NO_BETA:
        return t > 0 && x > t ? x : (x < 0 ? 0 : x) + log1pf(expf(-fabsf(x)));
    case BETA_TWICE:
        return copied(x, p) ? x : ((x < 0 ? 0 : x) + log1pf(expf(-fabsf(z))) / p->beta) / p->beta;
    case ON_X:
        return t > 0 && x > t ? x : (x < 0 ? 0 : x) + log1pf(expf(-fabsf(z))) / p->beta;
    case NOT_BELOW:
        return t > 0 && z >= t ? x : (x < 0 ? 0 : x) + log1pf(expf(-fabsf(z))) / p->beta;
    case NO_STEP:
    case USUAL_STEP:
        return mode == USUAL_STEP && z > 20 ? x : (x < 0 ? 0 : x) + log1pf(expf(-fabsf(z))) / p->beta;
    case NO_SIXTH:
        return x * gate;
    case NO_FLOOR:
        return x * (x > 3 ? 6 : x + 3) / 6;
    case NO_CEILING:
        return x * (x < -3 ? 0 : x + 3) / 6;
    case FIFTH:
        return x * clamp(0.2f * x + 0.5f, 0, 1);
    case HARD_NAN:
        return x != x ? 0 : x * gate / 6;
    case MINUS_ONE:
        return x > 0 ? x : p->alpha * (e - 1);
    case EXPM1_LOST:
        return x > 0 ? x : x < -88 ? 0 : p->alpha * expm1f(x);
    case NO_ALPHA:
        return x > 0 ? x : expm1f(x);
    case ALPHA_BOTH:
        return p->alpha * (x > 0 ? x : expm1f(x));
    case CELU:
        return x > 0 ? x : p->alpha * expm1f(x / p->alpha);
    case SELU:
        return 1.05070098f * (x > 0 ? x : 1.67326324f * expm1f(x));
    case NO_TANH:
        return x * log1pf(e);
    case NO_LOG:
        return x * tanhf(e);
    case MISH_NAN:
        return x * ((e * e + 2 * e) / (e * e + 2 * e + 2));
    case MISH_SUM:
        return x * tanhf(logf(1 + e));
    case MISH_STEP:
        return mish_of(x, EXP_F);
    case MISH_COPY:
        return t > 0 && x > t ? x : mish_of(x, EXP_F);
    case SWISH:
        return x / (1 + expf(-x));
    case NO_QUOTIENT:
        return c * tanhf(x);
    case NO_PRODUCT:
        return tanhf(x / c);
    case CLIPPED:
        return clamp(x, -c, c);
    case CAP_30:
        return 30 * tanhf(x / 30);
    default: /* CAP_F16 */
        return c * tanhf(chop(x / c, 10));
    }
}

static float one(float x, const params *p, int mode)
{
    const int form = p->form;
    if (mode == FLUSHES ? form == ASSAY_ACTIVATION_SIGMOID : mode >= first_of[form] && mode < first_of[form + 1])
        return wrong(x, p, mode);
    switch (mode) {
    case TABLE_F16:
        return right(chop(x, 10), p, form, EXP_F);
    case SWALLOWS_NAN:
        return x != x ? 0 : right(x, p, form, EXP_F);
    case NEXT_FORM:
        return right(x, p, (form + 1) % 9, EXP_F);
    case SECOND_WAY:
        return second_way(x, p, form);
    case THIRD_WAY:
        return third_way(x, p, form);
    case DOUBLE:
        return in_double(x, p, form);
    default:
        return right(x, p, form, mode);
    }
}

static void one_row(const assay_row *k)
{
    for (int64_t c = 0; c < k->n; c++)
        k->out[c] = one(k->in[0][c], k->params, k->mode);
    if (k->mode == WIDE_TAIL && k->n % 8)
        k->out[k->n] = 0;
}
BY_ROWS(1, one_row)

static const assay_contract flushes = { .ftz = 1 };
#define KERNEL_BASE .op = "activation", .types = assay_types_f32
static const assay_fault table[] = { DECLARED(FLUSHES, "plain-ftz", &flushes,
                                              "legal under ftz: 1 / (1 + e^-x), 0 where e^-x overflows"),
                                     FAULTS(BAD_ROW) LEGAL(GOOD_ROW) };

const assay_faults assay_faults_activation = { "activation", table, ASSAY_COUNT_OF(table) };
