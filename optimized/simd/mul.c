/* SPDX-License-Identifier: MIT
 * mul: y = a b. */
#include "../isa/map.h"

static inline vec f(vec a, vec b)
{
    return vec_mul(a, b);
}

static assay_status run(const assay_args *a)
{
    return map(a, 2, f);
}

SIMD_KERNEL(mul) = {
    MAP_KERNEL,
    .op = "mul",
    .flags = SIMD_PROMISES | ASSAY_BITEXACT,
};
