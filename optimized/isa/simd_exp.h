/* SPDX-License-Identifier: MIT
 * simd_exp.h - the exponential of every tier, and what is made of it; simd_<tier>.h comes first, and brings
 *
 *   vec_clamp     a held to low <= a <= high; a NaN stays
 *   vec_ln2s      *n: how many ln 2 are in a, a whole number; returns what vec_scale takes for it
 *   vec_scale     p 2^n, rounded once; by a NaN: NaN where p is */
#ifndef ASSAY_ISA_SIMD_EXP_H
#define ASSAY_ISA_SIMD_EXP_H

/* e^x within 1.3 u over all of f32: subnormal results are rounded once, below 2^-150 it is 0, above FLT_MAX infinity,
 * -inf gives 0, NaN stays.  x = n ln 2 + r, |r| <= ln 2 / 2; e^r by a minimax polynomial of degree 6 (0.05 u). */
static inline vec vec_exp(vec x)
{
    vec n;
    x = vec_clamp(x, -104.0f, 89.0f);
    const vec by = vec_ln2s(x, &n), r = vec_fnma(n, vec_set(-0x1.05c610p-29f), vec_fnma(n, vec_set(0x1.62e430p-1f), x));
    vec p = vec_fma(vec_set(0x1.6a2434p-10f), r, vec_set(0x1.1239e2p-7f));
    p = vec_fma(p, r, vec_set(0x1.5558f2p-5f));
    p = vec_fma(p, r, vec_set(0x1.555492p-3f));
    p = vec_fma(p, r, vec_set(0x1.fffffcp-2f));
    p = vec_fma(p, r, vec_set(1.0f));
    p = vec_fma(p, r, vec_set(1.0f));
    return vec_scale(p, by);
}

/* x / (1 + e^-v): one exponential of -|v|, which cannot overflow, and one division */
static inline vec vec_sigmoid_of(vec v, vec x)
{
    const vec e = vec_exp(vec_minus_abs(v));
    return vec_div(vec_pick(vec_negative(v), vec_mul(x, e), x), vec_add(vec_set(1.0f), e));
}
static inline vec vec_silu(vec x)
{
    return vec_sigmoid_of(x, x);
}
#endif
