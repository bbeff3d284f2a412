/* SPDX-License-Identifier: MIT
 * The conversions and the inverse that the encoders of a tier use, as array functions: see primitives.c. */
#include "../isa/decode.h"
#include "../isa/encode.h"
#include "../isa/primitive.h"

static void run_reciprocal(const void *x, void *y, int64_t n)
{
    SIMD_OWN(inverses)(y, x, n);
}
static void run_f32_to_f16(const void *x, void *y, int64_t n)
{
    ENCODE(f16)(y, x, n);
}
static void run_f32_to_bf16(const void *x, void *y, int64_t n)
{
    ENCODE(bf16)(y, x, n);
}
static void run_f16_to_f32(const void *x, void *y, int64_t n)
{
    row_decode(y, x, ASSAY_f16, n);
}
static void run_bf16_to_f32(const void *x, void *y, int64_t n)
{
    row_decode(y, x, ASSAY_bf16, n);
}

PRIMITIVE_OF(reciprocal, run_reciprocal, 1);
PRIMITIVE_OF(f32_to_f16, run_f32_to_f16, 0);
PRIMITIVE_OF(f32_to_bf16, run_f32_to_bf16, 0);
PRIMITIVE_OF(f16_to_f32, run_f16_to_f32, 0);
PRIMITIVE_OF(bf16_to_f32, run_bf16_to_f32, 0);
