/* SPDX-License-Identifier: MIT */
#include "primitive.h"
#include "assay_build.h"

#define PRIMITIVE(isa, name) IF_##isa(&assay_primitive_##name##_##isa, )
static const assay_primitive *const table[] = {
#include "../../optimized/primitives.def"
    NULL
};
#undef PRIMITIVE

const assay_primitive *assay_primitive_at(size_t i)
{
    return i < sizeof table / sizeof *table ? table[i] : NULL;
}
