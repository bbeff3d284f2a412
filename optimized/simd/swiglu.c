/* SPDX-License-Identifier: MIT
 * swiglu: y = silu(gate) up. */
#include "../isa/map.h"

static inline vec f(vec gate, vec up, const vec *k)
{
    (void)k;
    return vec_mul(up, vec_silu(gate));
}

static assay_status run(const assay_args *a)
{
    return map(a, 2, f, NULL);
}

SIMD_KERNEL(swiglu) = {
    MAP_KERNEL,
    .op = "swiglu",
    .flags = SIMD_PROMISES,
};
