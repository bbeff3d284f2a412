/* SPDX-License-Identifier: MIT
 * glu: kernels that are wrong on purpose, and legal ones that must pass. */
#include "assay/params/glu.h"
#include "rows.h"

/* X(mode, name, where it comes from); a list per form, in the order of the forms */
#define OF_SIGMOID(X)                                                                                                  \
    X(SILU_GATE, "silu-gate", "definitions F3: SwiGLU for GLU")                                                        \
    X(BY_TANH, "half-of-tanh", "(1 + tanh(x/2)) / 2: the digits of the tail are lost")                                 \
    X(OVER_ITSELF, "nan-at-large-gate", "opencv/opencv#28836: exp overflows, inf/inf")                                 \
    X(POLY4, "exp-degree-4", "slip: softmax: short polynomial")                                                        \
    X(RCP12, "reciprocal-12-bits", "slip: softmax: 12-bit reciprocal")
#define OF_RELU(X)                                                                                                     \
    X(LEAKY, "leaky-gate", "another activation")                                                                       \
    X(SQUARED_RELU, "gate-squared", "another activation")                                                              \
    X(NOT_MULTIPLIED, "zero-without-a-product", "0 where gate is not above 0: up's NaN and infinity are lost")         \
    X(RELU_NAN, "relu-swallows-nan", "google/XNNPACK#441")
#define OF_GELU(X)                                                                                                     \
    X(TANH_FOR_ERF, "tanh-for-erf", "definitions F3: the other form")                                                  \
    X(QUICK_FOR_ERF, "quick-for-erf", "definitions F2: another form")                                                  \
    X(ERF_COARSE, "erf-by-a-short-polynomial", "slip: docs/museum.md; Abramowitz and Stegun 7.1.26")                   \
    X(NO_HALF, "half-missing", "factor deleted")
#define OF_GELU_TANH(X)                                                                                                \
    X(ERF_FOR_TANH, "erf-for-tanh", "definitions F3: the other form")                                                  \
    X(NO_CUBIC, "cubic-left-out", "term deleted: 0.044715 x^3")                                                        \
    X(GELU_NAN, "nan-at-large-x", "opencv/opencv#28836: exp overflows, inf/inf")
#define OF_CLAMPED(X)                                                                                                  \
    X(NO_ONE, "up-without-one", "definitions F4: term deleted: + 1")                                                   \
    X(ONE_OUTSIDE, "one-added-to-the-product", "definitions F4: u f + 1")                                              \
    X(NO_ALPHA, "alpha-1", "definitions F4: ggml's plain limited form")                                                \
    X(ALPHA_ALL, "alpha-on-the-gate", "alpha g sigmoid(alpha g)")                                                      \
    X(GATE_FREE, "gate-not-clamped", "statement deleted")                                                              \
    X(UP_FREE, "up-not-clamped", "statement deleted")                                                                  \
    X(GATE_BELOW, "gate-clamped-below-too", "definitions F4: no lower clamp of gate")                                  \
    X(UP_ABOVE, "up-clamped-above-only", "definitions F4: up is clamped on both sides")                                \
    X(CLAMP_LATE, "gate-clamped-after-its-activation", "definitions F4: order")                                        \
    X(USUAL_LIMIT, "limit-7-for-any", "parameter at its usual value")                                                  \
    X(CLAMP_NAN, "clamp-swallows-nan", "google/XNNPACK#441: fmin and fmax")
#define OF_ANY(X)                                                                                                      \
    X(SWAPPED, "gate-and-up-swapped", "definitions F3: the value half first, as torch.nn.GLU")                         \
    X(INTERLEAVED, "interleaved-halves", "definitions F1: gate and up interleaved")                                    \
    X(NEXT_UP, "up-of-the-next", "index + 1")                                                                          \
    X(NO_UP, "up-missing", "statement deleted")                                                                        \
    X(GATE_F16, "gate-through-f16", "ggml-org/llama.cpp#29252")                                                        \
    X(SWALLOWS_NAN, "swallows-nan", "clab/dynet#1525")                                                                 \
    X(NEXT_FORM, "the-next-form", "form: off by one")                                                                  \
    X(WIDE_TAIL, "tail-writes-past", "sonos/tract#2304")
#define FAULTS(X) OF_SIGMOID(X) OF_RELU(X) OF_GELU(X) OF_GELU_TANH(X) OF_CLAMPED(X) OF_ANY(X)

#define LEGAL(X)                                                                                                       \
    LEGAL_EXPONENTIALS(X)                                                                                              \
    X(SECOND_WAY, "second-formulas", "legal: as PyTorch computes each form: 1 + erf, 1 + tanh")                        \
    X(DOUBLE, "double", "legal: f64, rounded once")                                                                    \
    X(RECIPROCAL, "reciprocal", "legal: times the reciprocal")                                                         \
    X(SIGMOID_FIRST, "sigmoid-first", "legal: the sigmoid rounded, then both products")                                \
    X(UP_FIRST, "up-first", "legal: up times sigmoid, then gate")                                                      \
    X(SQUARED, "squared", "legal: (e^(x/2))^2")                                                                        \
    X(RCP_NEWTON, "reciprocal-newton", "legal: 12-bit reciprocal and one Newton step")

/* KEPT: with a contract of its own */
enum { FAULTS(MODE) LEGAL(MODE) KEPT };
static const int first_of[] = { SILU_GATE, LEAKY, TANH_FOR_ERF, ERF_FOR_TANH, NO_ONE, SWAPPED };

typedef assay_glu_params params;

/* x sigmoid(v) up, without x where it is 1 */
static float gated(float x, float v, float up, int mode)
{
    const float d = -fabsf(v);
    const float e = mode == SQUARED ? expf(d / 2) * expf(d / 2)
                    : mode == POLY4 ? assay_vary_polynomial(4, d)
                                    : assay_vary_exp(mode > EXP_F && mode <= POLY7 ? mode - EXP_F : 0, d);
    const float top = v < 0 ? e : 1, below = 1 + e, guess = chop(1 / below, 12);
    switch (mode) {
    case SIGMOID_FIRST:
        return x * (top / below) * up;
    case UP_FIRST:
        return up * (top / below) * x;
    case RECIPROCAL:
        return x * top * (1 / below) * up;
    case RCP_NEWTON:
        return x * top * fmaf(guess, fmaf(-below, guess, 1), guess) * up;
    case RCP12:
        return x * top * guess * up;
    default:
        return x * top / below * up;
    }
}
static float clamp(float x, float lo, float hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}
static float tanh_argument(float x)
{
    return 0.79788456f * x * (1 + 0.044715f * x * x);
}

static float right(float x, float up, const params *p, int form, int mode)
{
    const float low = x > p->limit ? p->limit : x, other = clamp(up, -p->limit, p->limit) + 1;
    switch (form) {
    case ASSAY_GLU_SIGMOID:
        return mode == SECOND_WAY && x > -87 ? up / (1 + expf(-x)) : gated(1, x, up, mode);
    case ASSAY_GLU_RELU:
        return (x < 0 ? 0 : x) * up;
    case ASSAY_GLU_GELU:
        return x / 2 * (mode == SECOND_WAY ? 1 + erff(x * 0.70710678f) : erfcf(x * -0.70710678f)) * up;
    case ASSAY_GLU_GELU_TANH:
        return mode == SECOND_WAY ? x / 2 * (1 + tanhf(tanh_argument(x))) * up
                                  : gated(x, 2 * tanh_argument(x), up, mode);
    default:
        return gated(low, p->alpha * low, other, mode);
    }
}
static float in_double(double x, double up, const params *p, int form)
{
    const double low = x > p->limit ? p->limit : x, other = up > p->limit ? p->limit : up < -p->limit ? -p->limit : up;
    switch (form) {
    case ASSAY_GLU_SIGMOID:
        return (float)(up / (1 + exp(-x)));
    case ASSAY_GLU_RELU:
        return (float)((x < 0 ? 0 : x) * up);
    case ASSAY_GLU_GELU:
        return (float)(x * (erfc(-x / sqrt(2)) / 2) * up);
    case ASSAY_GLU_GELU_TANH:
        return (float)(x / (1 + exp(-2 * sqrt(2 / acos(-1)) * (x + 0.044715 * x * x * x))) * up);
    default:
        return (float)(low / (1 + exp(-p->alpha * low)) * (other + 1));
    }
}

static float erf_coarse(float z)
{
    const float t = 1 / (1 + 0.3275911f * fabsf(z));
    const float p =
        ((((1.061405429f * t - 1.453152027f) * t + 1.421413741f) * t - 0.284496736f) * t + 0.254829592f) * t;
    return copysignf(1 - p * expf(-z * z), z);
}
/* A fault of the form that it is of */
static float wrong(float x, float up, const params *p, int mode)
{
    const float L = p->limit, low = x > L ? L : x, held = clamp(up, -L, L), v = tanh_argument(x), e2v = expf(2 * v);
    switch (mode) {
    case SILU_GATE:
        return gated(x, x, up, EXP_F);
    case BY_TANH:
        return (0.5f + 0.5f * tanhf(x / 2)) * up;
    case OVER_ITSELF:
        return expf(x) / (1 + expf(x)) * up;
    case POLY4:
    case RCP12:
        return gated(1, x, up, mode);
    case LEAKY:
        return (x < 0 ? 0.01f * x : x) * up;
    case SQUARED_RELU:
        return x < 0 ? 0 * up : x * x * up;
    case NOT_MULTIPLIED:
        return x > 0 ? x * up : 0;
    case RELU_NAN:
        return fmaxf(x, 0) * up;
    case TANH_FOR_ERF:
        return gated(x, 2 * v, up, EXP_F);
    case QUICK_FOR_ERF:
        return gated(x, 1.702f * x, up, EXP_F);
    case ERF_COARSE:
        return x / 2 * (1 + erf_coarse(x * 0.70710678f)) * up;
    case NO_HALF:
        return x * erfcf(x * -0.70710678f) * up;
    case ERF_FOR_TANH:
        return x / 2 * (1 + erff(x * 0.70710678f)) * up;
    case NO_CUBIC:
        return gated(x, 1.5957691f * x, up, EXP_F);
    case GELU_NAN:
        return x / 2 * (1 + (e2v - 1) / (e2v + 1)) * up;
    case NO_ONE:
        return gated(low, p->alpha * low, held, EXP_F);
    case ONE_OUTSIDE:
        return gated(low, p->alpha * low, held, EXP_F) + 1;
    case NO_ALPHA:
        return gated(low, low, held + 1, EXP_F);
    case ALPHA_ALL:
        return gated(p->alpha * low, p->alpha * low, held + 1, EXP_F);
    case GATE_FREE:
        return gated(x, p->alpha * x, held + 1, EXP_F);
    case UP_FREE:
        return gated(low, p->alpha * low, up + 1, EXP_F);
    case GATE_BELOW:
        return gated(clamp(x, -L, L), p->alpha * clamp(x, -L, L), held + 1, EXP_F);
    case UP_ABOVE:
        return gated(low, p->alpha * low, (up > L ? L : up) + 1, EXP_F);
    case CLAMP_LATE:
        return clamp(gated(x, p->alpha * x, 1, EXP_F), -INFINITY, L) * (held + 1);
    case USUAL_LIMIT:
        return right(x, up, &(params){ p->form, p->alpha, 7 }, p->form, EXP_F);
    default: /* CLAMP_NAN */
        return gated(fminf(x, L), p->alpha * fminf(x, L), fmaxf(fminf(up, L), -L) + 1, EXP_F);
    }
}

static float one(float x, float up, const params *p, int mode)
{
    const int form = p->form;
    if (mode >= first_of[form] && mode < first_of[form + 1])
        return wrong(x, up, p, mode);
    switch (mode) {
    case NO_UP:
        return right(x, 1, p, form, EXP_F);
    case GATE_F16:
        return right(chop(x, 10), up, p, form, EXP_F);
    case SWALLOWS_NAN:
        return right(x != x ? 0 : x, up, p, form, EXP_F);
    case NEXT_FORM:
        return right(x, up, p, (form + 1) % 5, EXP_F);
    case DOUBLE:
        return in_double(x, up, p, form);
    default:
        return right(x, up, p, form, mode);
    }
}

static void one_row(const assay_row *k)
{
    const float *gate = k->in[0], *up = k->in[1];
    const int64_t C = k->n;
    for (int64_t c = 0; c < C; c++)
        if (k->mode == SWAPPED)
            k->out[c] = one(up[c], gate[c], k->params, k->mode);
        else if (k->mode == INTERLEAVED)
            k->out[c] = one(2 * c < C ? gate[2 * c] : up[2 * c - C],
                            2 * c + 1 < C ? gate[2 * c + 1] : up[2 * c + 1 - C], k->params, k->mode);
        else
            k->out[c] = one(gate[c], up[k->mode == NEXT_UP && c + 1 < C ? c + 1 : c], k->params, k->mode);
    if (k->mode == WIDE_TAIL && C % 8)
        k->out[C] = 0;
}
BY_ROWS(2, one_row)

static const assay_contract complement = { .erfc = 1 };
#define KERNEL_BASE .op = "glu", .types = assay_types_f32
static const assay_fault table[] = { DECLARED(KEPT, "erfcf-declared", &complement, "legal: keeps what it declares"),
                                     FAULTS(BAD_ROW) LEGAL(GOOD_ROW) };

const assay_faults assay_faults_glu = { "glu", table, ASSAY_COUNT_OF(table) };
