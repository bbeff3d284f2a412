/* SPDX-License-Identifier: MIT
 * matmul_gelu: gemm_panels.h, whose sums go through gelu while they are in the cache. */
#include "assay/params/gelu.h"
enum { X, W, BIAS, Y, RESIDUAL = -1, MAPS = 1 };
#include "../isa/gemm_panels.h"

static inline vec mapped(const assay_args *a, vec sum)
{
    const assay_gelu_params *p = a->params;
    return p->form == ASSAY_GELU_ERF    ? vec_gelu(sum)
           : p->form == ASSAY_GELU_TANH ? vec_gelu_tanh(sum)
                                        : vec_sigmoid_of(vec_mul(sum, vec_set(1.702f)), sum);
}

static const assay_typeset types[] = { GEMM_F32, GEMM_WEIGHTS, GEMM_F32, GEMM_F32 };
static const assay_contract contract = { .h = GEMM_DEPTH, .erfc = 1 };

SIMD_KERNEL(matmul_gelu) = {
    GEMM_KERNEL,
    .op = "matmul_gelu",
    .flags = ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
};
