/* SPDX-License-Identifier: MIT
 * Known answers of the plain element types.  Tables: from the written definition of the formats (ties, carries,
 * subnormals, overflow, payloads) and of reference/core/dtype.c (integers: to nearest, ties to even, clamped, a NaN is
 * 0).  Between the tables: each midpoint of two neighbouring codes and what lies beside it. */
#include "../../reference/core/dtype.h"
#include "formats_known.h"
#include "quantize_known.h"
#include <math.h>
#include <string.h>

static float from_bits(uint32_t u)
{
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}

static double from_bits64(uint64_t u)
{
    double d;
    memcpy(&d, &u, sizeof d);
    return d;
}

/* f32 bits, code: what every way of writing them must give */
static const uint32_t f16_of[][2] = {
    { 0x3f801000, 0x3c00 }, { 0x3f803000, 0x3c02 }, { 0x3f801001, 0x3c01 }, { 0xbf801000, 0xbc00 },
    { 0x477fe000, 0x7bff }, { 0x477fefff, 0x7bff }, { 0x477ff000, 0x7c00 }, { 0x7f7fffff, 0x7c00 },
    { 0x387fffff, 0x0400 }, { 0x387fe000, 0x0400 }, { 0x387ff000, 0x0400 }, { 0x33800000, 0x0001 },
    { 0x33000000, 0x0000 }, { 0x33000001, 0x0001 }, { 0x33c00000, 0x0002 }, { 0x80000001, 0x8000 },
    { 0x7f800000, 0x7c00 }, { 0x7fc00000, 0x7e00 }, { 0x7f800001, 0x7e00 }, { 0x7f812345, 0x7e09 },
    { 0xff800000, 0xfc00 }, { 0xff812345, 0xfe09 }, { 0x80000000, 0x8000 }, { 0x00000000, 0x0000 },
};
static const uint32_t bf16_of[][2] = {
    { 0x3f808000, 0x3f80 }, { 0x3f818000, 0x3f82 }, { 0x3f808001, 0x3f81 }, { 0xbf808000, 0xbf80 },
    { 0x7f7f7fff, 0x7f7f }, { 0x7f7f8000, 0x7f80 }, { 0x00008000, 0x0000 }, { 0x00008001, 0x0001 },
    { 0x00018000, 0x0002 }, { 0x00000001, 0x0000 }, { 0x80000001, 0x8000 }, { 0x007fffff, 0x0080 },
    { 0x7f800001, 0x7fc0 }, { 0x7fffffff, 0x7fff }, { 0xff800001, 0xffc0 }, { 0x7f812345, 0x7fc1 },
};
/* bits of a double that no f32 tells apart: a NaN keeps sign and top bits and is made quiet; one rounding, not two */
static const struct {
    uint64_t x;
    uint16_t f16, bf16;
} wide[] = {
    { UINT64_C(0x7ff0000000000001), 0x7e00, 0x7fc0 }, { UINT64_C(0xfff0000000000001), 0xfe00, 0xffc0 },
    { UINT64_C(0x7ff8000000000000), 0x7e00, 0x7fc0 }, { UINT64_C(0x7fffffffffffffff), 0x7fff, 0x7fff },
    { UINT64_C(0x7ff23456789abcde), 0x7e8d, 0x7fd1 }, { UINT64_C(0xfff5555555555555), 0xff55, 0xffea },
    { UINT64_C(0x3ff0020000000001), 0x3c01, 0x3f80 }, { UINT64_C(0x3ff0100000000001), 0x3c04, 0x3f81 },
    { UINT64_C(0x3ff001ffffffffff), 0x3c00, 0x3f80 }, { UINT64_C(0x3ff00fffffffffff), 0x3c04, 0x3f80 },
    { UINT64_C(0x3e60000000000001), 0x0001, 0x3300 }, { UINT64_C(0x0000000000000001), 0x0000, 0x0000 },
    { UINT64_C(0x8010000000000000), 0x8000, 0x8000 }, { UINT64_C(0x7fefffffffffffff), 0x7c00, 0x7f80 },
};

static bool known_codes(assay_why *why)
{
    for (size_t i = 0; i < ASSAY_COUNT_OF(f16_of); i++) {
        const float x = from_bits(f16_of[i][0]);
        if (assay_f16_from_f64((double)x) != f16_of[i][1] || assay_f16_from_f32(x) != f16_of[i][1])
            return assay_known_not(why, "f16", "a conversion of the table is wrong");
    }
    for (size_t i = 0; i < ASSAY_COUNT_OF(bf16_of); i++)
        if (assay_bf16_from_f64((double)from_bits(bf16_of[i][0])) != bf16_of[i][1])
            return assay_known_not(why, "bf16", "a conversion of the table is wrong");
    for (size_t i = 0; i < ASSAY_COUNT_OF(wide); i++) {
        const double x = from_bits64(wide[i].x);
        if (assay_f16_from_f64(x) != wide[i].f16 || assay_bf16_from_f64(x) != wide[i].bf16)
            return assay_known_not(why, "f16 and bf16", "a double that f32 cannot hold is wrong");
    }
    return true;
}

/* Halfway between two codes the even one, beside it the nearer: one ulp beside of f32 and of double, either sign. */
static bool midpoint(unsigned code, int m, int bias)
{
    const bool half = m == 10;
    const double mid = (known_float(code, m, bias) + known_float(code + 1, m, bias)) / 2;
    const double x[] = { mid,
                         nextafter(mid, 0),
                         nextafter(mid, INFINITY),
                         (double)nextafterf((float)mid, 0),
                         (double)nextafterf((float)mid, INFINITY),
                         known_float(code, m, bias) };
    const unsigned want[] = { code + (code & 1), code, code + 1, code, code + 1, code };
    bool ok = true;
    for (size_t k = 0; k < ASSAY_COUNT_OF(x); k++)
        for (unsigned sign = 0; sign < 2; sign++) {
            const double v = sign ? -x[k] : x[k];
            const unsigned w = want[k] | sign << 15;
            ok = ok && (half ? assay_f16_from_f64(v) : assay_bf16_from_f64(v)) == w;
            if (half && (double)(float)v == v)
                ok = ok && assay_f16_from_f32((float)v) == w;
        }
    return ok;
}

static bool known_midpoints(assay_why *why)
{
    for (unsigned c = 0; c < 0x7c00; c += c < 0x440 || c > 0x7bc0 ? 1 : 7)
        if (!midpoint(c, 10, 15))
            return assay_known_not(why, "f16", "wrong at or beside the midpoint of two codes");
    for (unsigned c = 0; c < 0x7f80; c += c < 0x140 || c > 0x7f40 ? 1 : 7)
        if (!midpoint(c, 7, 127))
            return assay_known_not(why, "bf16", "wrong at or beside the midpoint of two codes");
    return true;
}

/* n values at an odd address give these bytes, and touch nothing before and behind them. */
static bool stored(assay_why *why, assay_dtype t, const double *x, int n, const void *want)
{
    enum { BEFORE = 33, ROOM = 256 };
    unsigned char out[ROOM], expected[ROOM];
    double in[48] = { 1, 2, 3, 4 }; /* the values in the middle of others */
    const assay_dtype_info *info = assay_dtype_of(t);
    memset(out, 0xa5, sizeof out);
    memset(expected, 0xa5, sizeof expected);
    memcpy(in + 4, x, (size_t)n * sizeof *x);
    memcpy(expected + BEFORE, want, (size_t)assay_dtype_bytes(t, n));
    info->encode(out + BEFORE, in + 4, n);
    return !memcmp(out, expected, sizeof out) ||
           assay_known_not(why, info->name, "the bytes of some plain values are wrong");
}

static bool known_stored(assay_why *why)
{
    static const double x[] = { 0.5,   1.5,  -2.5,  126.5,    127.49,    1000, -128.5,
                                -1000, 1e30, -1e30, INFINITY, -INFINITY, -0.5, 3 };
    static const int8_t i8[] = { 0, 2, -2, 126, 127, 127, -128, -128, 127, -128, 127, -128, 0, 3 };
    static const int32_t i32[] = { 0,     2,         -2,        126,       127,       1000, -128,
                                   -1000, INT32_MAX, INT32_MIN, INT32_MAX, INT32_MIN, 0,    3 };
    static const int64_t i64[] = { 0,     2,         -2,        126,       127,       1000, -128,
                                   -1000, INT64_MAX, INT64_MIN, INT64_MAX, INT64_MIN, 0,    3 };
    /* the ends of the wide ones; 2^63 - 1024 is the largest double below 2^63 */
    static const double e32[] = { 2147483647.25, 2147483647.5, 2147483646.5, -2147483648.5, -2147483649, 2147483648 };
    static const int32_t w32[] = { INT32_MAX, INT32_MAX, 2147483646, INT32_MIN, INT32_MIN, INT32_MAX };
    static const double e64[] = { 0x1p63, 0x1p63 - 1024, -0x1p63, -0x1p63 + 1024, -0x1.002p63, 0x1p52 + 1 };
    static const int64_t w64[] = { INT64_MAX,        INT64_MAX - 1023, INT64_MIN,
                                   INT64_MIN + 1024, INT64_MIN,        (INT64_C(1) << 52) + 1 };
    /* f32: ties to even, overflow, underflow; every double is its own bytes */
    static const double f[] = { 1 + 0x1p-24, 1 + 0x3p-24, 1 + 0x1p-24 + 0x1p-52, 1e300, -0.0, 0x1p-150,
                                0x1.8p-149,  -INFINITY };
    static const uint32_t f32[] = { 0x3f800000, 0x3f800002, 0x3f800001, 0x7f800000, 0x80000000, 0, 2, 0xff800000 };
    /* 8 bits: ties to even, ends, underflow; nothing is saturated */
    static const double f8[] = { 1,    1.0625,   1.125,   1.1875,  1.375,   240,      448,       464,     0x1.d00002p8,
                                 480,  57344,    61439,   61440,   65536,   0x1p-6,   0x1p-9,    0x1p-10, 0x1.002p-10,
                                 -0.0, -0x1p-20, 0x1p-16, 0x1p-17, 0x3p-17, INFINITY, -INFINITY, 0x1.8p-9 };
    static const uint8_t e4m3[] = { 0x38, 0x38, 0x39, 0x3a, 0x3b, 0x77, 0x7e, 0x7e, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f,
                                    0x7f, 0x08, 0x01, 0x00, 0x01, 0x80, 0x80, 0x00, 0x00, 0x00, 0x7f, 0xff, 0x02 };
    static const uint8_t e5m2[] = { 0x3c, 0x3c, 0x3c, 0x3d, 0x3e, 0x5c, 0x5f, 0x5f, 0x5f, 0x60, 0x7b, 0x7b, 0x7c,
                                    0x7c, 0x24, 0x18, 0x14, 0x14, 0x80, 0x80, 0x01, 0x00, 0x02, 0x7c, 0xfc, 0x1a };
    const double nan = from_bits64(UINT64_C(0x7ff8000000000000));
    const uint32_t nan32 = 0x7fc00000;
    uint16_t h[ASSAY_COUNT_OF(f16_of)], b[ASSAY_COUNT_OF(bf16_of)];
    double xh[ASSAY_COUNT_OF(f16_of)], xb[ASSAY_COUNT_OF(bf16_of)];
    for (size_t i = 0; i < ASSAY_COUNT_OF(f16_of); i++)
        xh[i] = (double)from_bits(f16_of[i][0]), h[i] = (uint16_t)f16_of[i][1];
    for (size_t i = 0; i < ASSAY_COUNT_OF(bf16_of); i++)
        xb[i] = (double)from_bits(bf16_of[i][0]), b[i] = (uint16_t)bf16_of[i][1];
    return stored(why, ASSAY_i8, x, ASSAY_COUNT_OF(x), i8) && stored(why, ASSAY_i32, x, ASSAY_COUNT_OF(x), i32) &&
           stored(why, ASSAY_i64, x, ASSAY_COUNT_OF(x), i64) && stored(why, ASSAY_i32, e32, ASSAY_COUNT_OF(e32), w32) &&
           stored(why, ASSAY_i64, e64, ASSAY_COUNT_OF(e64), w64) && stored(why, ASSAY_f32, f, ASSAY_COUNT_OF(f), f32) &&
           stored(why, ASSAY_f64, f, ASSAY_COUNT_OF(f), f) && stored(why, ASSAY_f64, e64, ASSAY_COUNT_OF(e64), e64) &&
           stored(why, ASSAY_e4m3, f8, ASSAY_COUNT_OF(f8), e4m3) &&
           stored(why, ASSAY_e5m2, f8, ASSAY_COUNT_OF(f8), e5m2) &&
           stored(why, ASSAY_e4m3, &nan, 1, &(uint8_t){ 0x7f }) &&
           stored(why, ASSAY_e5m2, &nan, 1, &(uint8_t){ 0x7e }) && stored(why, ASSAY_f32, &nan, 1, &nan32) &&
           stored(why, ASSAY_f64, &nan, 1, &nan) && stored(why, ASSAY_i8, &nan, 1, &(int8_t){ 0 }) &&
           stored(why, ASSAY_i32, &nan, 1, &(int32_t){ 0 }) && stored(why, ASSAY_i64, &nan, 1, &(int64_t){ 0 }) &&
           stored(why, ASSAY_f16, xh, ASSAY_COUNT_OF(xh), h) && stored(why, ASSAY_bf16, xb, ASSAY_COUNT_OF(xb), b);
}

bool assay_known_numbers(assay_why *why)
{
    return known_codes(why) && known_midpoints(why) && known_stored(why);
}
