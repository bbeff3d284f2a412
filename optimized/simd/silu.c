/* SPDX-License-Identifier: MIT
 * silu: y = x / (1 + e^-x). */
#include "../isa/map.h"

static inline vec f(vec x, vec same, const vec *k)
{
    (void)same, (void)k;
    return vec_silu(x);
}

static assay_status run(const assay_args *a)
{
    return map(a, 1, f, NULL);
}

SIMD_KERNEL(silu) = {
    MAP_KERNEL,
    .op = "silu",
    .flags = SIMD_PROMISES,
};
