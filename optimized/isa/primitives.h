/* SPDX-License-Identifier: MIT
 * primitives.h - the primitives of a tier as array functions, for `assay primitives`; optimized/primitives.def lists
 * them.  The including file names its tier, includes that tier's encode and decode, and defines, all for n inputs,
 *   exp_of(x, y, n)
 *   sincos_of(p, x, y, n, cosine): sine or cosine of p x
 *   inverse_of(x, y, n), only where a kernel of the tier divides once and multiplies (quantize): HAS_INVERSE 1, else 0
 * What is promised of each stands here, once for all tiers. */
#ifndef ASSAY_ISA_PRIMITIVES_H
#define ASSAY_ISA_PRIMITIVES_H
#include "../../reference/core/primitive.h"

#define JOIN_(a, b) a##b
#define JOIN(a, b)  JOIN_(a, b)
#define TEXT_(t)    #t
#define TEXT(t)     TEXT_(t)
#define OF_TIER(f)  JOIN(TIER, f) /* avx2_decode for _decode */

static void run_exp(const void *x, void *y, int64_t n)
{
    exp_of(x, y, n);
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
    OF_TIER(_encode_f16)(y, x, n);
}
static void run_f32_to_bf16(const void *x, void *y, int64_t n)
{
    OF_TIER(_encode_bf16)(y, x, n);
}
static void run_f16_to_f32(const void *x, void *y, int64_t n)
{
    OF_TIER(_decode)(y, x, ASSAY_f16, n);
}
static void run_bf16_to_f32(const void *x, void *y, int64_t n)
{
    OF_TIER(_decode)(y, x, ASSAY_bf16, n);
}
#if HAS_INVERSE
static void run_reciprocal(const void *x, void *y, int64_t n)
{
    inverse_of(x, y, n);
}
#endif

#define PROMISE(what, u)                                                                                               \
    const assay_primitive JOIN(assay_primitive_##what##_, TIER) = { #what, TEXT(TIER), JOIN(ASSAY_ISA_, TIER),         \
                                                                    run_##what, u }
PROMISE(exp, 1.3f);
PROMISE(sin, 2.1f);
PROMISE(cos, 2.1f);
PROMISE(sin_4097, 2.1f);
PROMISE(cos_4097, 2.1f);
#if HAS_INVERSE
PROMISE(reciprocal, 1);
#endif
PROMISE(f32_to_f16, 0);
PROMISE(f32_to_bf16, 0);
PROMISE(f16_to_f32, 0);
PROMISE(bf16_to_f32, 0);
#endif
