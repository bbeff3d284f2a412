/* SPDX-License-Identifier: MIT
 * primitive.h - what a file of primitives needs: PRIMITIVE_OF(exp, run, 1.3f) is assay_primitive_exp_<tier>; run(x, y,
 * n) is exactly the inline function that the kernels use, in a loop. */
#ifndef ASSAY_ISA_PRIMITIVE_H
#define ASSAY_ISA_PRIMITIVE_H
#include "../../reference/core/primitive.h"
#include "simd.h"

#define PRIMITIVE_OF(what, run, u)                                                                                     \
    const assay_primitive SIMD_NAME(assay_primitive_##what) = { #what, SIMD_TIER, SIMD_ISA, run, u }
#endif
