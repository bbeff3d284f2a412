/* SPDX-License-Identifier: MIT
 * The vector functions of simd.h as array functions, for `assay primitives`; optimized/primitives.def lists them.  What
 * is promised of each stands here, once for all tiers. */
#include "../isa/primitive.h"
#include "../isa/simd_math.h"
#include "../isa/simd_sincos.h"

static void run_exp(const void *x, void *y, int64_t n)
{
    for (int64_t i = 0; i < n; i += LANES)
        vec_store((float *)y + i, vec_exp(vec_load((const float *)x + i)));
}
static void run_expm1(const void *x, void *y, int64_t n)
{
    for (int64_t i = 0; i < n; i += LANES)
        vec_store((float *)y + i, vec_expm1(vec_minus_abs(vec_load((const float *)x + i))));
}
static void run_log1p(const void *x, void *y, int64_t n)
{
    for (int64_t i = 0; i < n; i += LANES)
        vec_store((float *)y + i, vec_log1p(vec_abs(vec_load((const float *)x + i))));
}
static void run_tanh(const void *x, void *y, int64_t n)
{
    for (int64_t i = 0; i < n; i += LANES)
        vec_store((float *)y + i, vec_tanh(vec_load((const float *)x + i)));
}
static void run_gauss_tail(const void *x, void *y, int64_t n)
{
    for (int64_t i = 0; i < n; i += LANES)
        vec_store((float *)y + i, vec_gauss_tail(vec_load((const float *)x + i)));
}
static inline void sincos_of(float p, const float *x, float *y, int64_t n, int cosine)
{
    vec sc[2];
    for (int64_t i = 0; i < n; i += LANES) {
        vec_sincos(vec_set(p), vec_load(x + i), &sc[0], &sc[1]);
        vec_store(y + i, sc[cosine]);
    }
}
static void run_sin(const void *x, void *y, int64_t n)
{
    sincos_of(1, x, y, n, 0);
}
static void run_cos(const void *x, void *y, int64_t n)
{
    sincos_of(1, x, y, n, 1);
}
static void run_sin_4097(const void *x, void *y, int64_t n)
{
    sincos_of(4097, x, y, n, 0);
}
static void run_cos_4097(const void *x, void *y, int64_t n)
{
    sincos_of(4097, x, y, n, 1);
}

PRIMITIVE_OF(exp, run_exp, 1.3f);
PRIMITIVE_OF(expm1, run_expm1, 1.6f);
PRIMITIVE_OF(log1p, run_log1p, 2.3f);
PRIMITIVE_OF(tanh, run_tanh, 2.65f);
PRIMITIVE_OF(gauss_tail, run_gauss_tail, 6);
PRIMITIVE_OF(sin, run_sin, 2.1f);
PRIMITIVE_OF(cos, run_cos, 2.1f);
PRIMITIVE_OF(sin_4097, run_sin_4097, 2.1f);
PRIMITIVE_OF(cos_4097, run_cos_4097, 2.1f);
