/* SPDX-License-Identifier: MIT
 * dequantize: kernels that are wrong on purpose, and legal ones that reach the same bits by other ways. */
#include "decode.h"

static assay_status run(const assay_args *a)
{
    const int mode = mode_of(a);
    const assay_tensor *x = &a->operand[0], *y = &a->operand[1];
    const int64_t C = a->dim[1], size = decode_bytes(x->type, C);
    for (int64_t r = a->begin; r < a->end; r++) {
        const int64_t from = mode == STRIDE_HALF ? r * size : r * x->stride[0];
        decode_row((float *)((char *)y->data + r * y->stride[0]), (const char *)x->data + from, x->type, C, mode);
    }
    return ASSAY_OK;
}

static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(f16) | ASSAY_T(bf16) | ASSAY_T(q8_0) | ASSAY_T(q8_1) |
                                                   ASSAY_T(q4_0) | ASSAY_T(q4_1) | ASSAY_T(q5_0) | ASSAY_T(q5_1) |
                                                   ASSAY_T(q2_k) | ASSAY_T(q3_k) | ASSAY_T(q5_k) | ASSAY_T(iq4_nl) |
                                                   ASSAY_T(mxfp4) | ASSAY_T(e4m3) | ASSAY_T(e5m2) | ASSAY_T(q4_k) |
                                                   ASSAY_T(q6_k) | SCALED_TYPES | GRID_TYPES | ASSAY_T(q8_k)),
                                       ASSAY_TYPES(ASSAY_T(f32)) };
#define KERNEL_BASE .op = "dequantize", .types = types
static const assay_fault table[] = { BAD(STRIDE_HALF, "dense-rows", "ROCm/hip-ep#588"),
                                     DECODE_FAULTS(BAD_ROW) SCALED_FAULTS(BAD_ROW) ACTIVATION_FAULTS(BAD_ROW)
                                         GRID_FAULTS(BAD_ROW) DECODE_LEGAL(GOOD_ROW) };

const assay_faults assay_faults_dequantize = { "dequantize", table, ASSAY_COUNT_OF(table) };
