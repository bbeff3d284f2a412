/* SPDX-License-Identifier: MIT
 * add: y = a + b. */
#include "../isa/map.h"

static inline vec f(vec a, vec b, const vec *k)
{
    (void)k;
    return vec_add(a, b);
}

static assay_status run(const assay_args *a)
{
    return map(a, 2, f, NULL);
}

SIMD_KERNEL(add) = {
    MAP_KERNEL,
    .op = "add",
    .flags = SIMD_PROMISES | ASSAY_BITEXACT,
};
