/* SPDX-License-Identifier: MIT
 * matmul_add: gemm_panels.h, whose sums begin at the residual; y may be the residual. */
enum { X, W, BIAS, RESIDUAL, Y, MAPS = 0 };
#include "../isa/gemm_panels.h"
NO_MAP

static const assay_typeset types[] = { GEMM_F32, GEMM_WEIGHTS, GEMM_F32, GEMM_F32, GEMM_F32 };
static const assay_contract contract = { .h = GEMM_DEPTH };

SIMD_KERNEL(matmul_add) = {
    GEMM_KERNEL,
    .op = "matmul_add",
    .flags = SIMD_PROMISES,
};
