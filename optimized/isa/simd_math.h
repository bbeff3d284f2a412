/* SPDX-License-Identifier: MIT
 * simd_math.h - functions that keep the digits of small results; simd_<tier>.h comes first.  NaN stays.
 * `assay primitives` holds them to what they promise. */
#ifndef ASSAY_ISA_SIMD_MATH_H
#define ASSAY_ISA_SIMD_MATH_H
#include "simd_exp.h"

/* Within 2.65 u: odd polynomial below 0.6, 1 - 2 / (e^2x + 1) above */
static inline vec vec_tanh(vec x)
{
    const vec a = vec_abs(x), z = vec_mul(x, x);
    vec p = vec_fma(vec_set(-0x1.825858p-8f), z, vec_set(0x1.54b8a0p-6f));
    p = vec_fma(p, z, vec_set(-0x1.b898dep-5f));
    p = vec_fma(p, z, vec_set(0x1.1109aep-3f));
    p = vec_fma(p, z, vec_set(-0x1.55553ep-2f));
    p = vec_fma(vec_mul(p, z), x, x);
    const vec far = vec_sub(vec_set(1), vec_div(vec_set(2), vec_add(vec_exp(vec_add(a, a)), vec_set(1))));
    const vec signed_far = vec_pick(vec_negative(x), vec_sub(vec_zero(), far), far);
    return vec_pick(vec_negative(vec_sub(a, vec_set(0.6f))), p, signed_far);
}

/* ln(1 + e), 0 <= e <= 1, within 2.3 u: e + e^2 times a minimax polynomial (0.09 u) */
static inline vec vec_log1p(vec e)
{
    static const float c[] = { -0x1.b2f582p-9f, 0x1.4b0830p-6f,  -0x1.d8631cp-5f, 0x1.b579bep-4f, -0x1.3a7a80p-3f,
                               0x1.935c9ep-3f,  -0x1.ff26e0p-3f, 0x1.554df0p-2f,  -0x1.ffffd2p-2f };
    vec p = vec_set(c[0]);
    for (int i = 1; i < 9; i++)
        p = vec_fma(p, e, vec_set(c[i]));
    return vec_fma(vec_mul(e, e), p, e);
}

/* e^x - 1, x <= 0, within 1.6 u: as in vec_exp, but e^r - 1 = r + r^2 times a minimax polynomial (0.22 u), then
 * 2^n (e^r - 1) + (2^n - 1).  Above 0 it is something, for lanes that are not used. */
static inline vec vec_expm1(vec x)
{
    static const float c[] = { 0x1.6bebecp-10f, 0x1.122818p-7f, 0x1.555674p-5f, 0x1.5554b0p-3f, 0x1.fffffep-2f };
    vec n, p = vec_set(c[0]);
    x = vec_clamp(x, -104.0f, 89.0f);
    const vec by = vec_ln2s(x, &n), r = vec_fnma(n, vec_set(-0x1.05c610p-29f), vec_fnma(n, vec_set(0x1.62e430p-1f), x));
    for (int i = 1; i < 5; i++)
        p = vec_fma(p, r, vec_set(c[i]));
    const vec power = vec_scale(vec_set(1), by), rest = vec_fma(vec_mul(r, r), p, r);
    return vec_fma(power, rest, vec_sub(power, vec_set(1)));
}
#endif
