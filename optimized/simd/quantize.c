/* SPDX-License-Identifier: MIT
 * quantize: the encoders of the tier, bit for bit the rules of the types; work units are runs of 4096 columns of a row.
 */
#include "../isa/encode.h"

static assay_status run(const assay_args *a)
{
    const assay_dtype type = a->operand[1].type;
    for (int64_t u = a->begin; u < a->end; u++) {
        const row_block b = row_block_at(a, u);
        const float *x = (const float *)tensor_row(&a->operand[0], b.r) + b.c;
        char *y = tensor_row(&a->operand[1], b.r);
        switch (type) {
        case ASSAY_f16:
            ENCODE(f16)((uint16_t *)(void *)y + b.c, x, b.n);
            break;
        case ASSAY_bf16:
            ENCODE(bf16)((uint16_t *)(void *)y + b.c, x, b.n);
            break;
        case ASSAY_q8_0:
            ENCODE(q8_0)((assay_q8_0 *)(void *)y + b.c / 32, x, b.n);
            break;
        case ASSAY_q8_1:
            ENCODE(q8_1)((assay_q8_1 *)(void *)y + b.c / 32, x, b.n);
            break;
        case ASSAY_q4_0:
            ENCODE(q4_0)((assay_q4_0 *)(void *)y + b.c / 32, x, b.n);
            break;
        case ASSAY_q4_1:
            ENCODE(q4_1)((assay_q4_1 *)(void *)y + b.c / 32, x, b.n);
            break;
        default:
            return ASSAY_UNSUPPORTED;
        }
    }
    return ASSAY_OK;
}

static const assay_typeset types[] = {
    ASSAY_TYPES(ASSAY_T(f32)),
    ASSAY_TYPES(ASSAY_T(f16) | ASSAY_T(bf16) | ASSAY_T(q8_0) | ASSAY_T(q8_1) | ASSAY_T(q4_0) | ASSAY_T(q4_1)),
};

SIMD_KERNEL(quantize) = {
    .op = "quantize",
    .name = SIMD_TIER,
    .isa = SIMD_ISA,
    .flags = ASSAY_BITEXACT | ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .run = run,
    .units = row_blocks,
};
