/* SPDX-License-Identifier: MIT
 * swiglu: y = silu(gate) up. */
#include "../isa/map.h"

static inline vec f(vec gate, vec up)
{
    return vec_mul(up, vec_silu(gate));
}

static assay_status run(const assay_args *a)
{
    return map(a, 2, f);
}

SIMD_KERNEL(swiglu) = {
    MAP_KERNEL,
    .op = "swiglu",
    .flags = SIMD_PROMISES,
};
