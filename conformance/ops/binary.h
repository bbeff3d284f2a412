/* SPDX-License-Identifier: MIT
 * binary.h - rows a op b in plain C with what goes wrong there, for the faults of add and mul.  The op brings one() and
 * length(), and rows of its own. */
#ifndef ASSAY_FAULTS_BINARY_H
#define ASSAY_FAULTS_BINARY_H
#include "faults.h"

/* X(mode, name, where it comes from) */
#define BINARY_FAULTS(X)                                                                                               \
    X(NO_TAIL, "tail-skipped", "slip: tail")                                                                           \
    X(ONCE_MORE, "tail-element-twice", "slip: tail")                                                                   \
    X(BF16_IN, "bf16-input", "slip: inputs silently rounded")                                                          \
    X(F16_IN, "f16-input", "anthony-chaudhary/dos-kernel#107")                                                         \
    X(CHOPPED, "rounded-to-zero", "slip: truncation for rounding")                                                     \
    X(ZERO_SIGN, "negative-zero-lost", "slip: docs/museum.md")                                                         \
    X(FIRST_ROW, "first-row-for-all", "row stride ignored")                                                            \
    X(FLUSHED, "subnormals-flushed", "subnormal inputs and results")                                                   \
    X(NEXT, "next-element", "index + 1")                                                                               \
    X(NAN_LOST, "nan-lost", "slip: docs/museum.md")                                                                    \
    X(WRONG_OP, "wrong-operator", "operator swapped")                                                                  \
    X(WIDE_TAIL, "tail-writes-past", "sonos/tract#2304; google/XNNPACK#4190 reads so")

#define BINARY_LEGAL(X)                                                                                                \
    X(PLAIN, "sequential", "legal: one by one")                                                                        \
    X(SWAPPED, "swapped", "legal: b first")                                                                            \
    X(DOUBLE, "double", "legal: f64, then one rounding (Figueroa)")                                                    \
    X(FUSED_SWAPPED, "fused-swapped", "legal: the same, b first")                                                      \
    X(WIDE, "long-double", "legal: wider, then one rounding")                                                          \
    X(NEGATED, "negated", "legal: by negation")                                                                        \
    X(REVERSED, "reversed", "legal: last to first")                                                                    \
    X(BLOCKS, "stride-7", "legal: every 7th, 7 times")                                                                 \
    X(EVEN_ODD, "even-odd", "legal: even ones, then odd ones")                                                         \
    X(TWICE, "written-twice", "legal: overlapping vectors write the same twice")

enum binary_mode { BINARY_FAULTS(MODE) BINARY_LEGAL(MODE) BINARY_MODES };

static float one(float a, float b, int mode);               /* y of one element */
static int64_t length(const float *b, int64_t C, int mode); /* how many elements of a row are done */

/* What one() does in modes that need not know the op: y is its result, exact what it rounds. */
static inline float binary_one(float y, double exact, int mode)
{
    switch (mode) {
    case CHOPPED:
        return y != y || isinf(y) ? y : fabs((double)y) > fabs(exact) ? nextafterf(y, 0) : y;
    case ZERO_SIGN:
        return y == 0 ? 0 : y;
    case FLUSHED:
        return fabsf(y) < 0x1p-126f ? copysignf(0, y) : y;
    case NAN_LOST:
        return y != y ? 0 : y;
    default:
        return y;
    }
}

static assay_status run(const assay_args *a)
{
    const int mode = mode_of(a);
    const int64_t C = a->dim[1], step = mode == BLOCKS ? 7 : mode == EVEN_ODD ? 2 : 1;
    for (int64_t r = a->begin; r < a->end; r++) {
        const float *p = (const float *)((const char *)a->operand[0].data + r * a->operand[0].stride[0]);
        const float *q =
            (const float *)((const char *)a->operand[1].data + (mode == FIRST_ROW ? 0 : r) * a->operand[1].stride[0]);
        float *y = (float *)((char *)a->operand[2].data + r * a->operand[2].stride[0]);
        const int64_t n = mode == NO_TAIL && C > 8 ? C & ~INT64_C(7) : length(q, C, mode);
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

static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)),
                                       ASSAY_TYPES(ASSAY_T(f32)) };
#endif
