/* SPDX-License-Identifier: MIT
 * mul: y = a b. */
#include "../isa/map.h"

static inline vec f(vec a, vec b, const vec *k)
{
    (void)k;
    return vec_mul(a, b);
}

static assay_status run(const assay_args *a)
{
    return map(a, 2, f, NULL);
}

SIMD_KERNEL(mul) = {
    MAP_KERNEL,
    .op = "mul",
    .flags = SIMD_PROMISES | ASSAY_BITEXACT,
};
