/* SPDX-License-Identifier: MIT
 * matmul_add: kernels that are wrong on purpose, most of them in how the residual enters, and legal ones, in any order
 * of the sum. */
#include "faults.h"
#include "variants.h"

enum { T, N, K };
enum { X, W, BIAS, RESIDUAL, Y };

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(NO_RESIDUAL, "residual-left-out", "kekzl/imp#1547: beta does not reach the epilogue")                            \
    X(FIRST_ROW, "first-row-of-the-residual", "flagos-ai/FlagGems#553: a matrix taken for a row")                      \
    X(TILE_ROW, "first-row-of-each-tile-of-the-residual", "tenstorrent/tt-metal#42430")                                \
    X(EACH_PIECE, "residual-with-each-piece-of-k", "NVIDIA/TensorRT-LLM#12686: before the pieces are summed")          \
    X(NOT_SPLIT, "no-residual-where-k-is-split", "triton-lang/triton#8252: the reduction lacks the epilogue")          \
    X(F16_PRODUCT, "product-rounded-to-f16", "uxlfoundation/oneDNN#2479: the sum in the type of 16 bits")              \
    X(BF16_PRODUCT, "product-rounded-to-bf16", "own: the same of bf16")                                                \
    X(BIAS_BY_ROW, "bias-along-the-rows", "openxla/xla#46897: where T = N nothing is too short")                       \
    X(WRITES_IT, "residual-updated", "openvinotoolkit/openvino#36565: another reads it later")                         \
    X(TWICE, "residual-twice", "own: in the accumulators, and in the epilogue")                                        \
    X(SUBTRACTED, "residual-subtracted", "operator swapped")                                                           \
    X(NEXT_COLUMN, "residual-of-the-next-column", "index + 1")                                                         \
    X(NEXT_ROW, "residual-of-the-row-before", "index - 1")                                                             \
    X(DENSE, "residual-by-the-rows-of-y", "own: one stride for two tensors")                                           \
    X(TAIL, "no-residual-in-the-tail-of-n", "slip: tail")                                                              \
    X(ROW_TAIL, "no-residual-in-the-tail-of-t", "slip: tail")                                                          \
    X(NO_BIAS, "bias-left-out", "own: one addend for two")                                                             \
    X(BIAS_TWICE, "bias-twice", "own: with the product, and with the residual")                                        \
    X(EMPTY, "zero-where-k-is-0", "own: no product, no epilogue")                                                      \
    X(WHAT_Y_HELD, "what-y-held-for-the-residual", "own: as if always in place")                                       \
    X(FLUSHED, "residual-flushed", "subnormal inputs")                                                                 \
    X(NAN_LOST, "nan-of-the-residual-lost", "slip: docs/museum.md")                                                    \
    X(RELU, "negative-sums-cut", "own: another epilogue")                                                              \
    X(LAST_K, "last-k-dropped", "slip: docs/museum.md")

#define LEGAL(X)                                                                                                       \
    X(DOUBLE, "double", "legal: rounded once")                                                                         \
    X(IN_FIRST_PIECE, "residual-in-the-first-piece", "legal: pieces of K")

enum { FAULTS(MODE) LEGAL(MODE) };

static const float *row(const assay_args *a, int operand, int64_t r)
{
    const assay_tensor *t = &a->operand[operand];
    return (const float *)(const void *)((const char *)t->data + r * t->stride[0]);
}

/* The residual of output (t, n) as the mode finds it */
static float residual_of(const assay_args *a, int64_t t, int64_t n, int mode)
{
    const int64_t at = mode == FIRST_ROW       ? 0
                       : mode == TILE_ROW      ? t / 8 * 8
                       : mode == NEXT_ROW && t ? t - 1
                       : mode == NEXT_ROW      ? a->dim[T] - 1
                                               : t;
    const float *from = mode == WHAT_Y_HELD ? row(a, Y, at) : row(a, RESIDUAL, at);
    if (mode == DENSE)
        from = (const float *)(const void *)((const char *)a->operand[RESIDUAL].data + at * a->operand[Y].stride[0]);
    const float v = from[mode == NEXT_COLUMN && n + 1 < a->dim[N] ? n + 1 : n];
    switch (mode) {
    case NO_RESIDUAL:
        return 0;
    case SUBTRACTED:
        return -v;
    case TWICE:
        return 2 * v;
    case FLUSHED:
        return fabsf(v) < 0x1p-126f ? 0 : v;
    case NAN_LOST:
        return isnan(v) ? 0 : v;
    case TAIL:
        return n >= a->dim[N] / 8 * 8 && n >= 8 ? 0 : v;
    case ROW_TAIL:
        return t >= a->dim[T] / 4 * 4 && t >= 4 ? 0 : v;
    default:
        return v;
    }
}

enum { PIECE = 256 };

/* The product, in pieces of K where the mode has them */
static float product(const float *x, const float *w, int64_t n, float residual, int mode)
{
    const int64_t piece = mode == EACH_PIECE || mode == IN_FIRST_PIECE ? PIECE : n, full = mode == LAST_K ? n - 1 : n;
    float sum = 0;
    double wide = residual;
    for (int64_t k = 0; k < full; k += piece) {
        float s = 0;
        for (int64_t i = k; i < full && i < k + piece; i++) {
            s += x[i] * w[i];
            wide += (double)x[i] * w[i];
        }
        sum += s + (mode == EACH_PIECE || (mode == IN_FIRST_PIECE && k == 0) ? residual : 0);
    }
    return mode == DOUBLE ? (float)wide : n == 0 && (mode == EACH_PIECE || mode == IN_FIRST_PIECE) ? residual : sum;
}

static float as_f16(float x)
{
    return assay_f16_to_f32(assay_f16_from_f64((double)x));
}

static assay_status run(const assay_args *a)
{
    const int mode = mode_of(a);
    const int64_t k = a->dim[K];
    const float *bias = a->operand[BIAS].data;
    for (int64_t t = 0; t < a->dim[T]; t++)
        for (int64_t n = a->begin; n < a->end; n++) {
            float *y = (float *)(uintptr_t)row(a, Y, t) + n;
            const bool within = mode == EACH_PIECE || mode == IN_FIRST_PIECE || mode == DOUBLE;
            const bool none = mode == NOT_SPLIT && k > PIECE;
            const float residual = residual_of(a, t, n, mode);
            float b = bias && mode != NO_BIAS ? bias[mode == BIAS_BY_ROW && t < a->dim[N] ? t : n] : 0;
            float sum = product(row(a, X, t), row(a, W, n), k, residual, mode);
            sum = mode == F16_PRODUCT ? as_f16(sum) : mode == BF16_PRODUCT ? as_bf16(sum) : sum;
            b = mode == BIAS_TWICE ? 2 * b : b;
            if (bias || mode == BIAS_TWICE)
                sum += b;
            if (!within && !none)
                sum += residual;
            *y = mode == EMPTY && k == 0 ? 0 : mode == RELU && sum < 0 ? 0 : sum;
            if (mode == WRITES_IT)
                ((float *)(uintptr_t)row(a, RESIDUAL, t))[n] = *y;
        }
    return ASSAY_OK;
}

/* In place: the product where the residual was, then what is there in its place */
static assay_status over(const assay_args *a)
{
    for (int64_t t = 0; t < a->dim[T]; t++)
        for (int64_t n = a->begin; n < a->end; n++) {
            const float *bias = a->operand[BIAS].data;
            volatile float *y = (float *)(uintptr_t)row(a, Y, t) + n;
            *y = product(row(a, X, t), row(a, W, n), a->dim[K], 0, TWICE) + (bias ? bias[n] : 0);
            *y += row(a, RESIDUAL, t)[n];
        }
    return ASSAY_OK;
}

static assay_status vary(const assay_args *a)
{
    return assay_vary_product(a, a->variant, RESIDUAL, Y, NULL, 0);
}

static const assay_typeset f32_types[] = { VARY_F32, VARY_F32, VARY_F32, VARY_F32, VARY_F32 };
static const assay_typeset vary_types[] = { VARY_FLOATS, VARY_WEIGHTS_8, VARY_F32, VARY_FLOATS, VARY_FLOATS };
#define KERNEL_BASE .op = "matmul_add", .types = f32_types
#define VARY        vary
#define VARY_BASE   .op = "matmul_add", .types = vary_types
static const assay_fault table[] = {
    SUMS(VARY_ROW) FAULTS(BAD_ROW)
        LEGAL(GOOD_ROW){ ASSAY_FAULT,
                         { KERNEL_BASE, .name = "product-over-the-residual", .flags = ASSAY_INPLACE, .run = over },
                         "uxlfoundation/oneDNN#1198: in place, a result on the way stored into the output" },
};

const assay_faults assay_faults_matmul_add = { "matmul_add", table, ASSAY_COUNT_OF(table) };
