/* SPDX-License-Identifier: MIT
 * embedding: kernels that are wrong on purpose, and legal ones that reach the same bits by other ways. */
#include "decode.h"

#define FAULTS(X)                                                                                                      \
    X(NEXT_ROW, "next-row", "off by one")                                                                              \
    X(PREVIOUS_TOKEN, "previous-token", "off by one")                                                                  \
    X(LAST_TOKEN_LOST, "last-token-lost", "slip: tail")                                                                \
    X(DENSE_OUTPUT, "dense-output", "padded rows")                                                                     \
    X(CLAMPED_ID, "last-row-unreachable", "off by one in a clamp")                                                     \
    X(ID_AS_BYTE, "id-cut-to-4-bits", "an index type that is too small")                                               \
    X(FIRST_BLOCK_ONLY, "first-256-only", "a fixed row length")
enum { LAST_OF_DECODE = DECODE_MODES - 1, FAULTS(MODE) };

static assay_status run(const assay_args *a)
{
    const int mode = mode_of(a);
    const assay_tensor *ids = &a->operand[0], *table = &a->operand[1], *y = &a->operand[2];
    const int64_t V = a->dim[1], D = a->dim[2], size = decode_bytes(table->type, D);
    const int64_t end = mode == LAST_TOKEN_LOST && a->end == a->dim[0] && a->end > 1 ? a->end - 1 : a->end;
    for (int64_t t = a->begin; t < end; t++) {
        int32_t id;
        memcpy(&id, (const char *)ids->data + (mode == PREVIOUS_TOKEN && t > 0 ? t - 1 : t) * ids->stride[0],
               sizeof id);
        if (mode == NEXT_ROW)
            id = id + 1 < V ? id + 1 : id;
        if (mode == CLAMPED_ID)
            id = id < V - 1 || V < 2 ? id : (int32_t)(V - 2);
        if (mode == ID_AS_BYTE)
            id &= 15;
        const char *row = (const char *)table->data + id * (mode == STRIDE_HALF ? size : table->stride[0]);
        char *out = (char *)y->data + t * (mode == DENSE_OUTPUT ? 4 * D : y->stride[0]);
        decode_row((float *)(void *)out, row, table->type, mode == FIRST_BLOCK_ONLY && D > 256 ? 256 : D, mode);
    }
    return ASSAY_OK;
}

static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(i32)),
                                       ASSAY_TYPES(ASSAY_T(f32) | ASSAY_T(f16) | ASSAY_T(bf16) | ASSAY_T(q8_0) |
                                                   ASSAY_T(q4_0) | ASSAY_T(q4_1) | ASSAY_T(q5_0) | ASSAY_T(q5_1) |
                                                   ASSAY_T(q2_k) | ASSAY_T(q3_k) | ASSAY_T(q5_k) | ASSAY_T(iq4_nl) |
                                                   ASSAY_T(mxfp4) | ASSAY_T(e4m3) | ASSAY_T(e5m2) | ASSAY_T(q4_k) |
                                                   ASSAY_T(q6_k) | SCALED_TYPES | GRID_TYPES),
                                       ASSAY_TYPES(ASSAY_T(f32)) };
#define KERNEL_BASE .op = "embedding", .types = types
static const assay_fault table[] = { BAD(STRIDE_HALF, "dense-table", "ROCm/hip-ep#588"),
                                     DECODE_FAULTS(BAD_ROW) SCALED_FAULTS(BAD_ROW) GRID_FAULTS(BAD_ROW)
                                         DECODE_LEGAL(GOOD_ROW) FAULTS(BAD_ROW) };

const assay_faults assay_faults_embedding = { "embedding", table, ASSAY_COUNT_OF(table) };
