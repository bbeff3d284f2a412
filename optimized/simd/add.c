/* SPDX-License-Identifier: MIT
 * add: y = a + b. */
#include "../isa/map.h"

static inline vec f(vec a, vec b)
{
    return vec_add(a, b);
}

static assay_status run(const assay_args *a)
{
    return map(a, 2, f);
}

SIMD_KERNEL(add) = {
    MAP_KERNEL,
    .op = "add",
    .flags = SIMD_PROMISES | ASSAY_BITEXACT,
};
