/* SPDX-License-Identifier: MIT
 * quantize_scaled.h - OCP MX, NVFP4, ternary numbers and q8_k written by their rule in plain C, and by the rules of
 * others. */
#ifndef ASSAY_FAULTS_QUANTIZE_SCALED_H
#define ASSAY_FAULTS_QUANTIZE_SCALED_H
#include "quantize_8.h"

/* X(mode, name, where it comes from) */
#define FAULTS_OCP(X)                                                                                                  \
    X(OCP_AWAY, "mx-ties-away", "formats 10: microxcaling's nearest")                                                  \
    X(OCP_CEIL, "mx-power-rounded-up", "formats 2: the scale rule of CUDA and ONNX")                                   \
    X(OCP_NEAREST, "mx-power-nearest", "formats 2: the scale rule of ml_dtypes")                                       \
    X(OCP_LOG, "mx-power-by-log2f", "formats 2: log2f rounds up below a power of two")                                 \
    X(OCP_BEYOND, "mx-not-saturated", "formats 2: elements saturate")                                                  \
    X(OCP_FROM_TOP, "mx-six-bits-from-the-top", "formats 2: OCP fixes no order in memory")                             \
    X(OCP_PLUS, "mx-minus-zero-lost", "formats 1: underflow of a negative number")                                     \
    X(OCP_WRAP, "mx-power-wraps", "formats 10: below 2^-125 the byte wraps")                                           \
    X(OCP_NAN_LOST, "mx-nan-lost", "NaN and infinities")                                                               \
    X(OCP_FLUSH, "mx-subnormals-flushed", "invergent-ai/surogate#162")                                                 \
    X(OCP_128, "mxint8-minus-128", "formats 2: code -128 decodes, encoders do not write it")

#define LEGAL_OCP(X)                                                                                                   \
    X(OCP_MIDDLES, "mx-by-middles", "legal: the nearest of all codes")                                                 \
    X(OCP_STEPS, "mx-by-steps", "legal: an integer of steps, rounded to even")

#define FAULTS_NV(X)                                                                                                   \
    X(NV_EVEN, "nvfp4-scale-to-even", "formats 10: UE4M3 rounds half up")                                              \
    X(NV_ALL, "nvfp4-scales-to-416", "formats 10: UE4M3 never writes 256 .. 416")                                      \
    X(NV_PAIRS, "nvfp4-nibbles-side-by-side", "formats 10: NVIDIA's order is not ggml's")                              \
    X(NV_OF_32, "nvfp4-halves-of-32", "formats 10: its halves lie 8 apart, not 16")                                    \
    X(NV_TIES, "nvfp4-ties-to-even", "formats 3: ONNX and NVIDIA round to even")                                       \
    X(NV_MINUS, "nvfp4-minus-zero", "formats 1: code 8 is never written")                                              \
    X(NV_UNROUNDED, "nvfp4-codes-by-the-unrounded-scale", "formats 10: d is stored rounded, codes are by d as stored") \
    X(NV_NAN_LOST, "nvfp4-nan-lost", "NaN and infinities")                                                             \
    X(NV_FAR, "nvfp4-far-numbers-lost", "a difference in f32 in which no code is seen")

#define LEGAL_NV(X) X(NV_PLAIN, "nvfp4-plain", "legal: by the middles of scales and codes")

#define FAULTS_256(X)                                                                                                  \
    X(T_FLOOR, "tq1_0-rounded-down", "formats 4.2: the byte is rounded up")                                            \
    X(T_FOUR, "tq1_0-four-digits-unshifted", "formats 4.2: qh holds four digits, then a zero")                         \
    X(T_REVERSED, "tq1_0-digits-reversed", "formats 4.2: the first digit counts most")                                 \
    X(T_EVEN, "ternary-half-even", "formats 4.2: half of d is -1 or 1")                                                \
    X(T_MEAN, "ternary-scale-of-means", "the rule of BitNet, not GGUF's")                                              \
    X(T_ROUNDED, "ternary-codes-from-rounded-d", "formats 10: codes are computed with d as it was before f16")         \
    X(T_IN_ORDER, "tq2_0-codes-in-order", "formats 10: tq2_0 strides by 32")                                           \
    X(Q_PLUS, "q8_k-extreme-plus-127", "formats 4.2: the extreme is code -127")                                        \
    X(Q_AWAY, "q8_k-ties-away", "formats 4.2: q8_k rounds to even")                                                    \
    X(Q_QUOTIENT, "q8_k-d-by-division", "formats 4.2: d is 1 / (-127 / mx)")                                           \
    X(Q_LAST, "q8_k-last-of-equals", "formats 4.2: the first of equals gives its sign")                                \
    X(Q_NO_SUMS, "q8_k-sums-unwritten", "formats 4.2: ggml leaves them where all is zero")                             \
    X(Q_SUMS_32, "q8_k-sums-of-32", "formats 4.1: sums are of 16")

#define LEGAL_256(X) X(PLAIN_256, "256-plain", "legal: the rule as it is written")
enum mode_scaled {
    SCALED_FIRST = MODES_8 - 1,
    FAULTS_OCP(MODE) LEGAL_OCP(MODE) FAULTS_NV(MODE) LEGAL_NV(MODE) FAULTS_256(MODE) LEGAL_256(MODE) SCALED_MODES
};

/* ---- OCP MX ---- */

typedef struct form_mx {
    form_8 f;
    int bits, power; /* of two, of the largest code */
} form_mx;

static form_mx form_of(assay_dtype t)
{
    return t == ASSAY_mxfp8_e4m3   ? (form_mx){ { 3, 7, 127 }, 8, 8 }
           : t == ASSAY_mxfp8_e5m2 ? (form_mx){ { 2, 15, 124 }, 8, 15 }
           : t == ASSAY_mxfp6_e2m3 ? (form_mx){ { 3, 1, 32 }, 6, 2 }
           : t == ASSAY_mxfp6_e3m2 ? (form_mx){ { 2, 3, 32 }, 6, 4 }
                                   : (form_mx){ { 0, 0, 128 }, 8, 0 };
}

static int code_of_mx(double x, form_mx m, int mode)
{
    const double a = fabs(x);
    const int minus = signbit(x) ? 1 << (m.bits - 1) : 0, top = m.f.top - (mode != OCP_BEYOND);
    int code = 0;
    if (!m.f.m) { /* integers */
        const double t = 64 * x, r = mode == OCP_AWAY ? round(t) : nearbyint(t);
        return (int)fmax(mode == OCP_128 ? -128 : -127, fmin(mode == OCP_BEYOND ? 128 : 127, r)) & 255;
    }
    if (mode == OCP_STEPS) {
        const int e = a > 0 ? (int)fmax(ilogb(a), 1 - m.f.bias) : 1 - m.f.bias;
        code = (int)nearbyint(ldexp(a, m.f.m - e)) + ((e + m.f.bias - 1) << m.f.m);
    } else {
        for (int c = 0; c < m.f.top; c++) {
            const double middle = (value_8(c, m.f) + value_8(c + 1, m.f)) / 2;
            code += a > middle || (a == middle && (c % 2 || mode == OCP_AWAY));
        }
    }
    if (mode == OCP_FLUSH && code < 1 << m.f.m)
        code = 0;
    code = code < top ? code : top;
    return code || mode != OCP_PLUS ? code | minus : 0;
}

static void block_ocp(uint8_t *b, const float *x, assay_dtype t, int mode)
{
    const form_mx m = form_of(t);
    const double end = m.f.m ? value_8(m.f.top - 1, m.f) : 127.0 / 64;
    float most = 0;
    bool finite = true;
    for (int j = 0; j < 32; j++)
        finite = finite && isfinite(x[j]), most = fmaxf(most, fabsf(x[j]));
    if (!finite)
        most = 0;
    int e = most > 0 ? ilogbf(most) - m.power + 127 : 0;
    if (mode == OCP_LOG && most > 0)
        e = (int)floorf(log2f(most)) - m.power + 127;
    if (mode == OCP_CEIL && most > 0)
        e += (double)most > ldexp(end, e - 127);
    if (mode == OCP_NEAREST && most > 0) {
        const double ratio = (double)most / end, below = ldexp(1, ilogb(ratio));
        e = ilogb(ratio) + 127 + (ratio >= 1.5 * below);
    }
    if (mode != OCP_WRAP)
        e = e < 0 ? 0 : e;
    memset(b, 0, (size_t)assay_dtype_of(t)->bytes);
    b[0] = (uint8_t)(finite || mode == OCP_NAN_LOST ? e : 255);
    for (int j = 0; finite && j < 32; j++) {
        const int code = code_of_mx(ldexp((double)x[j], 127 - e), m, mode), at = m.bits * j;
        for (int k = 0; k < m.bits; k++) {
            const int to = mode == OCP_FROM_TOP && m.bits == 6 ? at + 5 - k : at + k;
            b[1 + to / 8] |= (uint8_t)((code >> k & 1) << to % 8);
        }
    }
}

/* ---- nvfp4 ---- */

static double value_nv(int c)
{
    return value_8(c, (form_8){ 3, 7, 127 });
}

static int scale_nv(float x, int mode)
{
    const int end = mode == NV_ALL ? 126 : 119;
    int code = 0;
    for (int k = 0; k < end; k++) { /* the half of a subnormal is added in f32, and does not carry */
        const double middle = k == 7 ? value_nv(8) : (value_nv(k) + value_nv(k + 1)) / 2;
        const bool above = k < 7 ? (double)(x * 512 + 0.5f) >= k + 1 : (double)x >= middle;
        code += above && !(mode == NV_EVEN && (double)x == middle && k % 2 == 0);
    }
    return mode != NV_ALL && x >= 248 ? 126 : code;
}

static void block_nv(uint8_t *b, const float *x, int mode)
{
    static const double middle[] = { 0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5 };
    memset(b, 0, 36);
    for (int g = 0; g < 4; g++) {
        float most = 0;
        bool finite = true;
        for (int i = 0; i < 16; i++)
            finite = finite && isfinite(x[16 * g + i]), most = fmaxf(most, fabsf(x[16 * g + i]));
        b[g] = (uint8_t)(finite ? scale_nv(most / 6, mode) : mode == NV_NAN_LOST ? 0 : 127);
        const double d = mode == NV_UNROUNDED ? (double)most / 6 : value_nv(b[g]);
        for (int i = 0; finite && b[g] && i < 16; i++) {
            const double v = (double)x[16 * g + i];
            const int at = mode == NV_PAIRS ? 8 * g + i / 2 : mode == NV_OF_32 ? 16 * (g / 2) + i : 8 * g + i % 8;
            int code = 0;
            for (int k = 0; k < 7; k++)
                code += fabs(v) > d * middle[k] || (mode == NV_TIES && fabs(v) == d * middle[k] && k % 2);
            if (mode == NV_FAR && fabs(v) > 0x1p27 * d)
                code = 0;
            if (v < 0 && (code || mode == NV_MINUS))
                code |= 8;
            b[4 + at] |= (uint8_t)(code << (mode == NV_PAIRS ? i % 2 : mode == NV_OF_32 ? g % 2 : i / 8) * 4);
        }
    }
}

/* ---- blocks of 256 ---- */

static float extreme_of(const float *x, int mode) /* NaN: not all is finite */
{
    float mx = 0;
    bool finite = true;
    for (int j = 0; j < SUPER; j++) {
        finite = finite && isfinite(x[j]);
        mx = mode == Q_LAST ? (fabsf(x[j]) >= fabsf(mx) && x[j] != 0 ? x[j] : mx) : fabsf(x[j]) > fabsf(mx) ? x[j] : mx;
    }
    return finite ? mx : NAN;
}

static void block_ternary(uint8_t *b, const float *x, bool two_bits, int mode)
{
    static const int power[] = { 1, 3, 9, 27, 81 };
    float d = fabsf(extreme_of(x, mode)), sum = 0;
    for (int j = 0; j < SUPER; j++)
        sum += fabsf(x[j]);
    if (mode == T_MEAN && d > 0)
        d = sum / SUPER;
    const uint16_t h = isnan(d) ? 0x7e00 : assay_f16_from_f32(d);
    const float by = mode == T_ROUNDED ? assay_f16_to_f32(h) : d, id = by > 0 && isfinite(1 / by) ? 1 / by : 0;
    int v[52] = { 0 };
    memset(b, 0, two_bits ? 64 : 52);
    for (int j = 0; j < SUPER; j++) {
        const int wide = j < 160 ? 32 : j < 240 ? 16 : 4, from = j < 160 ? 0 : j < 240 ? 160 : 240;
        const int at = (j < 160 ? 0 : j < 240 ? 32 : 48) + (j - from) % wide, n = (j - from) / wide;
        const float p = isfinite(d) && id > 0 ? x[j] * id : 0;
        const int t = 1 + (int)fmaxf(-1, fminf(1, mode == T_EVEN ? nearbyintf(p) : roundf(p)));
        const int digit = mode == T_REVERSED ? n : (mode == T_FOUR && at >= 48 ? 3 : 4) - n;
        v[at] += t * power[digit];
        if (two_bits)
            b[mode == T_IN_ORDER ? j / 4 : 32 * (j / 128) + j % 32] |=
                (uint8_t)(t << 2 * (mode == T_IN_ORDER ? j % 4 : j % 128 / 32));
    }
    for (int k = 0; !two_bits && k < 52; k++)
        b[k] = (uint8_t)((256 * v[k] + (mode == T_FLOOR ? 0 : 242)) / 243);
    memcpy(b + (two_bits ? 64 : 52), &h, 2);
}

static void block_q8_k(uint8_t *b, const float *x, int mode)
{
    const float mx = extreme_of(x, mode), s = (mode == Q_PLUS ? 127 : -127) / mx;
    const float d = isnan(mx) ? NAN : !isfinite(s) ? 0 : mode == Q_QUOTIENT ? mx / -127 : 1 / s;
    int16_t sums[16] = { 0 };
    for (int j = 0; j < SUPER; j++) {
        const float t = isfinite(s) ? x[j] * s : 0;
        const int q = (int)(mode == Q_AWAY ? roundf(t) : nearbyintf(t));
        b[4 + j] = (uint8_t)q;
        sums[mode == Q_SUMS_32 ? j / 32 : j / 16] = (int16_t)(sums[mode == Q_SUMS_32 ? j / 32 : j / 16] + q);
    }
    memcpy(b, &d, 4);
    if (mode != Q_NO_SUMS)
        memcpy(b + 260, sums, sizeof sums);
}

static void scaled_row(uint8_t *y, const float *x, int64_t blocks, assay_dtype t, int mode)
{
    const assay_dtype_info *info = assay_dtype_of(t);
    for (int64_t i = 0; i < blocks; i++, x += info->block, y += info->bytes)
        if (t == ASSAY_nvfp4)
            block_nv(y, x, mode);
        else if (t == ASSAY_q8_k)
            block_q8_k(y, x, mode);
        else if (t == ASSAY_tq1_0 || t == ASSAY_tq2_0)
            block_ternary(y, x, t == ASSAY_tq2_0, mode);
        else
            block_ocp(y, x, t, mode);
}
#endif
