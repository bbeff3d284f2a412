/* SPDX-License-Identifier: MIT
 * dtype.c - plain numbers and the table of all element types.
 * Floats are written with one rounding from double, to nearest, ties to even, overflow to infinity, subnormals kept;
 * a NaN keeps its sign and, in 16 bits, the top of its payload, and is made quiet.  e4m3 (the one without infinities)
 * has a NaN beyond 448, as has ml_dtypes: nothing is saturated (PyTorch 2.15 does so, of this type alone); those named
 * fnuz have it beyond 240 and 57344, and for infinities.  Integers: to nearest, ties to even, clamped to the type's
 * range; a NaN becomes 0. */
#include "dtype.h"
#include "dtype_codecs.h"
#include <math.h>
#include <string.h>

#define SIGN64 (UINT64_C(1) << 63)
#define INF64  (UINT64_C(0x7ff) << 52)

static uint64_t bits_of(double x)
{
    uint64_t b;
    memcpy(&b, &x, sizeof b);
    return b;
}

/* The code of x in a format of 16 bits: sign, 15 - m bits of exponent with this bias, m bits of mantissa. */
static inline uint16_t small_from_f64(double x, int m, int bias)
{
    const uint64_t b = bits_of(x), a = b & ~SIGN64;
    const uint32_t sign = (uint32_t)(b >> 48) & 0x8000u, inf = (0x7fffu >> m) << m;
    if (a > INF64)
        return (uint16_t)(sign | inf | 1u << (m - 1) | (uint32_t)(a >> (52 - m) & ((1u << m) - 1)));
    const int e = (int)(a >> 52) - 1023, low = 1 - bias;
    const int shift = 52 - m + (e < low ? low - e : 0);
    if (shift > 53) /* below half of the smallest subnormal; subnormal doubles too */
        return (uint16_t)sign;
    const uint64_t one = UINT64_C(1) << 52, f = (a & (one - 1)) | one;
    const uint64_t half = UINT64_C(1) << (shift - 1), rest = f & (2 * half - 1);
    uint64_t q = f >> shift;
    q += rest > half || (rest == half && (q & 1));
    /* q holds the hidden bit, so a carry moves into the exponent by itself */
    const int64_t code = (e < low ? 0 : ((int64_t)(e + bias - 1) << m)) + (int64_t)q;
    return (uint16_t)(sign | (code > (int64_t)inf ? inf : (uint32_t)code));
}

/* The code of 8 bits, which is that of 16 with the same mantissa and bias, but that codes end at `beyond`. */
static inline uint8_t eight_from_f64(double x, int m, int bias, unsigned beyond, unsigned nan)
{
    const unsigned code = small_from_f64(x, m, bias), size = code & 0x7fff;
    return (uint8_t)((code >> 8 & 0x80) | (isnan(x) ? nan : size < beyond ? size : beyond));
}

static inline double e4m3_to_f64(uint8_t code)
{
    const int e = code >> 3 & 15, m = code & 7;
    const double size = (code & 0x7f) == 0x7f ? (double)NAN : e ? ldexp(m + 8, e - 10) : ldexp(m, -9);
    return code & 0x80 ? -size : size;
}

/* Codes of 8 bits of the kind that has no infinities, no -0, and one NaN in its place. */
static inline uint8_t fnuz_from_f64(double x, int m, int bias)
{
    const unsigned code = small_from_f64(x, m, bias), size = code & 0x7fff;
    return (uint8_t)(isnan(x) || size > 0x7f ? 0x80 : size ? (code >> 8 & 0x80) | size : 0);
}

static inline double fnuz_to_f64(uint8_t code, int m, int bias)
{
    const int e = code >> m & (0x7f >> m), f = code & ((1 << m) - 1);
    const double size = code == 0x80 ? (double)NAN : e ? ldexp(f + (1 << m), e - bias - m) : ldexp(f, 1 - bias - m);
    return code & 0x80 ? -size : size;
}

/* Values that an f32 holds, and f16 as a normal number: carry and tie in one addition. */
uint16_t assay_f16_from_f32(float x)
{
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    const uint32_t a = u & 0x7fffffffu, even = a + 0xfffu + (a >> 13 & 1);
    if (a - 0x38800000u < 0x477ff000u - 0x38800000u)
        return (uint16_t)((u >> 16 & 0x8000u) | (even - 0x38000000u) >> 13);
    return small_from_f64(x, 10, 15);
}

uint16_t assay_f16_from_f64(double x)
{
    return small_from_f64(x, 10, 15);
}

uint16_t assay_bf16_from_f64(double x)
{
    const float f = (float)x;
    uint32_t u;
    if ((double)f != x)
        return small_from_f64(x, 7, 127);
    memcpy(&u, &f, sizeof u);
    return (uint16_t)((u + 0x7fffu + (u >> 16 & 1)) >> 16);
}

float assay_f16_to_f32(uint16_t h)
{
    const uint32_t sign = (uint32_t)(h & 0x8000u) << 16, e = h >> 10 & 31, m = h & 0x3ffu;
    uint32_t b;
    float f;
    if (e == 0) { /* m * 2^-24 */
        f = (float)m * 0x1p-24f;
        memcpy(&b, &f, sizeof b);
        b |= sign;
    } else {
        b = sign | (e == 31 ? 255u : e + 112u) << 23 | m << 13;
    }
    memcpy(&f, &b, sizeof f);
    return f;
}

double assay_f16_to_f64(uint16_t h)
{
    return assay_f16_to_f32(h);
}

float assay_bf16_to_f32(uint16_t h)
{
    const uint32_t b = (uint32_t)h << 16;
    float f;
    memcpy(&f, &b, sizeof f);
    return f;
}

/* ---- plain numbers in memory of any alignment ---- */

static double rounded(double x, double lo, double hi)
{
    const double r = isnan(x) ? 0 : nearbyint(x);
    return r < lo ? lo : r > hi ? hi : r;
}

enum codec { F32, F64, F16, BF16, E4M3, E5M2, E4M3FNUZ, E5M2FNUZ, I8, I32, I64 };
static const int size_of[] = { 4, 8, 2, 2, 1, 1, 1, 1, 1, 4, 8 };

static inline double load(const void *p, enum codec c)
{
    union {
        float f;
        double d;
        uint16_t h;
        uint8_t u;
        int8_t b;
        int32_t i;
        int64_t l;
    } v;
    memcpy(&v, p, (size_t)size_of[c]);
    switch (c) {
    case F32:
        return (double)v.f;
    case F64:
        return v.d;
    case F16:
        return assay_f16_to_f64(v.h);
    case BF16:
        return (double)assay_bf16_to_f32(v.h);
    case E4M3:
        return e4m3_to_f64(v.u);
    case E5M2: /* the upper half of an f16 */
        return assay_f16_to_f64((uint16_t)(v.u << 8));
    case E4M3FNUZ:
        return fnuz_to_f64(v.u, 3, 8);
    case E5M2FNUZ:
        return fnuz_to_f64(v.u, 2, 16);
    case I8:
        return v.b;
    case I32:
        return v.i;
    default:
        return (double)v.l;
    }
}

static inline void store(void *p, double x, enum codec c)
{
    union {
        float f;
        double d;
        uint16_t h;
        uint8_t u;
        int8_t b;
        int32_t i;
        int64_t l;
    } v;
    switch (c) {
    case F32:
        v.f = (float)x;
        break;
    case F64:
        v.d = x;
        break;
    case F16:
        v.h = assay_f16_from_f64(x);
        break;
    case BF16:
        v.h = assay_bf16_from_f64(x);
        break;
    case E4M3:
        v.u = eight_from_f64(x, 3, 7, 0x7f, 0x7f);
        break;
    case E5M2:
        v.u = eight_from_f64(x, 2, 15, 0x7c, 0x7e);
        break;
    case E4M3FNUZ:
        v.u = fnuz_from_f64(x, 3, 8);
        break;
    case E5M2FNUZ:
        v.u = fnuz_from_f64(x, 2, 16);
        break;
    case I8:
        v.b = (int8_t)rounded(x, -128, 127);
        break;
    case I32:
        v.i = (int32_t)rounded(x, INT32_MIN, INT32_MAX);
        break;
    default:
        v.l = x >= 0x1p63 ? INT64_MAX : (int64_t)rounded(x, -0x1p63, 0x1p63);
        break;
    }
    memcpy(p, &v, (size_t)size_of[c]);
}

static inline void decode(double *dst, const void *src, int64_t n, enum codec c)
{
    for (int64_t i = 0; i < n; i++)
        dst[i] = load((const char *)src + i * size_of[c], c);
}

static inline void encode(void *dst, const double *src, int64_t n, enum codec c)
{
    for (int64_t i = 0; i < n; i++)
        store((char *)dst + i * size_of[c], src[i], c);
}

#define PLAIN(id, c)                                                                                                   \
    void assay_decode_##id(double *dst, const void *src, int64_t n)                                                    \
    {                                                                                                                  \
        decode(dst, src, n, c);                                                                                        \
    }                                                                                                                  \
    void assay_encode_##id(void *dst, const double *src, int64_t n)                                                    \
    {                                                                                                                  \
        encode(dst, src, n, c);                                                                                        \
    }
PLAIN(f32, F32)
PLAIN(f64, F64)
PLAIN(f16, F16)
PLAIN(bf16, BF16)
PLAIN(e4m3, E4M3)
PLAIN(e5m2, E5M2)
PLAIN(e4m3fnuz, E4M3FNUZ)
PLAIN(e5m2fnuz, E5M2FNUZ)
PLAIN(i8, I8)
PLAIN(i32, I32)
PLAIN(i64, I64)

/* Two codes to a byte, the first in the lower half */
void assay_decode_u4(double *dst, const void *src, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        dst[i] = ((const uint8_t *)src)[i / 2] >> i % 2 * 4 & 15;
}
void assay_encode_u4(void *dst, const double *src, int64_t n)
{
    for (int64_t i = 0; i + 1 < n; i += 2)
        ((uint8_t *)dst)[i / 2] = (uint8_t)((int)rounded(src[i], 0, 15) | (int)rounded(src[i + 1], 0, 15) << 4);
}

/* E2M1, two to a byte likewise: sign, size; to nearest, of two as near the even code, beyond 6: 6.  It has no NaN: 0 */
static const double e2m1_size[] = { 0, 0.5, 1, 1.5, 2, 3, 4, 6 };

static unsigned e2m1_from_f64(double x)
{
    unsigned code = 0;
    while (code < 7 && (fabs(x) - e2m1_size[code] > e2m1_size[code + 1] - fabs(x) ||
                        (code % 2 && fabs(x) - e2m1_size[code] == e2m1_size[code + 1] - fabs(x))))
        code++;
    return isnan(x) ? 0 : code | (signbit(x) ? 8 : 0);
}
void assay_decode_e2m1(double *dst, const void *src, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        const int code = ((const uint8_t *)src)[i / 2] >> i % 2 * 4 & 15;
        dst[i] = code & 8 ? -e2m1_size[code & 7] : e2m1_size[code];
    }
}
void assay_encode_e2m1(void *dst, const double *src, int64_t n)
{
    for (int64_t i = 0; i + 1 < n; i += 2)
        ((uint8_t *)dst)[i / 2] = (uint8_t)(e2m1_from_f64(src[i]) | e2m1_from_f64(src[i + 1]) << 4);
}

/* ---- the table ---- */

#define SEARCHED                                                                                                       \
    (ASSAY_T(q2_k) | ASSAY_T(q3_k) | ASSAY_T(q4_k) | ASSAY_T(q5_k) | ASSAY_T(q6_k) | ASSAY_T(iq4_nl) |                 \
     ASSAY_T(iq4_xs) | GRIDS)
#define GRIDS                                                                                                          \
    (ASSAY_T(iq1_s) | ASSAY_T(iq1_m) | ASSAY_T(iq2_xxs) | ASSAY_T(iq2_xs) | ASSAY_T(iq2_s) | ASSAY_T(iq3_xxs) |        \
     ASSAY_T(iq3_s))
static const assay_dtype_info table[ASSAY_DTYPE_END] = {
#define DTYPE(id, number, block, bytes, u)                                                                             \
    [number] = { #id,                                                                                                  \
                 block,                                                                                                \
                 bytes,                                                                                                \
                 u,                                                                                                    \
                 assay_decode_##id,                                                                                    \
                 assay_encode_##id,                                                                                    \
                 (SEARCHED >> (number)&1) != 0,                                                                        \
                 (GRIDS >> (number)&1) != 0 },
#include "assay/dtypes.def"
#undef DTYPE
};

const assay_dtype_info *assay_dtype_of(assay_dtype t)
{
    return (unsigned)t < ASSAY_DTYPE_END && table[t].name ? &table[t] : NULL;
}

const assay_dtype_info *assay_dtype_find(const char *name, assay_dtype *t)
{
    for (unsigned i = 0; name && i < ASSAY_DTYPE_END; i++) {
        if (table[i].name && strcmp(table[i].name, name) == 0) {
            if (t)
                *t = (assay_dtype)i;
            return &table[i];
        }
    }
    return NULL;
}

int64_t assay_dtype_bytes(assay_dtype t, int64_t n)
{
    const assay_dtype_info *d = assay_dtype_of(t);
    return d ? n / d->block * d->bytes : 0;
}
