/* SPDX-License-Identifier: MIT
 * mul: kernels that are wrong on purpose, and legal ones that must pass. */
#include "binary.h"
#include <stdlib.h>

#define FAULTS(X) X(ALIGNED, "aligned-load-in-the-tail", "RedisAI/VectorSimilarity#990")
#define LEGAL(X)  X(FUSED, "fused", "legal: fma(a, b, -0)")
enum { LAST_OF_BINARY = BINARY_MODES - 1, FAULTS(MODE) LEGAL(MODE) };

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
    case WRONG_OP:
        return a / b;
    default:
        return binary_one(y, exact, mode);
    }
}

static int64_t length(const float *b, int64_t C, int mode)
{
    if (mode == ALIGNED && C % 4 == 3 && (uintptr_t)b % 16)
        abort(); /* as the aligned move of a "reversed load" does */
    return C;
}

#define KERNEL_BASE .op = "mul", .types = types
static const assay_fault table[] = { BINARY_FAULTS(BAD_ROW) FAULTS(BAD_ROW) BINARY_LEGAL(GOOD_ROW) LEGAL(GOOD_ROW) };

const assay_faults assay_faults_mul = { "mul", table, ASSAY_COUNT_OF(table) };
