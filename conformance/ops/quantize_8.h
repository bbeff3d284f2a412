/* SPDX-License-Identifier: MIT
 * quantize_8.h - floats of 8 bits, and mxfp4, written by their rule in plain C, and by the rules of others. */
#ifndef ASSAY_FAULTS_QUANTIZE_8_H
#define ASSAY_FAULTS_QUANTIZE_8_H
#include "assay/blocks.h"
#include "faults.h"

/* X(mode, name, where it comes from) */
#define FAULTS_8(X)                                                                                                    \
    X(SATURATES_8, "8-bits-saturated", "formats 10: ONNX saturates, ml_dtypes does not")                               \
    X(TWICE_8, "8-bits-through-f16", "formats 1: never round twice")                                                   \
    X(AWAY_8, "8-bits-ties-away", "formats 10: microxcaling's nearest")                                                \
    X(FLUSH_8_BITS, "8-bits-subnormals-flushed", "invergent-ai/surogate#162")                                          \
    X(FNUZ_8, "8-bits-fnuz", "formats 10: FNUZ has another bias")                                                      \
    X(INF_8, "8-bits-inf-for-nan", "formats 1: e4m3 has no infinities, and e5m2 has")                                  \
    X(EARLY_8, "8-bits-saturated-from-256", "sgl-project/sglang#40581")                                                \
    X(MINUS_8, "8-bits-fnuz-minus-zero", "formats 1: FNUZ has its NaN where -0 would be")

#define LEGAL_8(X)                                                                                                     \
    X(PLAIN_8, "8-bits-plain", "legal: the nearest of all codes")                                                      \
    X(STEPS_8, "8-bits-by-steps", "legal: an integer of steps, rounded to even")

#define FAULTS_MX(X)                                                                                                   \
    X(EVEN_MX, "mxfp4-ties-to-even", "formats 10: mxfp4 has two tie rules")                                            \
    X(CEIL_MX, "mxfp4-power-rounded-up", "formats 10: mxfp4 has three scale rules")                                    \
    X(NEAREST_MX, "mxfp4-power-nearest", "formats 10: mxfp4 has three scale rules")                                    \
    X(LOG_MX, "mxfp4-power-by-log2f", "formats 2: log2f rounds up below a power of two")                               \
    X(ORDER_MX, "mxfp4-nibbles-side-by-side", "formats 10: OCP's order is not ggml's")                                 \
    X(WRAP_MX, "mxfp4-power-wraps", "formats 10: below 2^-125 the byte wraps")                                         \
    X(MINUS_MX, "mxfp4-minus-zero", "formats 1: code 8 is never written")                                              \
    X(NAN_MX, "mxfp4-nan-lost", "NaN and infinities")

#define LEGAL_MX(X) X(PLAIN_MX, "mxfp4-plain", "legal: by the middles of the codes")
enum mode_8 { FIRST_8 = ANY_MODES - 1, FAULTS_8(MODE) LEGAL_8(MODE) FAULTS_MX(MODE) LEGAL_MX(MODE) MODES_8 };

typedef struct form_8 {
    int m, bias, top; /* bits of the mantissa; top: the code behind the largest number */
} form_8;

static double value_8(int code, form_8 f)
{
    const int e = code >> f.m, k = code & ((1 << f.m) - 1);
    return e ? ldexp(k + (1 << f.m), e - f.bias - f.m) : ldexp(k, 1 - f.bias - f.m);
}

static uint8_t to_8(float x, assay_dtype t, int mode)
{
    const bool fnuz = t == ASSAY_e4m3fnuz || t == ASSAY_e5m2fnuz, e4m3 = t == ASSAY_e4m3;
    form_8 f = e4m3                  ? (form_8){ 3, 7, 127 }
               : t == ASSAY_e5m2     ? (form_8){ 2, 15, 124 }
               : t == ASSAY_e4m3fnuz ? (form_8){ 3, 8, 128 }
                                     : (form_8){ 2, 16, 128 };
    f.bias += mode == FNUZ_8;
    const double a = fabs(mode == TWICE_8 ? (double)assay_f16_to_f32(assay_f16_from_f32(x)) : (double)x);
    const int sign = signbit(x) ? 128 : 0;
    int code = 0;
    if (isnan(x) && fnuz)
        return mode == INF_8 ? 127 : 128;
    if (isnan(x))
        return (uint8_t)(sign | (mode == INF_8 ? f.top : e4m3 ? 127 : 126));
    if (mode == STEPS_8 && a < value_8(f.top, f)) {
        const int e = a > 0 ? (int)fmax(ilogb(a), 1 - f.bias) : 1 - f.bias;
        code = (int)nearbyint(ldexp(a, f.m - e)) + ((e + f.bias - 1) << f.m);
    } else {
        for (int c = 0; c < f.top; c++) { /* past the middle of this code and the next */
            const double middle = (value_8(c, f) + value_8(c + 1, f)) / 2;
            code += a > middle || (a == middle && (c % 2 || mode == AWAY_8));
        }
    }
    if (code >= f.top && mode == SATURATES_8)
        code = f.top - 1;
    if (code >= f.top && mode == INF_8)
        code = e4m3 ? 120 : 126;
    if (mode == EARLY_8 && f.m == 3 && code >= 120)
        code = 126;
    if (mode == FLUSH_8_BITS && code < 1 << f.m)
        code = 0;
    if (fnuz && (code >= 128 || (code == 0 && mode != MINUS_8)))
        return (uint8_t)code;
    return (uint8_t)(sign | code);
}

static int code_mx(double size, int mode) /* size in units of the power */
{
    static const double middle[] = { 0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5 };
    int code = 0;
    for (int k = 0; k < 7; k++)
        code += size > middle[k] || (mode == EVEN_MX && size == middle[k] && k % 2);
    return code;
}

static void block_mx(assay_mxfp4 *b, const float *x, int mode)
{
    float most = 0;
    bool finite = true;
    for (int j = 0; j < 32; j++)
        finite = finite && isfinite(x[j]), most = fmaxf(most, fabsf(x[j]));
    if (!finite)
        most = 0;
    int e = most > 0 ? ilogbf(most) - 2 + 127 : 0;
    if (mode == LOG_MX && most > 0)
        e = (int)floorf(log2f(most)) - 2 + 127;
    if (mode == CEIL_MX && most > 0)
        e += (double)most > ldexp(6, e - 127);
    if (mode == NEAREST_MX && most > 0)
        e += (double)most > ldexp(7, e - 127);
    if (mode != WRAP_MX)
        e = e < 0 ? 0 : e;
    memset(b, 0, sizeof *b);
    b->e = (uint8_t)(finite || mode == NAN_MX ? e : 255);
    for (int j = 0; finite && j < 32; j++) {
        const int code = code_mx(ldexp(fabs((double)x[j]), 127 - e), mode), at = mode == ORDER_MX ? j / 2 : j % 16;
        const bool minus = x[j] < 0 && (code || mode == MINUS_MX);
        b->q[at] |= (uint8_t)((code | (minus ? 8 : 0)) << (mode == ORDER_MX ? j % 2 : j / 16) * 4);
    }
}
#endif
