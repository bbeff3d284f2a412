/* SPDX-License-Identifier: MIT
 * swiglu: kernels that are wrong on purpose, and legal ones that must pass. */
#include "faults.h"

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

#define LEGAL(X)                                                                                                       \
    X(BRANCH, "branch", "legal: x e^x/(1 + e^x) below 0")                                                              \
    X(PRODUCT_FIRST, "product-first", "legal: gate up before the division")                                            \
    X(RECIPROCAL, "reciprocal", "legal: times the reciprocal")                                                         \
    X(SIGMOID, "sigmoid-first", "legal: gate times sigmoid")                                                           \
    X(DOUBLE, "double", "legal: f64, rounded once")                                                                    \
    X(SQUARED, "squared", "legal: (e^(x/2))^2")                                                                        \
    X(RCP_NEWTON, "reciprocal-newton", "legal: 12-bit reciprocal and one Newton step")                                 \
    X(REVERSED, "reversed", "legal: last to first")                                                                    \
    X(BLOCKS, "blocks-of-7", "legal: blocks")                                                                          \
    X(POLY8, "exp-degree-8", "legal: polynomial of degree >= 6")                                                       \
    X(UP_FIRST, "up-first", "legal: up times sigmoid first")

enum { FAULTS(MODE) LEGAL(MODE) };

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

static float one(float x, float up, int mode)
{
    const float d = -fabsf(x), e = mode == SQUARED ? expf(d / 2) * expf(d / 2)
                                   : mode == POLY8 ? poly(d, 8)
                                   : mode == POLY4 ? poly(d, 4)
                                                   : expf(d);
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

static assay_status run(const assay_args *a)
{
    const int mode = mode_of(a);
    const int64_t C = a->dim[1];
    for (int64_t r = a->begin; r < a->end; r++) {
        const float *gate = (const float *)((const char *)a->operand[0].data + r * a->operand[0].stride[0]);
        const float *up = (const float *)((const char *)a->operand[1].data + r * a->operand[1].stride[0]);
        float *y = (float *)((char *)a->operand[2].data + r * a->operand[2].stride[0]);
        const int64_t n = mode == NO_TAIL && C > 8 ? C & ~INT64_C(7) : C, step = mode == BLOCKS ? 7 : C + 1;
        for (int64_t b = 0; b < n; b += step)
            for (int64_t i = b; i < n && i < b + step; i++) {
                const int64_t c = mode == REVERSED ? n - 1 - i : i;
                if (mode == SWAPPED)
                    y[c] = one(up[c], gate[c], mode);
                else if (mode == INTERLEAVED)
                    y[c] = one(2 * c < C ? gate[2 * c] : up[2 * c - C],
                               2 * c + 1 < C ? gate[2 * c + 1] : up[2 * c + 1 - C], mode);
                else
                    y[c] = one(gate[c], up[mode == NEXT_UP && c + 1 < C ? c + 1 : c], mode);
            }
    }
    return ASSAY_OK;
}

static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)),
                                       ASSAY_TYPES(ASSAY_T(f32)) };
#define KERNEL_BASE .op = "swiglu", .types = types
static const assay_fault table[] = { FAULTS(BAD_ROW) LEGAL(GOOD_ROW) };

const assay_faults assay_faults_swiglu = { "swiglu", table, ASSAY_COUNT_OF(table) };
