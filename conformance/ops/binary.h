/* SPDX-License-Identifier: MIT
 * binary.h - rows a op b in plain C with what goes wrong there, for the faults of add and mul.  The op brings, before
 * it includes this: OF(a, b), of any real type; FUSED_OF(a, b), rounded once by an fma; NEGATED_OF(a, b), the same by
 * two changes of sign; OTHER_OF(a, b), another operator; and FAULTS and LEGAL of its own. */
#ifndef ASSAY_FAULTS_BINARY_H
#define ASSAY_FAULTS_BINARY_H
#include "rows.h"

/* X(mode, name, where it comes from) */
#define BINARY_FAULTS(X)                                                                                               \
    X(NO_TAIL, "tail-skipped", "slip: tail")                                                                           \
    X(ONCE_MORE, "tail-element-twice", "slip: tail")                                                                   \
    X(BF16_IN, "bf16-input", "slip: inputs silently rounded")                                                          \
    X(F16_IN, "f16-input", "anthony-chaudhary/dos-kernel#107")                                                         \
    X(CHOPPED, "rounded-to-zero", "slip: truncation for rounding")                                                     \
    X(ZERO_SIGN, "negative-zero-lost", "slip: docs/museum.md")                                                         \
    X(FLUSHED, "subnormals-flushed", "subnormal inputs and results")                                                   \
    X(NEXT, "next-element", "index + 1")                                                                               \
    X(NAN_LOST, "nan-lost", "slip: docs/museum.md")                                                                    \
    X(WRONG_OP, "wrong-operator", "operator swapped")                                                                  \
    X(WIDE_TAIL, "tail-writes-past", "sonos/tract#2304; google/XNNPACK#4190 reads so")

#define BINARY_LEGAL(X)                                                                                                \
    X(PLAIN, "sequential", "legal: one by one")                                                                        \
    X(SWAPPED, "swapped", "legal: b first")                                                                            \
    X(DOUBLE, "double", "legal: f64, then one rounding (Figueroa)")                                                    \
    X(FUSED, "fused", "legal: an fma with 1 or -0")                                                                    \
    X(FUSED_SWAPPED, "fused-swapped", "legal: the same, b first")                                                      \
    X(WIDE, "long-double", "legal: wider, then one rounding")                                                          \
    X(NEGATED, "negated", "legal: by negation")                                                                        \
    X(TWICE, "written-twice", "legal: overlapping vectors write the same twice")

enum { BINARY_FAULTS(MODE) FAULTS(MODE) BINARY_LEGAL(MODE) };

static int64_t length(const float *b, int64_t C, int mode); /* how many elements of a row are done */

static float one(float a, float b, int mode)
{
    const float y = OF(a, b);
    const double exact = OF((double)a, (double)b);
    switch (mode) {
    case SWAPPED:
        return OF(b, a);
    case DOUBLE:
        return (float)exact;
    case FUSED:
        return FUSED_OF(a, b);
    case FUSED_SWAPPED:
        return FUSED_OF(b, a);
    case WIDE:
        return (float)OF((long double)a, (long double)b);
    case NEGATED:
        return NEGATED_OF(a, b);
    case BF16_IN:
        return OF(chop(a, 7), b);
    case F16_IN:
        return OF(a, chop(b, 10));
    case WRONG_OP:
        return OTHER_OF(a, b);
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

static void one_row(const assay_row *k)
{
    const float *a = k->in[0], *b = k->in[1];
    const int64_t C = k->n, n = k->mode == NO_TAIL && C > 8 ? C & ~INT64_C(7) : length(b, C, k->mode);
    for (int pass = 0; pass < (k->mode == TWICE ? 2 : 1); pass++)
        for (int64_t c = 0; c < n; c++)
            k->out[c] = one(a[c], b[k->mode == NEXT && c + 1 < C ? c + 1 : c], k->mode);
    if (k->mode == ONCE_MORE && C)
        k->out[C - 1] = one(k->out[C - 1], b[C - 1], k->mode);
    if (k->mode == WIDE_TAIL && C % 8)
        k->out[C] = 0;
}
BY_ROWS(2, one_row)
#endif
