/* SPDX-License-Identifier: MIT
 * activation: y = f(x), a loop per form. */
#include "assay/params/activation.h"
#include "../isa/map.h"
#include "../isa/simd_math.h"

/* k: what a form needs of the parameters, in every lane */
enum { ALPHA, BETA, PER_BETA, CAP, THRESHOLD, CONSTANTS };

static inline vec relu(vec x, vec same, const vec *k)
{
    (void)same, (void)k;
    return vec_at_least(x, vec_zero());
}
static inline vec relu2(vec x, vec same, const vec *k)
{
    const vec top = relu(x, same, k);
    return vec_mul(top, top);
}
static inline vec sigmoid(vec x, vec same, const vec *k)
{
    (void)same, (void)k;
    return vec_sigmoid_of(x, vec_set(1));
}
static inline vec hyperbolic(vec x, vec same, const vec *k)
{
    (void)same, (void)k;
    return vec_tanh(x);
}
static inline vec softplus(vec x, vec same, const vec *k)
{
    const vec z = vec_mul(x, k[BETA]), rest = vec_mul(vec_log1p(vec_exp(vec_minus_abs(z))), k[PER_BETA]);
    (void)same;
    return vec_pick(vec_negative(vec_sub(k[THRESHOLD], z)), x, vec_add(vec_at_least(x, vec_zero()), rest));
}
static inline vec hardswish(vec x, vec same, const vec *k)
{
    const vec gate = vec_at_most(vec_at_least(vec_add(x, vec_set(3)), vec_zero()), vec_set(6));
    (void)same, (void)k;
    return vec_mul(x, vec_mul(gate, vec_set(1.0f / 6)));
}
static inline vec elu(vec x, vec same, const vec *k)
{
    (void)same;
    return vec_pick(vec_negative(x), vec_mul(k[ALPHA], vec_expm1(x)), x);
}
/* tanh(ln(1 + t)) = n / (n + 2), n = t (t + 2), t = e^x; above and below times e^-2x where x is not negative */
static inline vec mish(vec x, vec same, const vec *k)
{
    const vec_mask negative = vec_negative(x);
    const vec e = vec_exp(vec_minus_abs(x)), one = vec_set(1), two = vec_set(2), twice = vec_add(e, e);
    const vec n = vec_pick(negative, vec_mul(e, vec_add(e, two)), vec_add(twice, one));
    (void)same, (void)k;
    return vec_mul(x, vec_div(n, vec_add(n, vec_pick(negative, two, vec_mul(twice, e)))));
}
static inline vec mish_step(vec x, vec same, const vec *k)
{
    return vec_pick(vec_negative(vec_sub(k[THRESHOLD], x)), vec_mul(x, vec_tanh(x)), mish(x, same, k));
}
static inline vec softcap(vec x, vec same, const vec *k)
{
    (void)same;
    return vec_mul(k[CAP], vec_tanh(vec_div(x, k[CAP])));
}

static assay_status run(const assay_args *a)
{
    const assay_activation_params *p = a->params;
    const float threshold = p->threshold > 0 ? p->threshold : INFINITY;
    const vec k[CONSTANTS] = { vec_set(p->alpha), vec_set(p->beta), vec_set(1 / p->beta), vec_set(p->cap),
                               vec_set(threshold) };
    switch (p->form) {
    case ASSAY_ACTIVATION_RELU:
        return map(a, 1, relu, k);
    case ASSAY_ACTIVATION_RELU2:
        return map(a, 1, relu2, k);
    case ASSAY_ACTIVATION_SIGMOID:
        return map(a, 1, sigmoid, k);
    case ASSAY_ACTIVATION_TANH:
        return map(a, 1, hyperbolic, k);
    case ASSAY_ACTIVATION_SOFTPLUS:
        return map(a, 1, softplus, k);
    case ASSAY_ACTIVATION_HARDSWISH:
        return map(a, 1, hardswish, k);
    case ASSAY_ACTIVATION_ELU:
        return map(a, 1, elu, k);
    case ASSAY_ACTIVATION_MISH:
        return p->threshold > 0 ? map(a, 1, mish_step, k) : map(a, 1, mish, k);
    default:
        return map(a, 1, softcap, k);
    }
}

SIMD_KERNEL(activation) = {
    MAP_KERNEL,
    .op = "activation",
    .flags = SIMD_PROMISES,
};
