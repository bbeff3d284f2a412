/* SPDX-License-Identifier: MIT
 * add, NEON: y = a + b. */
#include "../isa/map_neon.h"

static inline float32x4_t f(float32x4_t a, float32x4_t b)
{
    return vaddq_f32(a, b);
}

static assay_status run(const assay_args *a)
{
    return neon_map(a, 2, f);
}

static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)),
                                       ASSAY_TYPES(ASSAY_T(f32)) };

extern const assay_kernel assay_add_neon;
const assay_kernel assay_add_neon = {
    .op = "add",
    .name = "neon",
    .isa = ASSAY_ISA_neon,
    .flags = ASSAY_INPLACE | ASSAY_BITEXACT | ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .run = run,
    .units = row_blocks,
};
