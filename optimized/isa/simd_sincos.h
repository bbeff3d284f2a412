/* SPDX-License-Identifier: MIT
 * simd_sincos.h - sine and cosine of p f in every lane; sincos.h says how.
 * vec_turn(m, s, c, &sine, &cosine) of a tier: m is SINCOS_MAGIC + k, s and c are those of r; what r + k pi/2 has. */
#ifndef ASSAY_ISA_SIMD_SINCOS_H
#define ASSAY_ISA_SIMD_SINCOS_H
#include "simd.h"
#include "sincos.h"
#include <math.h>

/* False if any lane's angle is beyond SINCOS_FAR (or NaN): then no lane is to be used. */
static inline bool vec_sincos(vec p, vec f, vec *sine, vec *cosine)
{
    const vec hi = vec_mul(p, f), lo = vec_fms(p, f, hi), magic = vec_set(SINCOS_MAGIC);
    const vec m = vec_fma(hi, vec_set(SINCOS_2_PI), magic), k = vec_sub(m, magic);
    vec r = vec_fnma(k, vec_set(SINCOS_PI_2A), hi);
    r = vec_add(vec_fnma(k, vec_set(SINCOS_PI_2B), r), lo);
    const vec z = vec_mul(r, r);
    vec s = vec_fma(z, vec_set(SINCOS_S2), vec_set(SINCOS_S1));
    s = vec_fma(s, z, vec_set(SINCOS_S0));
    s = vec_fma(vec_mul(s, z), r, r);
    vec c = vec_fma(z, vec_set(SINCOS_C2), vec_set(SINCOS_C1));
    c = vec_fma(c, z, vec_set(SINCOS_C0));
    c = vec_fma(vec_mul(c, z), z, vec_fma(z, vec_set(-0.5f), vec_set(1.0f)));
    vec_turn(m, s, c, sine, cosine);
    return vec_all_within(hi, SINCOS_FAR);
}

/* Of n <= LANES angles p * f[0 .. n), however far: beyond SINCOS_FAR by libm in double. */
static inline void vec_angles(vec p, const float *f, int64_t n, vec *sine, vec *cosine)
{
    if (!vec_sincos(p, vec_load_n(f, n), sine, cosine)) {
        float s[LANES] = { 0 }, c[LANES] = { 0 }, at[LANES];
        vec_store(at, p);
        for (int64_t i = 0; i < n; i++)
            s[i] = (float)sin((double)at[i] * (double)f[i]), c[i] = (float)cos((double)at[i] * (double)f[i]);
        *sine = vec_load(s), *cosine = vec_load(c);
    }
}
#endif
