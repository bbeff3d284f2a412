/* SPDX-License-Identifier: MIT
 * matmul of floats: gemm_panels.h. */
enum { X, W, BIAS, Y, RESIDUAL = -1, MAPS = 0 };
#include "../isa/gemm_panels.h"
NO_MAP

static const assay_typeset types[] = { GEMM_F32, GEMM_WEIGHTS, GEMM_F32, GEMM_F32 };
static const assay_contract contract = { .h = GEMM_DEPTH };

SIMD_KERNEL(matmul) = {
    GEMM_KERNEL,
    .op = "matmul",
    .flags = ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
};
