/* SPDX-License-Identifier: MIT
 * argmax, NEON: as argmax_avx2.c in 4 lanes.  NEON's maximum of a NaN is NaN, so a block's maximum tells both. */
#include "../isa/neon.h"

enum { BLOCK = 512 };

static float block_max(const float *x, int64_t n)
{
    float32x4_t m0 = vdupq_n_f32(-INFINITY), m1 = m0, m2 = m0, m3 = m0;
    int64_t i = 0;
    for (; i + 16 <= n; i += 16) {
        m0 = vmaxq_f32(m0, vld1q_f32(x + i)), m1 = vmaxq_f32(m1, vld1q_f32(x + i + 4));
        m2 = vmaxq_f32(m2, vld1q_f32(x + i + 8)), m3 = vmaxq_f32(m3, vld1q_f32(x + i + 12));
    }
    for (; i < n; i++)
        m0 = vmaxq_f32(m0, vdupq_n_f32(x[i]));
    return vmaxvq_f32(vmaxq_f32(vmaxq_f32(m0, m1), vmaxq_f32(m2, m3)));
}

static int64_t row(const float *x, int64_t V)
{
    float best = -INFINITY;
    int64_t at = 0, i;
    for (int64_t b = 0; b < V && best == best; b += BLOCK) {
        const float m = block_max(x + b, V - b < BLOCK ? V - b : BLOCK);
        if (!(m <= best))
            best = m, at = b;
    }
    for (i = at; i < V - 1 && (best == best ? x[i] != best : x[i] == x[i]); i++)
        ;
    return i;
}

static assay_status run(const assay_args *a)
{
    int32_t *id = a->operand[1].data;
    for (int64_t r = a->begin; r < a->end; r++)
        id[r] = (int32_t)row(tensor_row(&a->operand[0], r), a->dim[1]);
    return ASSAY_OK;
}

static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(i32)) };

const assay_kernel assay_argmax_neon = {
    .op = "argmax",
    .name = "neon",
    .isa = ASSAY_ISA_neon,
    .flags = ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .run = run,
};
