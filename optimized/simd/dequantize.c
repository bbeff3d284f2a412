/* SPDX-License-Identifier: MIT
 * dequantize: codes widened and scaled; work units are runs of 4096 columns. */
#include "../isa/decode.h"

static assay_status run(const assay_args *a)
{
    const assay_tensor *x = &a->operand[0], *y = &a->operand[1];
    for (int64_t u = a->begin; u < a->end; u++) {
        const row_block b = row_block_at(a, u);
        const char *from = (const char *)tensor_row(x, b.r) + row_bytes(x->type, b.c);
        row_decode((float *)tensor_row(y, b.r) + b.c, from, x->type, b.n);
    }
    return ASSAY_OK;
}

static const assay_typeset types[] = {
    ASSAY_TYPES(ASSAY_T(f16) | ASSAY_T(bf16) | ASSAY_T(q8_1) | ASSAY_T(q8_k) | ASSAY_T(e4m3) | ASSAY_T(e5m2) |
                DECODE_BLOCKS | DECODE_MORE),
    ASSAY_TYPES(ASSAY_T(f32)),
};

SIMD_KERNEL(dequantize) = {
    .op = "dequantize",
    .name = SIMD_TIER,
    .isa = SIMD_ISA,
    .flags = ASSAY_BITEXACT | ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .run = run,
    .units = row_blocks,
};
