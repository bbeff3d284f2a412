/* SPDX-License-Identifier: MIT
 * mul: kernels that are wrong on purpose, and legal ones that must pass. */
#define OF(a, b)         ((a) * (b))
#define FUSED_OF(a, b)   fmaf(a, b, -0.0f)
#define NEGATED_OF(a, b) (-(-(a) * (b)))
#define OTHER_OF(a, b)   ((a) / (b))
#define FAULTS(X)        X(ALIGNED, "aligned-load-in-the-tail", "RedisAI/VectorSimilarity#990")
#include "binary.h"
#include <stdlib.h>

static int64_t length(const float *b, int64_t C, int mode)
{
    if (mode == ALIGNED && C % 4 == 3 && (uintptr_t)b % 16)
        abort(); /* as the aligned move of a "reversed load" does */
    return C;
}

#define KERNEL_BASE .op = "mul", .types = assay_types_f32
static const assay_fault table[] = { BINARY_FAULTS(BAD_ROW) FAULTS(BAD_ROW) BINARY_LEGAL(GOOD_ROW) };

const assay_faults assay_faults_mul = { "mul", table, ASSAY_COUNT_OF(table) };
