/* SPDX-License-Identifier: MIT
 * NEON: the primitives of its kernels as array functions, for `assay primitives`. */
#include "../../reference/core/primitive.h"
#include "../isa/decode_neon.h"
#include "../isa/encode_neon.h"
#include "../isa/neon_sincos.h"

static void run_exp(const void *x, void *y, int64_t n)
{
    for (int64_t i = 0; i < n; i += 4)
        vst1q_f32((float *)y + i, neon_exp(vld1q_f32((const float *)x + i)));
}
static inline void sincos_of(float p, const float *x, float *y, int64_t n, int cosine)
{
    float32x4_t sc[2];
    for (int64_t i = 0; i < n; i += 4) {
        neon_sincos(p, vld1q_f32(x + i), &sc[0], &sc[1]);
        vst1q_f32(y + i, sc[cosine]);
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
static void run_reciprocal(const void *x, void *y, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        ((float *)y)[i] = neon_inverse(((const float *)x)[i]);
}
static void run_f32_to_f16(const void *x, void *y, int64_t n)
{
    neon_encode_f16(y, x, n);
}
static void run_f32_to_bf16(const void *x, void *y, int64_t n)
{
    neon_encode_bf16(y, x, n);
}
static void run_f16_to_f32(const void *x, void *y, int64_t n)
{
    neon_decode(y, x, ASSAY_f16, n);
}
static void run_bf16_to_f32(const void *x, void *y, int64_t n)
{
    neon_decode(y, x, ASSAY_bf16, n);
}

#define ROW(what, u)                                                                                                   \
    const assay_primitive assay_primitive_##what##_neon = { #what, "neon", ASSAY_ISA_neon, run_##what, u }
ROW(exp, 1.3f);
ROW(sin, 2.1f);
ROW(cos, 2.1f);
ROW(sin_4097, 2.1f);
ROW(cos_4097, 2.1f);
ROW(reciprocal, 1);
ROW(f32_to_f16, 0);
ROW(f32_to_bf16, 0);
ROW(f16_to_f32, 0);
ROW(bf16_to_f32, 0);
