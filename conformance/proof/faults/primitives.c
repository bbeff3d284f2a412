/* SPDX-License-Identifier: MIT
 * Vector primitives that are wrong on purpose, written as scalar code, and legal ones.  exp and sine are the kernels'
 * own algorithms (optimized/isa/x86.h, sincos.h) with one thing changed. */
#include "../../primitives/primitives.h"
#include "../../../reference/core/dtype.h"
#include "../../../optimized/isa/sincos.h"
#include <math.h>
#include <string.h>

enum { RIGHT, LIBM, THIRD_DIGIT, LAST_DIGIT, NO_LOW_PART, NO_SUBNORMALS, EARLY_INF, NAN_LOST, POWER_ONE_STEP };

static float exp_of(float x, int mode)
{
    if (mode == LIBM)
        return expf(x);
    if (mode == NAN_LOST) /* max(-104, x) with the operands the other way round returns the number */
        x = x > -104.0f ? x : -104.0f;
    x = x < -104.0f ? -104.0f : x > 89.0f ? 89.0f : x;
    if (mode == NO_SUBNORMALS && x < -87.33654f)
        return 0;
    if (mode == EARLY_INF && x > 88.0f)
        return INFINITY;
    if (isnan(x))
        return x;
    const float n = rintf(x * 0x1.715476p+0f);
    float r = fmaf(n, -0x1.62e430p-1f, x);
    r = mode == NO_LOW_PART ? r : fmaf(n, 0x1.05c610p-29f, r);
    float p = fmaf(0x1.6a2434p-10f, r, mode == THIRD_DIGIT ? 0x1.1149e2p-7f : 0x1.1239e2p-7f);
    p = fmaf(p, r, 0x1.5558f2p-5f);
    p = fmaf(p, r, mode == LAST_DIGIT ? 0x1.5554b2p-3f : 0x1.555492p-3f);
    p = fmaf(p, r, 0x1.fffffcp-2f);
    p = fmaf(p, r, 1.0f);
    p = fmaf(p, r, 1.0f);
    if (mode == POWER_ONE_STEP) /* 2^n as one float: above 2^127 and below 2^-126 there is none */
        return n > 127 ? INFINITY : n < -126 ? 0 : p * ldexpf(1, (int)n);
    const int low = (int)n >> 1;
    return p * ldexpf(1, low) * ldexpf(1, (int)n - low);
}

static float tanh_of(float x, int mode)
{
    const float a = fabsf(x), z = x * x;
    if (mode == LIBM)
        return tanhf(x);
    if (mode == NO_LOW_PART || a >= 0.6f) { /* without the polynomial, small results cancel */
        const float far = 1 - 2 / (exp_of(a + a, RIGHT) + 1);
        return x < 0 ? -far : far;
    }
    float p = fmaf(-0x1.825858p-8f, z, 0x1.54b8a0p-6f);
    p = fmaf(p, z, -0x1.b898dep-5f);
    p = fmaf(p, z, mode == THIRD_DIGIT ? 0x1.1119aep-3f : 0x1.1109aep-3f);
    p = fmaf(p, z, -0x1.55553ep-2f);
    return fmaf(p * z, x, x);
}

static float sin_of(float x, int mode)
{
    if (mode == LIBM)
        return sinf(x);
    if (!(fabsf(x) <= SINCOS_FAR))
        return NAN;
    const float m = fmaf(x, SINCOS_2_PI, SINCOS_MAGIC), k = m - SINCOS_MAGIC;
    uint32_t q;
    memcpy(&q, &m, sizeof q);
    float r = fmaf(k, -SINCOS_PI_2A, x);
    if (mode != NO_LOW_PART)
        r = fmaf(k, -SINCOS_PI_2B, r);
    const float z = r * r;
    float s = fmaf(z, SINCOS_S2, SINCOS_S1), c = fmaf(z, SINCOS_C2, SINCOS_C1);
    s = fmaf(s, z, mode == THIRD_DIGIT ? -0x1.555746p-3f : SINCOS_S0);
    s = fmaf(s * z, r, r);
    c = fmaf(fmaf(c, z, SINCOS_C0) * z, z, fmaf(z, -0.5f, 1.0f));
    const float v = q & 1 ? c : s;
    return (mode == LAST_DIGIT ? q & 1 : q & 2) ? -v : v; /* LAST_DIGIT: the wrong bit of the quadrant */
}

static float map_f32(float (*f)(float, int), float x, int mode)
{
    return f(x, mode);
}

#define F32(what, of, mode)                                                                                            \
    static void what##_##mode(const void *x, void *y, int64_t n)                                                       \
    {                                                                                                                  \
        for (int64_t i = 0; i < n; i++)                                                                                \
            ((float *)y)[i] = map_f32(of, ((const float *)x)[i], mode);                                                \
    }
F32(exp, exp_of, RIGHT)
F32(exp, exp_of, LIBM)
F32(exp, exp_of, THIRD_DIGIT)
F32(exp, exp_of, LAST_DIGIT)
F32(exp, exp_of, NO_LOW_PART)
F32(exp, exp_of, NO_SUBNORMALS)
F32(exp, exp_of, EARLY_INF)
F32(exp, exp_of, NAN_LOST)
F32(exp, exp_of, POWER_ONE_STEP)
F32(tanh, tanh_of, RIGHT)
F32(tanh, tanh_of, LIBM)
F32(tanh, tanh_of, THIRD_DIGIT)
F32(tanh, tanh_of, NO_LOW_PART)
F32(sin, sin_of, RIGHT)
F32(sin, sin_of, LIBM)
F32(sin, sin_of, THIRD_DIGIT)
F32(sin, sin_of, LAST_DIGIT)
F32(sin, sin_of, NO_LOW_PART)

/* ---- conversions: u are the bits of the float ------------------------------------------------------------------ */

enum { TIES_AWAY = 20, TRUNCATE, NAN_TO_INF, FLUSH, SATURATE, TWICE };

static uint16_t bf16_of(uint32_t u, int mode)
{
    const bool nan = (u & 0x7fffffff) > 0x7f800000;
    if (nan && mode != NAN_TO_INF)
        return (uint16_t)(u >> 16 | 0x40);
    if (mode == TRUNCATE || mode == NAN_TO_INF)
        return (uint16_t)(u >> 16); /* a NaN whose payload lies in the low half becomes infinite */
    if (mode == FLUSH && !(u & 0x7f800000))
        return (uint16_t)(u >> 16 & 0x8000);
    return (uint16_t)((u + (mode == TIES_AWAY ? 0x8000 : 0x7fff + (u >> 16 & 1))) >> 16);
}

static uint16_t f16_of(uint32_t u, int mode)
{
    float x;
    memcpy(&x, &u, sizeof x);
    const uint16_t right = assay_f16_from_f32(x), sign = (uint16_t)(u >> 16 & 0x8000);
    const uint32_t size = u & 0x7fffffff;
    if (mode == FLUSH && size < 0x38800000)
        return sign;
    if (mode == SATURATE && size < 0x7f800000 && (right & 0x7fff) == 0x7c00)
        return (uint16_t)(sign | 0x7bff);
    if (mode == TIES_AWAY && size >= 0x38800000 && size < 0x477ff000 && (u & 0x1fff) == 0x1000)
        return (uint16_t)(sign | ((size - 0x38000000 + 0x1000) >> 13));
    if (mode == TRUNCATE && size >= 0x38800000 && size < 0x477ff000)
        return (uint16_t)(sign | ((size - 0x38000000) >> 13));
    if (mode == TWICE && size < 0x7f800000) { /* by way of 13 bits: what lay above a tie is rounded onto it */
        u = (u + 0x1ff + (u >> 10 & 1)) & ~UINT32_C(0x3ff);
        memcpy(&x, &u, sizeof x);
        return assay_f16_from_f32(x);
    }
    return right;
}

static float from_f16(uint16_t h, int mode)
{
    return mode == FLUSH && !(h & 0x7c00) ? (h & 0x8000 ? -0.0f : 0.0f) : assay_f16_to_f32(h);
}

#define FROM_F32(what, of, mode)                                                                                       \
    static void what##_##mode(const void *x, void *y, int64_t n)                                                       \
    {                                                                                                                  \
        for (int64_t i = 0; i < n; i++)                                                                                \
            ((uint16_t *)y)[i] = of(((const uint32_t *)x)[i], mode);                                                   \
    }
FROM_F32(bf16, bf16_of, RIGHT)
FROM_F32(bf16, bf16_of, TIES_AWAY)
FROM_F32(bf16, bf16_of, TRUNCATE)
FROM_F32(bf16, bf16_of, NAN_TO_INF)
FROM_F32(bf16, bf16_of, FLUSH)
FROM_F32(f16, f16_of, RIGHT)
FROM_F32(f16, f16_of, TIES_AWAY)
FROM_F32(f16, f16_of, TRUNCATE)
FROM_F32(f16, f16_of, FLUSH)
FROM_F32(f16, f16_of, SATURATE)
FROM_F32(f16, f16_of, TWICE)

static void widen_FLUSH(const void *x, void *y, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        ((float *)y)[i] = from_f16(((const uint16_t *)x)[i], FLUSH);
}
static void widen_RIGHT(const void *x, void *y, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        ((float *)y)[i] = from_f16(((const uint16_t *)x)[i], RIGHT);
}

#define BAD(what, function, u, title, source)                                                                          \
    {                                                                                                                  \
        ASSAY_FAULT, { what, "scalar", 0, function, u }, title, source                                                 \
    }
#define GOOD(what, function, u, title, source)                                                                         \
    {                                                                                                                  \
        ASSAY_LEGAL, { what, "scalar", 0, function, u }, title, source                                                 \
    }
static const assay_primitive_fault table[] = {
    BAD("exp", exp_THIRD_DIGIT, 1.3f, "exp-coefficient-third-digit", "polynomial: 0x1.1149e2 for 0x1.1239e2"),
    BAD("exp", exp_LAST_DIGIT, 1.3f, "exp-coefficient-fifth-digit", "polynomial: 0x1.5554b2 for 0x1.555492"),
    BAD("exp", exp_NO_LOW_PART, 1.3f, "exp-ln2-in-one-part", "argument reduction"),
    BAD("exp", exp_NO_SUBNORMALS, 1.3f, "exp-subnormals-are-zero", "slip: range cut short"),
    BAD("exp", exp_EARLY_INF, 1.3f, "exp-infinite-above-88", "slip: range cut short"),
    BAD("exp", exp_NAN_LOST, 1.3f, "exp-nan-lost", "max with its operands swapped"),
    BAD("exp", exp_POWER_ONE_STEP, 1.3f, "exp-power-in-one-step", "2^128 and 2^-127 have no float of their own"),
    BAD("tanh", tanh_THIRD_DIGIT, 2.65f, "tanh-coefficient-fourth-digit", "polynomial"),
    BAD("tanh", tanh_NO_LOW_PART, 2.65f, "tanh-by-exp-alone", "cancellation near zero"),
    BAD("sin", sin_THIRD_DIGIT, 2.1f, "sin-coefficient-fourth-digit", "polynomial"),
    BAD("sin", sin_LAST_DIGIT, 2.1f, "sin-wrong-quadrant-bit", "quadrants"),
    BAD("sin", sin_NO_LOW_PART, 2.1f, "sin-pi-in-one-part", "argument reduction"),
    BAD("f32_to_bf16", bf16_TIES_AWAY, 0, "bf16-ties-away", "slip: rounding at ties"),
    BAD("f32_to_bf16", bf16_TRUNCATE, 0, "bf16-truncated", "slip: truncation for rounding"),
    BAD("f32_to_bf16", bf16_NAN_TO_INF, 0, "bf16-nan-to-infinity", "slip: payload in the low half"),
    BAD("f32_to_bf16", bf16_FLUSH, 0, "bf16-subnormals-flushed", "slip: subnormals"),
    BAD("f32_to_f16", f16_TIES_AWAY, 0, "f16-ties-away", "slip: rounding at ties"),
    BAD("f32_to_f16", f16_TRUNCATE, 0, "f16-truncated", "slip: truncation for rounding"),
    BAD("f32_to_f16", f16_FLUSH, 0, "f16-subnormals-flushed", "slip: subnormals"),
    BAD("f32_to_f16", f16_SATURATE, 0, "f16-saturates", "slip: largest number for infinity"),
    BAD("f32_to_f16", f16_TWICE, 0, "f16-rounded-twice", "slip: double rounding"),
    BAD("f16_to_f32", widen_FLUSH, 0, "f16-to-f32-subnormals-flushed", "slip: subnormals"),
    GOOD("exp", exp_RIGHT, 1.3f, "exp-scalar", "legal: the kernels' algorithm in scalar code"),
    GOOD("exp", exp_LIBM, 0, "exp-libm", "legal: expf"),
    GOOD("tanh", tanh_RIGHT, 2.65f, "tanh-scalar", "legal: the kernels' algorithm in scalar code"),
    GOOD("tanh", tanh_LIBM, 0, "tanh-libm", "legal: tanhf"),
    GOOD("sin", sin_RIGHT, 2.1f, "sin-scalar", "legal: the kernels' algorithm in scalar code"),
    GOOD("sin", sin_LIBM, 0, "sin-libm", "legal: sinf"),
    GOOD("f32_to_bf16", bf16_RIGHT, 0, "bf16-scalar", "legal: integer rounding"),
    GOOD("f32_to_f16", f16_RIGHT, 0, "f16-scalar", "legal: the definition"),
    GOOD("f16_to_f32", widen_RIGHT, 0, "f16-to-f32-scalar", "legal: the definition"),
};

const assay_primitive_fault *assay_primitive_fault_at(size_t i)
{
    return i < ASSAY_COUNT_OF(table) ? &table[i] : NULL;
}
