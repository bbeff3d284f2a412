/* SPDX-License-Identifier: MIT */
#include "primitive.h"
#include "assay_build.h"
#include "../../optimized/tiers.h"

#define PRIMITIVE(tiers, file, name) EACH_TIER(PRIMITIVE_TIER, tiers, file, name)

#define PRIMITIVE_TIER(isa, file, name) IF_##isa(extern const assay_primitive assay_primitive_##name##_##isa;)
#include "../../optimized/primitives.def"
#undef PRIMITIVE_TIER
static const assay_primitive *const table[] = {
#define PRIMITIVE_TIER(isa, file, name) IF_##isa(&assay_primitive_##name##_##isa, )
#include "../../optimized/primitives.def"
#undef PRIMITIVE_TIER
    NULL
};

const assay_primitive *assay_primitive_at(size_t i)
{
    return i < sizeof table / sizeof *table ? table[i] : NULL;
}
