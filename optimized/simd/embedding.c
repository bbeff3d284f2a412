/* SPDX-License-Identifier: MIT
 * embedding: one row of the table per token, decoded to f32.  The row of the next token is unknown to the hardware's
 * prefetcher until its id is read, so its first lines are asked for while this one is decoded. */
#include "../isa/decode.h"

enum { AHEAD = 512 }; /* bytes of the next row that are prefetched */

static assay_status run(const assay_args *a)
{
    const assay_tensor *ids = &a->operand[0], *table = &a->operand[1];
    const int64_t D = a->dim[2], bytes = row_bytes(table->type, D), ahead = bytes < AHEAD ? bytes : AHEAD;
    for (int64_t t = a->begin; t < a->end; t++) {
        const int32_t id = *(const int32_t *)tensor_row(ids, t);
        if (t + 1 < a->end) {
            const char *next = tensor_row(table, *(const int32_t *)tensor_row(ids, t + 1));
            for (int64_t i = 0; i < ahead; i += 64)
                __builtin_prefetch(next + i);
        }
        row_decode(tensor_row(&a->operand[2], t), tensor_row(table, id), table->type, D);
    }
    return ASSAY_OK;
}

static const assay_typeset types[] = {
    ASSAY_TYPES(ASSAY_T(i32)),
    ASSAY_TYPES(ASSAY_T(f32) | ASSAY_T(f16) | ASSAY_T(bf16) | ASSAY_T(e4m3) | ASSAY_T(e5m2) | DECODE_BLOCKS |
                DECODE_MORE),
    ASSAY_TYPES(ASSAY_T(f32)),
};

SIMD_KERNEL(embedding) = {
    .op = "embedding",
    .name = SIMD_TIER,
    .isa = SIMD_ISA,
    .flags = ASSAY_BITEXACT | ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .run = run,
};
