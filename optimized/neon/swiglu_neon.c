/* SPDX-License-Identifier: MIT
 * swiglu, NEON: one exponential of -|gate|, which cannot overflow, and one division. */
#include "../isa/map_neon.h"

static inline float32x4_t f(float32x4_t x, float32x4_t up)
{
    const float32x4_t e = neon_exp(vnegq_f32(vabsq_f32(x)));
    return vmulq_f32(up, vdivq_f32(vbslq_f32(vcltzq_f32(x), vmulq_f32(x, e), x), vaddq_f32(vdupq_n_f32(1.0f), e)));
}

static assay_status run(const assay_args *a)
{
    return neon_map(a, 2, f);
}

static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)),
                                       ASSAY_TYPES(ASSAY_T(f32)) };

extern const assay_kernel assay_swiglu_neon;
const assay_kernel assay_swiglu_neon = {
    .op = "swiglu",
    .name = "neon",
    .isa = ASSAY_ISA_neon,
    .flags = ASSAY_INPLACE | ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .run = run,
    .units = row_blocks,
};
