/* SPDX-License-Identifier: MIT
 * glu: y = f(gate) up, a loop per form; gelu is right in the far tail, too. */
#include "assay/params/glu.h"
#include "../isa/map.h"

enum { ALPHA, LIMIT, MINUS_LIMIT, CONSTANTS };

static inline vec sigmoid(vec gate, vec up, const vec *k)
{
    (void)k;
    return vec_mul(vec_sigmoid_of(gate, vec_set(1)), up);
}
static inline vec relu(vec gate, vec up, const vec *k)
{
    (void)k;
    return vec_mul(vec_at_least(gate, vec_zero()), up);
}
static inline vec gelu(vec gate, vec up, const vec *k)
{
    (void)k;
    return vec_mul(vec_gelu(gate), up);
}
static inline vec gelu_tanh(vec gate, vec up, const vec *k)
{
    (void)k;
    return vec_mul(vec_gelu_tanh(gate), up);
}
static inline vec clamped(vec gate, vec up, const vec *k)
{
    const vec g = vec_at_most(gate, k[LIMIT]), u = vec_at_least(vec_at_most(up, k[LIMIT]), k[MINUS_LIMIT]);
    return vec_mul(vec_sigmoid_of(vec_mul(g, k[ALPHA]), g), vec_add(u, vec_set(1)));
}

static assay_status run(const assay_args *a)
{
    const assay_glu_params *p = a->params;
    const vec k[CONSTANTS] = { vec_set(p->alpha), vec_set(p->limit), vec_set(-p->limit) };
    switch (p->form) {
    case ASSAY_GLU_SIGMOID:
        return map(a, 2, sigmoid, k);
    case ASSAY_GLU_RELU:
        return map(a, 2, relu, k);
    case ASSAY_GLU_GELU:
        return map(a, 2, gelu, k);
    case ASSAY_GLU_GELU_TANH:
        return map(a, 2, gelu_tanh, k);
    default:
        return map(a, 2, clamped, k);
    }
}

static const assay_contract contract = { .erfc = 1 };

SIMD_KERNEL(glu) = {
    MAP_KERNEL,
    .op = "glu",
    .flags = SIMD_PROMISES,
    .contract = &contract,
};
