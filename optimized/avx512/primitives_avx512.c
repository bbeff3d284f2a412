/* SPDX-License-Identifier: MIT
 * AVX-512: the primitives of its kernels as array functions, for `assay primitives`. */
#include "../../reference/core/primitive.h"
#include "../isa/decode_avx512.h"
#include "../isa/encode_avx512.h"
#include "../isa/x86_sincos.h"

static void run_exp(const void *x, void *y, int64_t n)
{
    for (int64_t i = 0; i < n; i += 16)
        _mm512_storeu_ps((float *)y + i, avx512_exp(_mm512_loadu_ps((const float *)x + i)));
}
static inline void sincos_of(float p, const float *x, float *y, int64_t n, int cosine)
{
    __m512 sc[2];
    unsigned far;
    for (int64_t i = 0; i < n; i += 16) {
        avx512_sincos(_mm512_set1_ps(p), _mm512_loadu_ps(x + i), &sc[0], &sc[1], &far);
        _mm512_storeu_ps(y + i, sc[cosine]);
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
static void run_f32_to_f16(const void *x, void *y, int64_t n)
{
    avx512_encode_f16(y, x, n);
}
static void run_f32_to_bf16(const void *x, void *y, int64_t n)
{
    avx512_encode_bf16(y, x, n);
}
static void run_f16_to_f32(const void *x, void *y, int64_t n)
{
    avx512_decode(y, x, ASSAY_f16, n);
}
static void run_bf16_to_f32(const void *x, void *y, int64_t n)
{
    avx512_decode(y, x, ASSAY_bf16, n);
}

#define ROW(what, u)                                                                                                   \
    const assay_primitive assay_primitive_##what##_avx512 = { #what, "avx512", ASSAY_ISA_avx512, run_##what, u }
ROW(exp, 1.3f);
ROW(sin, 2.1f);
ROW(cos, 2.1f);
ROW(sin_4097, 2.1f);
ROW(cos_4097, 2.1f);
ROW(f32_to_f16, 0);
ROW(f32_to_bf16, 0);
ROW(f16_to_f32, 0);
ROW(bf16_to_f32, 0);
