/* SPDX-License-Identifier: MIT
 * dequantize, AVX2: one store of 8 results per step is what it can do at best; work units are runs of 4096 columns. */
#include "../isa/decode_avx2.h"

static int64_t units(const assay_args *a)
{
    return row_blocks(a);
}

static assay_status run(const assay_args *a)
{
    const assay_tensor *x = &a->operand[0], *y = &a->operand[1];
    for (int64_t u = a->begin; u < a->end; u++) {
        const row_block b = row_block_at(a, u);
        const char *from = (const char *)tensor_row(x, b.r) + row_bytes(x->type, b.c);
        avx2_decode((float *)tensor_row(y, b.r) + b.c, from, x->type, b.n);
    }
    return ASSAY_OK;
}

static const assay_typeset types[] = {
    ASSAY_TYPES(ASSAY_T(f16) | ASSAY_T(bf16) | ASSAY_T(q8_0) | ASSAY_T(q8_1) | ASSAY_T(q4_0) | ASSAY_T(q4_1) |
                ASSAY_T(q4_k) | ASSAY_T(q6_k)),
    ASSAY_TYPES(ASSAY_T(f32)),
};

const assay_kernel assay_dequantize_avx2 = {
    .op = "dequantize",
    .name = "avx2",
    .isa = ASSAY_ISA_avx2,
    .flags = ASSAY_BITEXACT | ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .run = run,
    .units = units,
};
