/* SPDX-License-Identifier: MIT
 * simd.h - a vector of floats, for kernels that are written once for every width: optimized/simd/<op>.c is compiled
 * once per tier of its line in kernels.def, with ASSAY_TIER set to the tier's name, and simd_<tier>.h brings
 *
 *   vec, LANES, vec_mask                   floats; how many (a power of 2); a yes or no per lane
 *   vec_zero vec_set vec_all               0; a float in every lane; the float at p
 *   vec_load vec_store, vec_load_n vec_store_n    a vector; its first n lanes, 0 <= n <= LANES: no byte past them is
 *                                          touched, lanes past them are loaded as 0
 *   vec_load_once                          into a register: a compiler may read memory again for each use of vec_load
 *   vec_add vec_sub vec_mul vec_div        as they say
 *   vec_fma vec_fms vec_fnma               a b + c, a b - c, c - a b, rounded once
 *   vec_max                                b where it is the larger number, else a: a NaN in b is passed over
 *   vec_at_least vec_at_most               a, but no less, no more than b; a NaN in a stays
 *   vec_abs vec_minus_abs                  |a|, -|a|
 *   vec_eq vec_unordered vec_negative      masks: a = b; a or b is NaN; a < 0 (a zero or NaN may be either)
 *   vec_either vec_any vec_none            of masks: or; is there a yes; all no
 *   vec_pick vec_first_n                   yes or no by the mask; lanes below n of a, the others of b
 *   vec_all_within                         |a| <= limit in every lane (a NaN is not)
 *   vec_sum vec_top                        over the lanes: sum; largest number
 *   vec_swap vec_twice                     each pair of lanes turned round; low or high half of v, each lane twice
 *   vec_clamp vec_ln2s vec_scale           see simd_exp.h, which makes vec_exp of them
 *   vec_turn                               see simd_sincos.h
 *   vec_f16 vec_bf16_even vec_bf16_odd     halfs at p; 16-bit columns (c, c + LANES) that stand in pairs at p
 *   vec_float8                             vector v of a row of 2 (NEON: 4) whose columns of 8 bits, c and half a row
 *                                          further, stand in pairs at p: e5m2, or a 256th of e4m3, and of its NaN 480
 *
 * A new tier is this one header, its flags in CMakeLists.txt, its bundle in assay.h and its row in core/cpu.c. */
#ifndef ASSAY_ISA_SIMD_H
#define ASSAY_ISA_SIMD_H

#define SIMD_TEXT_(t)    #t
#define SIMD_TEXT(t)     SIMD_TEXT_(t)
#define SIMD_JOIN_(a, b) a##b
#define SIMD_JOIN(a, b)  SIMD_JOIN_(a, b)
#define SIMD_NAME(stem)  SIMD_JOIN(SIMD_JOIN(stem, _), ASSAY_TIER) /* add_avx2 for add */
#define SIMD_FILE(stem)  SIMD_TEXT(SIMD_NAME(stem).h)              /* "decode_avx2.h" for decode */
#define SIMD_OWN(name)   SIMD_JOIN(ASSAY_TIER, _##name)            /* avx2_decode for decode */
#include SIMD_FILE(simd)
#include "simd_exp.h"

/* SIMD_KERNEL(add) = { .op = "add", .name = SIMD_TIER, .isa = SIMD_ISA, ... };  defines assay_add_avx2, named "avx2" */
#define SIMD_KERNEL(stem) const assay_kernel SIMD_NAME(assay_##stem)
#define SIMD_TIER         SIMD_TEXT(ASSAY_TIER)
#define SIMD_ISA          SIMD_JOIN(ASSAY_ISA_, ASSAY_TIER)

/* What most kernels promise, and the members that kernels of f32 by rows share */
#define SIMD_PROMISES (ASSAY_INPLACE | ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT)
#define SIMD_ROWS     .name = SIMD_TIER, .isa = SIMD_ISA, .types = simd_f32, .run = run

/* A vector of a row that has `left` numbers from x on, left > 0: all lanes, or the first of them */
static inline vec vec_load_rest(const float *x, int64_t left)
{
    return left < LANES ? vec_load_n(x, left) : vec_load(x);
}
static inline void vec_store_rest(float *y, vec v, int64_t left)
{
    if (left < LANES)
        vec_store_n(y, v, left);
    else
        vec_store(y, v);
}

static const assay_typeset simd_f32[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)),
                                          ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)),
                                          ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)) };

/* Phi(-t), t = |x|, the normal distribution's tail, erfc(t / sqrt 2) / 2, within 5.4 u where it is a normal number:
 * e^(-t^2/2) times a polynomial in (t - 4)/(t + 4), minimax (0.25 u).  Beyond 20 both factors stay as they are: 0.  t^2
 * is taken in two parts, for half of its rounding would be the exponential's error: up to 60 u. */
static inline vec vec_gauss_tail(vec x)
{
    static const float c[] = { -0x1.14602ap-14f, -0x1.6229aep-13f, 0x1.58d958p-11f, 0x1.07d5cep-11f, -0x1.1674920p-7f,
                               0x1.f9b2acp-6f,   -0x1.25b5fep-4f,  0x1.fd750ep-4f,  -0x1.5cf97ep-3f, 0x1.82b4bcp-4f };
    const vec t = vec_abs(vec_max(vec_minus_abs(x), vec_set(-20.0f))), four = vec_set(4.0f);
    const vec s = vec_div(vec_sub(t, four), vec_add(t, four)), square = vec_mul(t, t), lost = vec_fms(t, t, square);
    const vec e = vec_exp(vec_mul(square, vec_set(-0.5f)));
    vec p = vec_set(c[0]);
    for (int i = 1; i < 10; i++)
        p = vec_fma(p, s, vec_set(c[i]));
    return vec_mul(p, vec_fma(vec_mul(e, vec_set(-0.5f)), lost, e));
}
/* x Phi(x), right in the far tail, too; x/2 (1 + tanh v) as x / (1 + e^-2v) */
static inline vec vec_gelu(vec x)
{
    const vec tail = vec_gauss_tail(x);
    return vec_mul(x, vec_pick(vec_negative(x), tail, vec_sub(vec_set(1), tail)));
}
static inline vec vec_gelu_tanh(vec x)
{
    const vec cubic = vec_fma(vec_mul(x, x), vec_set(0.044715f), vec_set(1));
    return vec_sigmoid_of(vec_mul(vec_mul(x, vec_set(1.5957691216f)), cubic), x);
}
#endif
