/* SPDX-License-Identifier: MIT
 * gelu: x Phi(x), its approximation by tanh, or x / (1 + e^-1.702 x). */
#include "assay/params/gelu.h"
#include "../isa/map.h"

static inline vec by_erf(vec x, vec same, const vec *k)
{
    (void)same, (void)k;
    return vec_gelu(x);
}
static inline vec by_tanh(vec x, vec same, const vec *k)
{
    (void)same, (void)k;
    return vec_gelu_tanh(x);
}
static inline vec quick(vec x, vec same, const vec *k)
{
    (void)same, (void)k;
    return vec_sigmoid_of(vec_mul(x, vec_set(1.702f)), x);
}

static assay_status run(const assay_args *a)
{
    const assay_gelu_params *p = a->params;
    return p->form == ASSAY_GELU_ERF    ? map(a, 1, by_erf, NULL)
           : p->form == ASSAY_GELU_TANH ? map(a, 1, by_tanh, NULL)
                                        : map(a, 1, quick, NULL);
}

static const assay_contract contract = { .erfc = 1 };

SIMD_KERNEL(gelu) = {
    MAP_KERNEL,
    .op = "gelu",
    .flags = SIMD_PROMISES,
    .contract = &contract,
};
