/* SPDX-License-Identifier: MIT
 * rmsnorm, NEON: two passes per row, four independent sums; the last C % 4 columns are copied through a vector. */
#include "../isa/neon.h"

static assay_status run(const assay_args *a)
{
    const assay_rmsnorm_params *p = a->params;
    const float *w = a->operand[1].data;
    const int64_t C = a->dim[1], body = C & ~INT64_C(3), wide = C & ~INT64_C(15), tail = C - body;
    const float32x4_t one = vdupq_n_f32(p->plus_one ? 1.0f : 0.0f);

    for (int64_t r = a->begin; r < a->end; r++) {
        const float *x = tensor_row(&a->operand[0], r);
        float *y = tensor_row(&a->operand[2], r);
        const float32x4_t last = neon_load_tail(x + body, tail);
        float32x4_t s0 = vdupq_n_f32(0), s1 = s0, s2 = s0, s3 = vmulq_f32(last, last);
        int64_t c = 0;
        for (; c < wide; c += 16) {
            const float32x4_t v0 = vld1q_f32(x + c), v1 = vld1q_f32(x + c + 4);
            const float32x4_t v2 = vld1q_f32(x + c + 8), v3 = vld1q_f32(x + c + 12);
            s0 = vfmaq_f32(s0, v0, v0), s1 = vfmaq_f32(s1, v1, v1);
            s2 = vfmaq_f32(s2, v2, v2), s3 = vfmaq_f32(s3, v3, v3);
        }
        for (; c < body; c += 4) {
            const float32x4_t v = vld1q_f32(x + c);
            s0 = vfmaq_f32(s0, v, v);
        }
        const float ss = neon_sum(vaddq_f32(vaddq_f32(s0, s1), vaddq_f32(s2, s3)));
        const float32x4_t s = vdupq_n_f32(1.0f / sqrtf(ss / (float)C + p->eps));
        for (c = 0; c < body; c += 4)
            vst1q_f32(y + c, vmulq_f32(vaddq_f32(one, vld1q_f32(w + c)), vmulq_f32(s, vld1q_f32(x + c))));
        const float32x4_t g = vaddq_f32(one, neon_load_tail(w + body, tail));
        neon_store_tail(y + body, vmulq_f32(g, vmulq_f32(s, last)), tail);
    }
    return ASSAY_OK;
}

static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)),
                                       ASSAY_TYPES(ASSAY_T(f32)) };
static const assay_contract contract = { .h = { ASSAY_DEPTH_LANES, 16, 0 } };

extern const assay_kernel assay_rmsnorm_neon;
const assay_kernel assay_rmsnorm_neon = {
    .op = "rmsnorm",
    .name = "neon",
    .isa = ASSAY_ISA_neon,
    .flags = ASSAY_INPLACE | ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .contract = &contract,
    .run = run,
};
