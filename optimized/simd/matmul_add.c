/* SPDX-License-Identifier: MIT
 * matmul_add: gemm_panels.h, whose sums begin at the residual; y may be the residual. */
enum { X, W, BIAS, RESIDUAL, Y };
#include "../isa/gemm_panels.h"

static const assay_typeset types[] = { GEMM_F32, GEMM_WEIGHTS, GEMM_F32, GEMM_F32, GEMM_F32 };

SIMD_KERNEL(matmul_add) = {
    GEMM_KERNEL,
    .op = "matmul_add",
    .flags = SIMD_PROMISES,
};
