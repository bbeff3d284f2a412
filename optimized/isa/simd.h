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
 *   vec_abs vec_minus_abs                  |a|, -|a|
 *   vec_eq vec_unordered vec_negative      masks: a = b; a or b is NaN; a < 0 (a zero or NaN may be either)
 *   vec_either vec_any vec_none            of masks: or; is there a yes; all no
 *   vec_pick vec_first_n                   yes or no by the mask; lanes below n of a, the others of b
 *   vec_all_within                         |a| <= limit in every lane (a NaN is not)
 *   vec_sum vec_top                        over the lanes: sum; largest number
 *   vec_swap vec_twice                     each pair of lanes turned round; low or high half of v, each lane twice
 *   vec_exp                                e^a within 1.3 u; its comment says more
 *   vec_turn                               see simd_sincos.h
 *   vec_f16 vec_bf16_even vec_bf16_odd     halfs at p; 16-bit columns (c, c + LANES) that stand in pairs at p
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

/* SIMD_KERNEL(add) = { .op = "add", .name = SIMD_TIER, .isa = SIMD_ISA, ... };  defines assay_add_avx2, named "avx2" */
#define SIMD_KERNEL(stem) const assay_kernel SIMD_NAME(assay_##stem)
#define SIMD_TIER         SIMD_TEXT(ASSAY_TIER)
#define SIMD_ISA          SIMD_JOIN(ASSAY_ISA_, ASSAY_TIER)

static const assay_typeset simd_f32[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)),
                                          ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)) };

/* x / (1 + e^-x): one exponential of -|x|, which cannot overflow, and one division */
static inline vec vec_silu(vec x)
{
    const vec e = vec_exp(vec_minus_abs(x));
    return vec_div(vec_pick(vec_negative(x), vec_mul(x, e), x), vec_add(vec_set(1.0f), e));
}
#endif
