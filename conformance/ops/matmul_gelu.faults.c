/* SPDX-License-Identifier: MIT
 * matmul_gelu: kernels that are wrong on purpose, most of them between the product and its gelu, and legal ones, in any
 * order of the sum and by several forms of gelu. */
#include "assay/params/gelu.h"
#include "faults.h"
#include "variants.h"

enum { T, N, K };
enum { X, W, BIAS, Y };

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(EACH_PIECE, "gelu-of-each-piece-of-k", "NVIDIA/TensorRT-LLM#12686: before the pieces are summed")                \
    X(NOT_SPLIT, "no-gelu-where-k-is-split", "triton-lang/triton#8252: the reduction lacks the epilogue")              \
    X(BIAS_BY_ROW, "bias-along-the-rows", "openxla/xla#46897: where T = N nothing is too short")                       \
    X(BIAS_LATER, "bias-behind-the-gelu", "own: the order of two epilogues")                                           \
    X(NO_BIAS, "bias-left-out", "own: one epilogue for two")                                                           \
    X(BIAS_TWICE, "bias-twice", "own: with the product, and before the gelu")                                          \
    X(NO_GELU, "product-alone", "own: the activation lost in the fusion")                                              \
    X(TWICE, "gelu-twice", "own: fused, and once more")                                                                \
    X(TANH_FOR_ERF, "tanh-for-erf", "definitions, models: llama.cpp's BERT")                                           \
    X(ERF_FOR_TANH, "erf-for-tanh", "the other form")                                                                  \
    X(QUICK_FOR_ERF, "quick-for-erf", "the other form")                                                                \
    X(RELU, "relu-for-gelu", "another epilogue")                                                                       \
    X(SILU, "silu-for-gelu", "another epilogue")                                                                       \
    X(CDF, "distribution-alone", "statement deleted: times p")                                                         \
    X(F16_MID, "product-rounded-to-f16", "slip: intermediate rounding")                                                \
    X(BF16_MID, "product-rounded-to-bf16", "slip: intermediate rounding")                                              \
    X(OVERFLOWS, "nan-at-large-sums", "opencv/opencv#28836: exp overflows, inf/inf")                                   \
    X(CLAMPED, "clamped", "0 below -4, p above 4")                                                                     \
    X(TAIL, "no-gelu-in-the-tail-of-n", "slip: tail")                                                                  \
    X(ROW_TAIL, "no-gelu-in-the-tail-of-t", "slip: tail")                                                              \
    X(EMPTY, "zero-where-k-is-0", "own: no product, no epilogue")                                                      \
    X(NAN_LOST, "nan-lost", "slip: docs/museum.md")                                                                    \
    X(LAST_K, "last-k-dropped", "slip: docs/museum.md")

#define LEGAL(X) X(DOUBLE, "double", "legal: rounded once")

enum { FAULTS(MODE) LEGAL(MODE) PLAIN };

static const float *row(const assay_args *a, int operand, int64_t r)
{
    const assay_tensor *t = &a->operand[operand];
    return (const float *)(const void *)((const char *)t->data + r * t->stride[0]);
}

/* x / (1 + e^-v), in three rational forms */
static float by_sigmoid(float x, float v, int32_t kind)
{
    const float e = expf(-fabsf(v)), top = v < 0 ? x * e : x;
    return kind % 3 == 1 ? top * (1 / (1 + e)) : kind % 3 == 2 ? x * ((v < 0 ? e : 1) / (1 + e)) : top / (1 + e);
}

/* gelu in the ways that the strict contract allows; kind: which */
static float gelu(float x, int32_t form, int32_t kind)
{
    const float cubed = 0.79788456f * x * (1 + 0.044715f * x * x);
    switch (form) {
    case ASSAY_GELU_ERF:
        return kind % 2 ? x / 2 * (1 + erff(x * 0.70710678f)) : x / 2 * erfcf(-x * 0.70710678f);
    case ASSAY_GELU_TANH:
        return kind % 2 ? x / 2 * (1 + tanhf(cubed)) : by_sigmoid(x, 2 * cubed, kind);
    default:
        return by_sigmoid(x, 1.702f * x, kind);
    }
}

static float bend(float p, int32_t form, int mode)
{
    const bool erf_form = form == ASSAY_GELU_ERF;
    switch (mode) {
    case NO_GELU:
        return p;
    case TWICE:
        return gelu(gelu(p, form, 0), form, 0);
    case TANH_FOR_ERF:
        return gelu(p, erf_form ? ASSAY_GELU_TANH : form, 0);
    case ERF_FOR_TANH:
        return gelu(p, form == ASSAY_GELU_TANH ? ASSAY_GELU_ERF : form, 0);
    case QUICK_FOR_ERF:
        return gelu(p, erf_form ? ASSAY_GELU_QUICK : form, 0);
    case RELU:
        return p < 0 ? 0 : p;
    case SILU:
        return by_sigmoid(p, p, 0);
    case CDF:
        return gelu(p, form, 0) / p;
    case F16_MID:
        return gelu(assay_f16_to_f32(assay_f16_from_f64((double)p)), form, 0);
    case BF16_MID:
        return gelu(as_bf16(p), form, 0);
    case OVERFLOWS:
        return erf_form ? gelu(p, form, 0) : p * expf(1.702f * p) / (1 + expf(1.702f * p));
    case CLAMPED:
        return fabsf(p) > 4 ? (p > 0 ? p : -0.0f) : gelu(p, form, 0);
    case NAN_LOST:
        return isnan(p) ? 0 : gelu(p, form, 0);
    default:
        return gelu(p, form, 0);
    }
}

enum { PIECE = 256 };

static assay_status run(const assay_args *a)
{
    const assay_gelu_params *params = a->params;
    const int mode = mode_of(a);
    const int64_t k = mode == LAST_K ? a->dim[K] - 1 : a->dim[K], piece = mode == EACH_PIECE ? PIECE : INT64_MAX / 2;
    const float *bias = a->operand[BIAS].data;
    for (int64_t t = 0; t < a->dim[T]; t++)
        for (int64_t n = a->begin; n < a->end; n++) {
            const float *x = row(a, X, t), *w = row(a, W, n);
            float b = bias && mode != NO_BIAS ? bias[mode == BIAS_BY_ROW && t < a->dim[N] ? t : n] : 0;
            float y = 0, s = 0;
            double wide = bias ? bias[n] : 0;
            for (int64_t i = 0; i < k; i++) {
                s += x[i] * w[i];
                wide += (double)x[i] * w[i];
                if (i % piece == piece - 1)
                    y += bend(s, params->form, PLAIN), s = 0;
            }
            b = mode == BIAS_TWICE ? 2 * b : b;
            s = bias && mode != BIAS_LATER ? s + b : s;
            const bool bare = (mode == NOT_SPLIT && k > PIECE) || (mode == TAIL && n >= 8 && n >= a->dim[N] / 8 * 8) ||
                              (mode == ROW_TAIL && t >= 4 && t >= a->dim[T] / 4 * 4);
            y += mode == DOUBLE ? gelu((float)wide, params->form, 0) : bare ? s : bend(s, params->form, mode);
            y = mode == BIAS_LATER ? y + b : y;
            ((float *)(uintptr_t)row(a, Y, t))[n] = mode == EMPTY && k == 0 ? 0 : y;
        }
    return ASSAY_OK;
}

/* In any order of the sum, and by a form of gelu that goes by the row of the table */
static float gelu_of(const void *params, float sum, int32_t kind)
{
    const assay_gelu_params *p = params;
    return gelu(sum, p->form, kind);
}
static assay_status vary(const assay_args *a)
{
    const assay_sum *s = a->variant;
    return assay_vary_product(a, s, -1, Y, gelu_of, s->row);
}
static assay_status kept(const assay_args *a)
{
    return assay_vary_product(a, &assay_sums[0], -1, Y, gelu_of, 0);
}

static const assay_typeset f32_types[] = { VARY_F32, VARY_F32, VARY_F32, VARY_F32 };
static const assay_typeset vary_types[] = { VARY_FLOATS, VARY_WEIGHTS_8, VARY_F32, VARY_FLOATS };
static const assay_contract complement = { .erfc = 1 };
#define KERNEL_BASE .op = "matmul_gelu", .types = f32_types
#define VARY        vary
#define VARY_BASE   .op = "matmul_gelu", .types = vary_types
static const assay_fault table[] = {
    SUMS(VARY_ROW) FAULTS(BAD_ROW) LEGAL(GOOD_ROW){
        ASSAY_LEGAL,
        { VARY_BASE, .name = "erfcf-declared", .flags = ASSAY_UNSLICED, .contract = &complement, .run = kept },
        "legal: keeps what it declares" },
};

const assay_faults assay_faults_matmul_gelu = { "matmul_gelu", table, ASSAY_COUNT_OF(table) };
