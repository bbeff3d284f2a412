/* SPDX-License-Identifier: MIT
 * gelu: x Phi(x), right in the far tail, too; x/2 (1 + tanh v) as x / (1 + e^-2v). */
#include "assay/params/gelu.h"
#include "../isa/map.h"

static inline vec by_erf(vec x, vec same)
{
    const vec tail = vec_gauss_tail(x);
    (void)same;
    return vec_mul(x, vec_pick(vec_negative(x), tail, vec_sub(vec_set(1.0f), tail)));
}
static inline vec by_tanh(vec x, vec same)
{
    const vec cubic = vec_fma(vec_mul(x, x), vec_set(0.044715f), vec_set(1.0f));
    (void)same;
    return vec_sigmoid_of(vec_mul(vec_mul(x, vec_set(1.5957691216f)), cubic), x);
}
static inline vec quick(vec x, vec same)
{
    (void)same;
    return vec_sigmoid_of(vec_mul(x, vec_set(1.702f)), x);
}

static assay_status run(const assay_args *a)
{
    const assay_gelu_params *p = a->params;
    return p->form == ASSAY_GELU_ERF    ? map(a, 1, by_erf)
           : p->form == ASSAY_GELU_TANH ? map(a, 1, by_tanh)
                                        : map(a, 1, quick);
}

static const assay_contract contract = { .erfc = 1 };

SIMD_KERNEL(gelu) = {
    MAP_KERNEL,
    .op = "gelu",
    .flags = SIMD_PROMISES,
    .contract = &contract,
};
