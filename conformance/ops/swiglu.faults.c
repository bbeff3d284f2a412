/* SPDX-License-Identifier: MIT
 * swiglu: kernels that are wrong on purpose, and legal ones that must pass. */
#include "rows.h"

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(SWAPPED, "gate-and-up-swapped", "definitions F3: the order of the halves")                                       \
    X(NO_UP, "up-missing", "statement deleted")                                                                        \
    X(NO_GATE, "activation-missing", "statement deleted")                                                              \
    X(NO_TAIL, "tail-skipped", "slip: tail")                                                                           \
    X(GEGLU, "geglu", "definitions F3: another activation")                                                            \
    X(POLY4, "exp-degree-4", "slip: softmax: short polynomial")                                                        \
    X(RCP12, "reciprocal-12-bits", "slip: softmax: 12-bit reciprocal")                                                 \
    X(GATE_F16, "gate-through-f16", "ggml-org/llama.cpp#29252")                                                        \
    X(INTERLEAVED, "interleaved-halves", "definitions F1: gate and up interleaved")                                    \
    X(NEXT_UP, "up-of-the-next", "index + 1")                                                                          \
    X(SWALLOWS_NAN, "swallows-nan", "clab/dynet#1525")                                                                 \
    X(GLU, "sigmoid-gate", "definitions F3: GLU for SwiGLU")                                                           \
    X(OVERFLOWS, "nan-at-large-gate", "opencv/opencv#28836: exp overflows, inf/inf")

/* No spoiled exponentials: beside them nobody would notice that the bound where up is small grows with |up|. */
#define LEGAL(X)                                                                                                       \
    LEGAL_EXPONENTIALS(X)                                                                                              \
    X(PRODUCT_FIRST, "product-first", "legal: gate up before the division")                                            \
    X(RECIPROCAL, "reciprocal", "legal: times the reciprocal")                                                         \
    X(SIGMOID, "sigmoid-first", "legal: gate times sigmoid")                                                           \
    X(DOUBLE, "double", "legal: f64, rounded once")                                                                    \
    X(SQUARED, "squared", "legal: (e^(x/2))^2")                                                                        \
    X(RCP_NEWTON, "reciprocal-newton", "legal: 12-bit reciprocal and one Newton step")                                 \
    X(UP_FIRST, "up-first", "legal: up times sigmoid first")

enum { FAULTS(MODE) LEGAL(MODE) };

static float one(float x, float up, int mode)
{
    const float d = -fabsf(x);
    const float e = mode == POLY4     ? assay_vary_polynomial(4, d)
                    : mode == SQUARED ? expf(d / 2) * expf(d / 2)
                                      : assay_vary_exp(mode > EXP_F && mode <= POLY7 ? mode - EXP_F : 0, d);
    const float top = x < 0 ? x * e : x, below = 1 + e, guess = chop(1 / below, 12), near = chop(x, 10);
    switch (mode) {
    case PRODUCT_FIRST:
        return top * up / below;
    case RECIPROCAL:
        return top * (1 / below) * up;
    case SIGMOID:
        return x * ((x < 0 ? e : 1) / below) * up;
    case UP_FIRST:
        return up * ((x < 0 ? e : 1) / below) * x;
    case DOUBLE:
        return (float)((double)x / (1 + exp(-(double)x)) * (double)up);
    case RCP_NEWTON:
        return top * fmaf(guess, fmaf(-below, guess, 1), guess) * up;
    case NO_UP:
        return top / below;
    case NO_GATE:
        return x * up;
    case GEGLU:
        return 0.5f * x * (1 + erff(x * 0.70710678f)) * up;
    case RCP12:
        return top * guess * up;
    case GATE_F16:
        return near / (1 + expf(-near)) * up;
    case SWALLOWS_NAN:
        return (x > -100 ? top / below : -0.0f) * up;
    case GLU:
        return up / (1 + expf(-x));
    case OVERFLOWS:
        return x * expf(x) / (1 + expf(x)) * up;
    default:
        return top / below * up;
    }
}

static void one_row(const assay_row *k)
{
    const float *gate = k->in[0], *up = k->in[1];
    const int64_t C = k->n, n = k->mode == NO_TAIL && C > 8 ? C & ~INT64_C(7) : C;
    for (int64_t c = 0; c < n; c++)
        if (k->mode == SWAPPED)
            k->out[c] = one(up[c], gate[c], k->mode);
        else if (k->mode == INTERLEAVED)
            k->out[c] = one(2 * c < C ? gate[2 * c] : up[2 * c - C],
                            2 * c + 1 < C ? gate[2 * c + 1] : up[2 * c + 1 - C], k->mode);
        else
            k->out[c] = one(gate[c], up[k->mode == NEXT_UP && c + 1 < C ? c + 1 : c], k->mode);
}
BY_ROWS(2, one_row)

#define KERNEL_BASE .op = "swiglu", .types = assay_types_f32
static const assay_fault table[] = { FAULTS(BAD_ROW) LEGAL(GOOD_ROW) };

const assay_faults assay_faults_swiglu = { "swiglu", table, ASSAY_COUNT_OF(table) };
