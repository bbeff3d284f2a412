/* SPDX-License-Identifier: MIT
 * mul: kernels that are wrong on purpose, and legal ones that must pass. */
#include "faults.h"
#include <stdlib.h>

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(NO_TAIL, "tail-skipped", "numerics 3")                                                                           \
    X(ONCE_MORE, "tail-element-twice", "numerics 3")                                                                   \
    X(BF16_IN, "bf16-input", "numerics 3: inputs silently rounded")                                                    \
    X(F16_IN, "f16-input", "anthony-chaudhary/dos-kernel#107")                                                         \
    X(CHOPPED, "rounded-to-zero", "numerics 3: truncation for rounding")                                               \
    X(ZERO_SIGN, "negative-zero-lost", "numerics 3")                                                                   \
    X(FIRST_ROW, "first-row-for-all", "row stride ignored")                                                            \
    X(FLUSHED, "subnormals-flushed", "numerics 2, generator 9")                                                        \
    X(NEXT, "next-element", "index + 1")                                                                               \
    X(NAN_LOST, "nan-lost", "numerics 3")                                                                              \
    X(WRONG_OP, "wrong-operator", "operator swapped")                                                                  \
    X(WIDE_TAIL, "tail-writes-past", "sonos/tract#2304; google/XNNPACK#4190 reads so")                                 \
    X(ALIGNED, "aligned-load-in-the-tail", "RedisAI/VectorSimilarity#990")

#define LEGAL(X)                                                                                                       \
    X(PLAIN, "sequential", "legal: one by one")                                                                        \
    X(SWAPPED, "swapped", "legal: b first")                                                                            \
    X(DOUBLE, "double", "legal: f64, then one rounding (Figueroa)")                                                    \
    X(FUSED, "fused", "legal: fma(a, b, -0)")                                                                          \
    X(FUSED_SWAPPED, "fused-swapped", "legal: the same, b first")                                                      \
    X(WIDE, "long-double", "legal: wider, then one rounding")                                                          \
    X(NEGATED, "negated", "legal: by negation")                                                                        \
    X(REVERSED, "reversed", "legal: last to first")                                                                    \
    X(BLOCKS, "stride-7", "legal: every 7th, 7 times")                                                                 \
    X(EVEN_ODD, "even-odd", "legal: even ones, then odd ones")                                                         \
    X(TWICE, "written-twice", "legal: overlapping vectors write the same twice")

enum { FAULTS(MODE) LEGAL(MODE) };

static float chop(float x, unsigned bits)
{
    uint32_t i;
    memcpy(&i, &x, sizeof i);
    i &= ~((UINT32_C(1) << (23 - bits)) - 1);
    memcpy(&x, &i, sizeof i);
    return x;
}
static float one(float a, float b, int mode)
{
    const float y = a * b;
    const double exact = (double)a * (double)b;
    switch (mode) {
    case SWAPPED:
        return b * a;
    case DOUBLE:
        return (float)((double)a * (double)b);
    case FUSED:
        return fmaf(a, b, -0.0f);
    case FUSED_SWAPPED:
        return fmaf(b, a, -0.0f);
    case WIDE:
        return (float)((long double)a * (long double)b);
    case NEGATED:
        return -(-a * b);
    case BF16_IN:
        return chop(a, 7) * b;
    case F16_IN:
        return a * chop(b, 10);
    case CHOPPED:
        return y != y || isinf(y) ? y : fabs((double)y) > fabs(exact) ? nextafterf(y, 0) : y;
    case ZERO_SIGN:
        return y == 0 ? 0 : y;
    case FLUSHED:
        return fabsf(y) < 0x1p-126f ? copysignf(0, y) : y;
    case NAN_LOST:
        return y != y ? 0 : y;
    case WRONG_OP:
        return a / b;
    default:
        return y;
    }
}

static assay_status go(const assay_args *a, int mode)
{
    const int64_t C = a->dim[1], n = mode == NO_TAIL && C > 8 ? C & ~INT64_C(7) : C;
    const int64_t step = mode == BLOCKS ? 7 : mode == EVEN_ODD ? 2 : 1;
    for (int64_t r = a->begin; r < a->end; r++) {
        const float *p = (const float *)((const char *)a->operand[0].data + r * a->operand[0].stride[0]);
        const float *q =
            (const float *)((const char *)a->operand[1].data + (mode == FIRST_ROW ? 0 : r) * a->operand[1].stride[0]);
        float *y = (float *)((char *)a->operand[2].data + r * a->operand[2].stride[0]);
        if (mode == ALIGNED && n % 4 == 3 && (uintptr_t)q % 16)
            abort(); /* as the aligned move of a "reversed load" does */
        for (int pass = 0; pass < (mode == TWICE ? 2 : 1); pass++)
            for (int64_t s = 0; s < step; s++)
                for (int64_t i = s; i < n; i += step) {
                    const int64_t c = mode == REVERSED ? n - 1 - i : i;
                    y[c] = one(p[c], q[mode == NEXT && c + 1 < C ? c + 1 : c], mode);
                }
        if (mode == ONCE_MORE && C)
            y[C - 1] = one(y[C - 1], q[C - 1], mode);
        if (mode == WIDE_TAIL && C % 8)
            y[C] = 0;
    }
    return ASSAY_OK;
}
FAULTS(STUB)
LEGAL(STUB)

static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)),
                                       ASSAY_TYPES(ASSAY_T(f32)) };
#define KERNEL_BASE .op = "mul", .types = types
static const assay_fault table[] = { FAULTS(BAD_ROW) LEGAL(GOOD_ROW) };

extern const assay_faults assay_faults_mul;
const assay_faults assay_faults_mul = { "mul", table, ASSAY_COUNT_OF(table) };
