/* SPDX-License-Identifier: MIT
 * Element types: every f32 to f16 and bf16, every f16 and bf16 back, one rounding from double, known answers. */
#include "../../../reference/core/dtype.h"
#include "../../../reference/core/suite.h"
#include "assay/blocks.h"
#include "../../ops/formats_known.h"
#include "unit.h"
#include <math.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#if defined(__SANITIZE_ADDRESS__)
enum { STEP = 251 }; /* the same walk, with gaps */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
enum { STEP = 251 };
#else
enum { STEP = 1 };
#endif
#else
enum { STEP = 1 };
#endif

static float from_bits(uint32_t u)
{
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}

/* ---- the definition, told by walking: floats rise with their bits, so the nearest code rises too, and moves on where
 * the midpoint of two neighbours is passed (at a tie: where it leaves an odd one) ---- */

typedef struct walk {
    int m, bias;
    unsigned code;
    double mid; /* of code and code + 1 */
} walk;

static void move(walk *w)
{
    w->mid = w->code == (0x7fffu >> w->m) << w->m
                 ? INFINITY
                 : (known_float(w->code, w->m, w->bias) + known_float(w->code + 1, w->m, w->bias)) / 2;
}

static inline unsigned next(walk *w, double x)
{
    while (x >= w->mid && (x > w->mid || (w->code & 1))) {
        w->code++;
        move(w);
    }
    return w->code;
}

static unsigned nan_code(uint32_t u, int m) /* sign, quiet, top bits of the payload */
{
    return (u >> 16 & 0x8000u) | (0x7fffu >> m) << m | 1u << (m - 1) | (u >> (23 - m) & ((1u << m) - 1));
}

enum { CHUNK = 4096 };

#if defined(__x86_64__)
__attribute__((target("avx,f16c"))) static void hardware(uint16_t *h, const float *x, int n)
{
    for (int i = 0; i < n; i += 8)
        _mm_storeu_si128((__m128i *)(h + i), _mm256_cvtps_ph(_mm256_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT));
}
__attribute__((target("avx,f16c"))) static void hardware_back(float *x, const uint16_t *h, int n)
{
    for (int i = 0; i < n; i += 8)
        _mm256_storeu_ps(x + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(h + i))));
}
static bool has_hardware(void)
{
    return __builtin_cpu_supports("avx2"); /* which never comes without f16c */
}
#else
static void hardware(uint16_t *h, const float *x, int n)
{
    (void)h, (void)x, (void)n;
}
static void hardware_back(float *x, const uint16_t *h, int n)
{
    (void)h, (void)x, (void)n;
}
static bool has_hardware(void)
{
    return false;
}
#endif

START_TEST(every_f32)
{
    walk f16 = { 10, 15, 0, 0 }, bf16 = { 7, 127, 0, 0 };
    const bool check = has_hardware();
    uint64_t wrong = 0;
    static float x[CHUNK];
    static uint16_t h[CHUNK], hard[CHUNK];
    move(&f16), move(&bf16);
    for (uint64_t u = 0; u < UINT64_C(1) << 31;) {
        int n = 0;
        uint64_t first = u;
        for (; n < CHUNK && u < UINT64_C(1) << 31; n++, u += STEP)
            x[n] = from_bits((uint32_t)u);
        for (int i = 0; i < n; i++, first += STEP) {
            const uint32_t bits = (uint32_t)first;
            const bool nan = bits > 0x7f800000u;
            const double v = (double)x[i];
            const unsigned w16 = nan ? nan_code(bits, 10) : next(&f16, v),
                           wb = nan ? nan_code(bits, 7) : next(&bf16, v);
            h[i] = assay_f16_from_f32(x[i]);
            wrong += (h[i] != w16) + (assay_f16_from_f32(-x[i]) != (w16 | 0x8000u));
            wrong += (assay_bf16_from_f64(v) != wb) + (assay_bf16_from_f64(-v) != (wb | 0x8000u));
        }
        if (check && n == CHUNK) {
            hardware(hard, x, n);
            wrong += memcmp(hard, h, sizeof h) != 0;
        }
    }
    ck_assert_uint_eq(f16.code, 0x7c00);
    ck_assert_uint_eq(bf16.code, 0x7f80);
    ck_assert_uint_eq(wrong, 0);
}
END_TEST

START_TEST(every_16_bit_code)
{
    static float hard[65536];
    static uint16_t codes[65536];
    for (unsigned c = 0; c < 65536; c++)
        codes[c] = (uint16_t)c;
    if (has_hardware())
        hardware_back(hard, codes, 65536);
    for (unsigned c = 0; c < 65536; c++) {
        const uint16_t h = (uint16_t)c;
        const double sign = c >> 15 ? -1 : 1, f = assay_f16_to_f64(h), b = (double)assay_bf16_to_f32(h);
        const unsigned a = c & 0x7fff;
        if (a > 0x7c00)
            ck_assert(isnan(f));
        else
            ck_assert(f == (a == 0x7c00 ? INFINITY : known_float(a, 10, 15)) * sign && !signbit(f) == (c < 0x8000));
        if (a > 0x7f80)
            ck_assert(isnan(b));
        else
            ck_assert(b == (a == 0x7f80 ? INFINITY : known_float(a, 7, 127)) * sign && !signbit(b) == (c < 0x8000));
        ck_assert((double)assay_f16_to_f32(h) == f || isnan(f));
        if (has_hardware())
            ck_assert((double)hard[c] == f || (isnan(f) && isnan(hard[c])));
        /* and back: the code itself, a NaN made quiet */
        ck_assert_uint_eq(assay_f16_from_f64(f), a > 0x7c00 ? c | 0x200 : c);
        ck_assert_uint_eq(assay_bf16_from_f64(b), a > 0x7f80 ? c | 0x40 : c);
    }
}
END_TEST

/* Just beside each midpoint, nearer than f32 can say: rounding to f32 on the way would make these ties. */
START_TEST(one_rounding)
{
    for (unsigned c = 0; c < 0x7bff; c++) {
        const double mid = (known_float(c, 10, 15) + known_float(c + 1, 10, 15)) / 2;
        ck_assert_uint_eq(assay_f16_from_f64(nextafter(mid, 0)), c);
        ck_assert_uint_eq(assay_f16_from_f64(mid), c + (c & 1));
        ck_assert_uint_eq(assay_f16_from_f64(nextafter(mid, INFINITY)), c + 1);
    }
    for (unsigned c = 0; c < 0x7f7f; c++) {
        const double mid = (known_float(c, 7, 127) + known_float(c + 1, 7, 127)) / 2;
        ck_assert_uint_eq(assay_bf16_from_f64(nextafter(mid, 0)), c);
        ck_assert_uint_eq(assay_bf16_from_f64(mid), c + (c & 1));
        ck_assert_uint_eq(assay_bf16_from_f64(nextafter(mid, INFINITY)), c + 1);
    }
    ck_assert_uint_eq(assay_f16_from_f64(65520), 0x7c00);
    ck_assert_uint_eq(assay_f16_from_f64(nextafter(65520, 0)), 0x7bff);
    ck_assert_uint_eq(assay_f16_from_f64(1e300), 0x7c00);
    ck_assert_uint_eq(assay_f16_from_f64(-0x1p-1070), 0x8000);
    ck_assert_uint_eq(assay_bf16_from_f64(1e300), 0x7f80);
}
END_TEST

START_TEST(known_blocks)
{
    double x[256], y[256];
    unsigned char b[1024];
    for (size_t i = 0; i < ASSAY_COUNT_OF(known_encode); i++) {
        assay_dtype t;
        const assay_dtype_info *info = assay_dtype_find(known_encode[i].type, &t);
        known_E(x, 256, known_encode[i].M);
        info->encode(b, x, 256);
        ck_assert_uint_eq(known_crc(b, (size_t)assay_dtype_bytes(t, 256)), known_encode[i].e);
        known_G(x, 256);
        info->encode(b, x, 256);
        ck_assert_uint_eq(known_crc(b, (size_t)assay_dtype_bytes(t, 256)), known_encode[i].g);
    }
    for (size_t i = 0; i < ASSAY_COUNT_OF(known_decode); i++) {
        const assay_dtype_info *info = assay_dtype_find(known_decode[i].type, NULL);
        float f[256] = { 0 };
        for (int k = 0; k < info->bytes; k++)
            b[k + 1] = (unsigned char)(37 * k + 11);
        known_scale(b + 1, known_decode[i].d);
        if (known_decode[i].m >= 0)
            b[known_decode[i].m + 1] = known_decode[i].second & 255,
                                  b[known_decode[i].m + 2] = (unsigned char)(known_decode[i].second >> 8);
        info->decode(y, b + 1, info->block); /* at an odd address */
        for (int k = 0; k < info->block; k++)
            f[k] = (float)y[k] + 0.0f;
        ck_assert_uint_eq(known_crc(f, (size_t)info->block * sizeof *f), known_decode[i].values);
    }
}
END_TEST

/* Our rules where a format leaves a hole: not finite, zero, scales that f16 or 1/d cannot hold. */
START_TEST(block_edges)
{
    double x[256] = { 0 }, y[256];
    assay_q8_0 b8;
    assay_q4_0 b4;
    assay_q4_1 b41;
    assay_q4_k k4;
    assay_q6_k k6;
    assay_dtype_of(ASSAY_q4_0)->encode(&b4, x, 32);
    ck_assert(b4.d == 0x8000 && b4.q[0] == 0x88 && b4.q[15] == 0x88);
    assay_dtype_of(ASSAY_q8_0)->encode(&b8, x, 32);
    ck_assert(b8.d == 0 && b8.q[0] == 0);
    assay_dtype_of(ASSAY_q4_k)->encode(&k4, x, 256);
    assay_dtype_of(ASSAY_q4_k)->decode(y, &k4, 256);
    ck_assert(y[0] == 0 && y[255] == 0);
    assay_dtype_of(ASSAY_q6_k)->encode(&k6, x, 256);
    assay_dtype_of(ASSAY_q6_k)->decode(y, &k6, 256);
    ck_assert(y[0] == 0 && y[255] == 0);
    x[7] = 0x1p-140; /* 1/d overflows f32: the codes of a block of zeros */
    assay_dtype_of(ASSAY_q8_0)->encode(&b8, x, 32);
    ck_assert(b8.d == 0 && b8.q[7] == 0);
    x[7] = 0x1p-30; /* d is zero in f16, the codes are not */
    assay_dtype_of(ASSAY_q8_0)->encode(&b8, x, 32);
    ck_assert(b8.d == 0 && b8.q[7] == 127);
    x[7] = 0x1p30; /* d = infinity in f16 */
    assay_dtype_of(ASSAY_q8_0)->encode(&b8, x, 32);
    ck_assert(b8.d == 0x7c00 && b8.q[7] == 127);
    x[7] = 0x1.fp127, x[8] = -0x1.fp127; /* max - min overflows f32 */
    assay_dtype_of(ASSAY_q4_1)->encode(&b41, x, 32);
    ck_assert(b41.d == 0x7e00 && b41.m == 0x7e00 && b41.q[7] == 0);
    const double odd[] = { INFINITY, -INFINITY, (double)NAN };
    static const assay_dtype types[] = {
        ASSAY_q8_0,       ASSAY_q8_1,       ASSAY_q4_0,       ASSAY_q4_1,       ASSAY_q5_0,  ASSAY_q5_1,
        ASSAY_q4_k,       ASSAY_q6_k,       ASSAY_q2_k,       ASSAY_q3_k,       ASSAY_q5_k,  ASSAY_iq4_nl,
        ASSAY_mxfp4,      ASSAY_iq4_xs,     ASSAY_tq1_0,      ASSAY_tq2_0,      ASSAY_q8_k,  ASSAY_mxint8,
        ASSAY_mxfp8_e4m3, ASSAY_mxfp8_e5m2, ASSAY_mxfp6_e2m3, ASSAY_mxfp6_e3m2, ASSAY_iq1_s, ASSAY_iq1_m,
        ASSAY_iq2_xxs,    ASSAY_iq2_xs,     ASSAY_iq2_s,      ASSAY_iq3_xxs,    ASSAY_iq3_s
    };
    for (size_t t = 0; t < ASSAY_COUNT_OF(types); t++)
        for (int k = 0; k < 9; k++) {
            const assay_dtype_info *info = assay_dtype_of(types[t]);
            unsigned char block[300];
            for (int i = 0; i < 256; i++)
                x[i] = i;
            x[k % 3 == 0 ? 0 : k % 3 == 1 ? info->block - 1 : 17] = odd[k / 3];
            info->encode(block, x, info->block);
            info->decode(y, block, info->block);
            for (int i = 0; i < info->block; i++)
                ck_assert(isnan(y[i]));
        }
}
END_TEST

START_TEST(integers)
{
    const double x[] = { 0.5, 1.5, -2.5, 127.5, 1e30, -1e30, (double)NAN, -128.4 };
    double y[8];
    unsigned char b[65];
    static const struct {
        assay_dtype t;
        double want[8];
    } table[] = {
        { ASSAY_i8, { 0, 2, -2, 127, 127, -128, 0, -128 } },
        { ASSAY_i32, { 0, 2, -2, 128, 2147483647.0, -2147483648.0, 0, -128 } },
        { ASSAY_i64, { 0, 2, -2, 128, 0x1p63, -0x1p63, 0, -128 } },
    };
    for (size_t t = 0; t < ASSAY_COUNT_OF(table); t++) {
        assay_dtype_of(table[t].t)->encode(b + 1, x, 8);
        assay_dtype_of(table[t].t)->decode(y, b + 1, 8);
        for (int i = 0; i < 8; i++)
            ck_assert_double_eq(y[i], table[t].want[i]);
    }
}
END_TEST

START_TEST(table)
{
    assay_dtype t;
    ck_assert_ptr_null(assay_dtype_of((assay_dtype)127));
    ck_assert_ptr_null(assay_dtype_of((assay_dtype)-1));
    ck_assert_ptr_null(assay_dtype_find("Q4_0", &t));
    ck_assert_ptr_null(assay_dtype_find(NULL, &t));
    for (int i = 0; i < ASSAY_DTYPE_END; i++) {
        const assay_dtype_info *info = assay_dtype_of((assay_dtype)i);
        if (!info)
            continue;
        ck_assert_ptr_eq(assay_dtype_find(info->name, &t), info);
        ck_assert_int_eq((int)t, i);
        ck_assert_int_eq(assay_dtype_bytes(t, 3 * (int64_t)info->block), 3 * (int64_t)info->bytes);
        ck_assert(info->decode && info->encode);
    }
}
END_TEST

Suite *assay_unit_dtype(void)
{
    Suite *s = suite_create("dtype");
    TCase *c = tcase_create("types");
    tcase_add_test(c, every_f32);
    tcase_add_test(c, every_16_bit_code);
    tcase_add_test(c, one_rounding);
    tcase_add_test(c, known_blocks);
    tcase_add_test(c, block_edges);
    tcase_add_test(c, integers);
    tcase_add_test(c, table);
    suite_add_tcase(s, c);
    return s;
}
