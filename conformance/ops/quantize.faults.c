/* SPDX-License-Identifier: MIT
 * quantize: kernels that are wrong on purpose, and legal ones that reach the same bits by other ways. */
#include "../../reference/core/dtype.h"
#include "assay/blocks.h"
#include "faults.h"
#include "quantize_k.h"
#include "quantize_any.h"
#include "quantize_scaled.h"

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(TRUNCATE, "truncates", "microsoft/onnxruntime#32452")                                                            \
    X(HALF_EVEN, "half-even", "tenstorrent/tt-metal#56525, the other way round")                                       \
    X(BY_128, "one-step-more", "slip: /128 for /127")                                                                  \
    X(PREVIOUS_SCALE, "scale-of-previous-block", "slip: docs/museum.md")                                               \
    X(MAX_OF_31, "max-of-31", "an extreme at every place of a block")                                                  \
    X(INTERLEAVED, "nibbles-interleaved", "kekzl/imp#722")                                                             \
    X(UNSIGNED_MAX, "max-unsigned", "q4_0 keeps the sign of its extreme")                                              \
    X(LAST_OF_EQUALS, "last-of-equals", "the first among equals gives q4_0 its sign")                                  \
    X(ROUNDED_D, "codes-from-rounded-d", "formats 10: codes are computed with d as it was before f16")                 \
    X(FUSED, "contracted", "x*id + 8.5 as one fused operation")                                                        \
    X(NAN_DROPPED, "nan-dropped", "NaN and infinities")                                                                \
    X(MIN_ROUNDED, "min-rounded-first", "formats 4.2: x - min uses the unrounded min")                                 \
    X(NO_CLAMP, "no-clamp", "formats 4.2: the far end of q4_0 is 16; ROCm/aiter#4637")                                 \
    X(ODD_BLOCK_LOST, "odd-block-lost", "ggml-org/llama.cpp#8556")                                                     \
    X(DENSE_ROWS, "dense-rows", "padded rows")                                                                         \
    X(F16_FLUSH, "f16-subnormals-flushed", "invergent-ai/surogate#162")                                                \
    X(F16_HALF_UP, "f16-half-up", "opencv/opencv#26321")                                                               \
    X(BF16_NAN, "bf16-nan-becomes-inf", "dotnet/runtime#130583")                                                       \
    X(BF16_HALF_UP, "bf16-half-up", "opencv/opencv#26321")                                                             \
    X(BF16_FLUSH, "bf16-subnormals-flushed", "JuliaMath/BFloat16s.jl#125")                                             \
    X(RECIPROCAL_127, "reciprocal-of-127", "formats 4.2: d is a quotient")                                             \
    X(FIFTH_BITS, "fifth-bits-of-the-other-half", "formats 4.1: q5_0")                                                 \
    X(SUM_UNSCALED, "q8_1-sum-unscaled", "kekzl/imp#722")

#define LEGAL(X)                                                                                                       \
    X(PLAIN, "plain", "legal: the rule as it is written")                                                              \
    X(MAX_REVERSED, "max-reversed", "legal: the maximum in any order")                                                 \
    X(BLOCKS_REVERSED, "blocks-reversed", "legal: blocks in any order")                                                \
    X(WIDE_DIVISION, "wide-division", "legal: a quotient in double, rounded to f32, is the f32 quotient")              \
    X(WIDE_PRODUCT, "wide-product", "legal: an exact product, rounded once")                                           \
    X(INTEGER_MAX, "integer-max", "legal: magnitudes compared as integers")                                            \
    X(TRUNC_AWAY, "trunc-away", "legal: ties away by adding the float below a half")                                   \
    X(FLOOR_AWAY, "floor-away", "legal: ties away by floor")                                                           \
    X(TREE_MAX, "tree-max", "legal: the maximum by halves")                                                            \
    X(STAGED, "staged", "legal: through a local block")                                                                \
    X(CLAMP_FIRST, "clamp-first", "legal: clamped before it is truncated")                                             \
    X(F16_BY_MAGIC, "f16-by-magic", "legal: rounded by adding a large constant")                                       \
    X(BF16_BY_WIDE, "bf16-by-wide", "legal: rounded in double")                                                        \
    X(BYTE_STORES, "byte-stores", "legal: written byte by byte")                                                       \
    X(CODES_BACKWARDS, "codes-backwards", "legal: codes in any order")
/* Legal by its contract alone: what stands where a block holds a NaN or an infinity. */
#define NAN_UNSEEN(X) X(UNSEEN, "nan-unseen", "legal: under the contract NaN ignored; formats 4.3")
enum mode { LAST_OF_SCALED = SCALED_MODES - 1, FAULTS(MODE) LEGAL(MODE) NAN_UNSEEN(MODE) };

static uint32_t bits(float x)
{
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

/* ---- 16-bit floats ---- */

static uint16_t to_f16(float x, int mode)
{
    const float a = fabsf(x);
    const uint16_t sign = (uint16_t)(bits(x) >> 16 & 0x8000u);
    if (mode == F16_FLUSH && a < 0x1p-14f)
        return sign;
    if (mode == F16_HALF_UP && a >= 0x1p-14f && a < 65504.0f)
        return (uint16_t)(sign | (((bits(a) + 0x1000u) >> 13) - (112u << 10)));
    if (mode == F16_BY_MAGIC && a < 65520.0f) { /* 1.5 * 2^(e+13) cuts the sum at the last bit that f16 keeps */
        const int e = a < 0x1p-14f ? -15 : ilogbf(a) - 1;
        const float magic = ldexpf(1.5f, e + 14), cut = (a + magic) - magic;
        return (uint16_t)(sign | (cut >= 0x1p-14f ? (bits(cut) >> 13) - (112u << 10) : (uint32_t)(cut * 0x1p24f)));
    }
    return assay_f16_from_f32(x);
}

static uint16_t to_bf16(float x, int mode)
{
    const uint32_t u = bits(x);
    if (mode == BF16_NAN && isnan(x))
        return (uint16_t)(u >> 16);
    if (mode == BF16_HALF_UP && !isnan(x))
        return (uint16_t)((u + 0x8000u) >> 16);
    if (mode == BF16_FLUSH && fabsf(x) < 0x1p-126f)
        return (uint16_t)(u >> 16 & 0x8000u);
    if (mode == BF16_BY_WIDE && !isnan(x) && fabsf(x) >= 0x1p-126f && fabsf(x) < 0x1p127f) {
        int e;
        const double f = frexp((double)x, &e), cut = ldexp(nearbyint(ldexp(f, 8)), e - 8);
        return (uint16_t)(bits((float)cut) >> 16);
    }
    return assay_bf16_from_f64((double)x);
}

/* ---- blocks ---- */

static float biggest(const float *x, int mode) /* of largest magnitude, signed */
{
    const int n = mode == MAX_OF_31 ? 31 : 32;
    float m = 0;
    if (mode == TREE_MAX) {
        float t[32];
        memcpy(t, x, sizeof t);
        for (int w = 1; w < 32; w *= 2) /* of equals the left one stays, so it is the first */
            for (int i = 0; i < 32; i += 2 * w)
                t[i] = fabsf(t[i + w]) > fabsf(t[i]) ? t[i + w] : t[i];
        return t[0] == 0 ? 0 : t[0];
    }
    if (mode == INTEGER_MAX) {
        for (int i = 0; i < n; i++)
            if ((bits(x[i]) & 0x7fffffffu) > (bits(m) & 0x7fffffffu))
                m = x[i];
        return m;
    }
    for (int k = 0; k < n; k++) {
        const int i = mode == MAX_REVERSED ? n - 1 - k : k;
        if (mode == MAX_REVERSED || mode == LAST_OF_EQUALS ? fabsf(x[i]) >= fabsf(m) && x[i] != 0
                                                           : fabsf(x[i]) > fabsf(m))
            m = x[i];
    }
    return mode == UNSIGNED_MAX ? fabsf(m) : m;
}

static float inverse(float d)
{
    const float id = d != 0 ? 1 / d : 0;
    return isfinite(id) ? id : 0;
}

static float product(float x, float id, int mode)
{
    return mode == WIDE_PRODUCT ? (float)((double)x * (double)id) : x * id;
}

static int away(float t, int mode)
{
    switch (mode) {
    case TRUNCATE:
        return (int)t;
    case HALF_EVEN:
        return (int)nearbyintf(t);
    case TRUNC_AWAY:
        return (int)(t + copysignf(0.49999997f, t));
    case FLOOR_AWAY:
        return (int)copysign(floor(fabs((double)t) + 0.5), (double)t);
    default:
        return (int)roundf(t);
    }
}

static bool finite_block(const float *x)
{
    for (int i = 0; i < 32; i++)
        if (!isfinite(x[i]))
            return false;
    return true;
}

static float q8(int8_t q[32], const float *x, int mode)
{
    const bool bad = !finite_block(x);
    memset(q, 0, 32);
    if (bad && !(mode == NAN_DROPPED && isfinite(biggest(x, mode))))
        return NAN;
    const float a = fabsf(biggest(x, mode));
    const float d = mode == BY_128           ? a / 128
                    : mode == WIDE_DIVISION  ? (float)((double)a / 127)
                    : mode == RECIPROCAL_127 ? a * (1.0f / 127)
                                             : a / 127;
    const float id = inverse(mode == ROUNDED_D ? assay_f16_to_f32(assay_f16_from_f32(d)) : d);
    for (int k = 0; k < 32; k++) {
        const int i = mode == CODES_BACKWARDS ? 31 - k : k;
        q[i] = (int8_t)fmin(127, fmax(-128, away(isnan(x[i]) ? 0 : product(x[i], id, mode), mode)));
    }
    return d;
}

static uint16_t half(float d)
{
    return isnan(d) ? 0x7e00 : assay_f16_from_f32(d);
}

/* ---- 4 and 5 bits ---- */

typedef struct low {
    float d, m;
    int code[32];
} low;

static void low_pack(unsigned char *at, const int c[32], bool five, int mode)
{
    uint8_t *q = at + (five ? 4 : 0);
    for (int j = 0; j < 16; j++) {
        const int lo = mode == INTERLEAVED ? c[2 * j] : c[j], hi = mode == INTERLEAVED ? c[2 * j + 1] : c[j + 16];
        q[j] = (uint8_t)((lo & 15) | (hi & 15) << 4);
    }
    for (int k = 0; five && k < 4; k++) {
        at[k] = 0;
        for (int j = 0; j < 8; j++)
            at[k] |= (uint8_t)((c[8 * (mode == FIFTH_BITS ? k ^ 2 : k) + j] >> 4 & 1) << j);
    }
}

static int low_clamp(float t, int most, int mode)
{
    if (mode == CLAMP_FIRST)
        return (int)fminf(t, (float)most);
    const int c = mode == TRUNCATE ? (int)floorf(t - 0.5f) : mode == HALF_EVEN ? (int)nearbyintf(t - 0.5f) : (int)t;
    return mode == NO_CLAMP || c < most ? c : most;
}

static low symmetric(const float *x, int most, int mode)
{
    const bool bad = !finite_block(x);
    const float half_way = (float)(most / 2 + 1), add = half_way + 0.5f;
    float mx = biggest(x, mode);
    if (mode == MAX_REVERSED) /* the size in any order; the sign is that of the first */
        for (int i = 31; i >= 0; i--)
            mx = fabsf(x[i]) == fabsf(mx) && x[i] != 0 ? x[i] : mx;
    low b = { .d = bad ? NAN : mx / -half_way };
    const float id = bad ? 0 : inverse(mode == ROUNDED_D ? assay_f16_to_f32(half(b.d)) : b.d);
    for (int j = 0; j < 32; j++)
        b.code[j] = low_clamp(bad             ? add
                              : mode == FUSED ? fmaf(x[j], id, add)
                                              : product(x[j], id, mode) + add,
                              most, mode);
    return b;
}

static low affine(const float *x, int most, int mode)
{
    bool bad = !finite_block(x);
    float lo = x[0], hi = x[0];
    for (int i = 1; i < (mode == MAX_OF_31 ? 31 : 32); i++) {
        lo = x[i] < lo ? x[i] : lo;
        hi = x[i] > hi ? x[i] : hi;
    }
    const float steps = (float)most;
    const float d = mode == WIDE_DIVISION    ? (float)((double)(hi - lo) / most)
                    : mode == BY_128         ? (hi - lo) / (steps + 1)
                    : mode == RECIPROCAL_127 ? (hi - lo) * (1.0f / steps)
                                             : (hi - lo) / steps;
    bad |= !isfinite(d);
    const float id = bad ? 0 : inverse(mode == ROUNDED_D ? assay_f16_to_f32(half(d)) : d);
    const float from = mode == MIN_ROUNDED ? assay_f16_to_f32(half(lo)) : lo;
    low b = { bad ? NAN : d, bad ? NAN : lo, { 0 } };
    for (int j = 0; j < 32; j++)
        b.code[j] = low_clamp(bad             ? 0.5f
                              : mode == FUSED ? fmaf(x[j] - from, id, 0.5f)
                                              : fmaxf(product(x[j] - from, id, mode) + 0.5f, 0),
                              most, mode);
    return b;
}

static void low_block(unsigned char *y, const float *x, bool five, bool minimum, int mode)
{
    const int most = five ? 31 : 15;
    const low b = minimum ? affine(x, most, mode) : symmetric(x, most, mode);
    const uint16_t head[2] = { half(b.d), half(b.m) };
    memcpy(y, head, minimum ? 4 : 2);
    low_pack(y + (minimum ? 4 : 2), b.code, five, mode);
}

static void block(assay_dtype type, void *y, const float *x, int mode)
{
    const bool five = type == ASSAY_q5_0 || type == ASSAY_q5_1;
    if (five || type == ASSAY_q4_0 || type == ASSAY_q4_1) {
        low_block(y, x, five, type == ASSAY_q4_1 || type == ASSAY_q5_1, mode);
    } else if (type == ASSAY_q8_0) {
        assay_q8_0 *b = y;
        b->d = half(q8(b->q, x, mode));
    } else {
        assay_q8_1 *b = y;
        const float d = q8(b->q, x, mode);
        int sum = 0;
        for (int i = 0; i < 32; i++)
            sum += b->q[i];
        b->d = half(d), b->s = half(mode == SUM_UNSCALED ? (float)sum : (float)sum * d);
    }
}

static void row_of_blocks(const assay_args *a, char *y, const float *x, int64_t n, int mode)
{
    const assay_dtype type = a->operand[1].type;
    const int64_t size = assay_dtype_of(type)->bytes, left = mode == ODD_BLOCK_LOST && n % 2 ? n - 1 : n;
    for (int64_t k = 0; k < left; k++) {
        const int64_t i = mode == BLOCKS_REVERSED ? n - 1 - k : k;
        unsigned char t[64];
        block(type, mode == STAGED || mode == BYTE_STORES ? (char *)t : y + i * size, x + 32 * i, mode);
        if (mode == STAGED)
            memcpy(y + i * size, t, (size_t)size);
        for (int64_t j = 0; mode == BYTE_STORES && j < size; j++)
            ((volatile char *)y)[i * size + j] = (char)t[j];
        if (mode == PREVIOUS_SCALE && i > 0)
            memcpy(y + i * size, y + (i - 1) * size, 2);
    }
}

static bool is_k(assay_dtype t)
{
    return t >= ASSAY_q2_k && t <= ASSAY_q6_k;
}
static bool is_ocp(assay_dtype t)
{
    return t >= ASSAY_mxint8 && t <= ASSAY_mxfp8_e4m3;
}

static void write_row(const assay_args *a, char *y, const float *x, int64_t C, int mode)
{
    const assay_dtype type = a->operand[1].type;
    const int block_length = assay_dtype_of(type)->block;
    if (mode > ANY_FIRST && mode < ANY_MODES)
        any_row(y, x, C / block_length, type, mode);
    else if (mode > SCALED_FIRST && mode < SCALED_MODES)
        scaled_row((uint8_t *)y, x, C / block_length, type, mode);
    else if (is_k(type))
        k_row(y, x, C / SUPER, type, mode);
    else if (type == ASSAY_iq4_nl || block_length > 32 || is_ocp(type))
        any_row(y, x, C / block_length, type, mode);
    else if (type == ASSAY_mxfp4)
        for (int64_t c = 0; c < C; c += 32)
            block_mx((assay_mxfp4 *)(void *)(y + c / 32 * 17), x + c, mode);
    else if (assay_dtype_of(type)->bytes == 1)
        for (int64_t c = 0; c < C; c++)
            y[c] = (char)to_8(x[c], type, mode);
    else if (block_length == 1)
        for (int64_t c = 0; c < C; c++) {
            const uint16_t h = type == ASSAY_f16 ? to_f16(x[c], mode) : to_bf16(x[c], mode);
            memcpy(y + 2 * c, &h, 2);
        }
    else
        row_of_blocks(a, y, x, C / 32, mode);
}

/* A NaN is a 0, and in a block an infinity, too. */
static void write_unseen(const assay_args *a, char *y, const float *x, int64_t C)
{
    const assay_dtype type = a->operand[1].type;
    for (int64_t c = 0; c < C; c += SUPER) {
        float t[SUPER];
        const int64_t n = C - c < SUPER ? C - c : SUPER;
        for (int64_t k = 0; k < n; k++)
            t[k] = isnan(x[c + k]) || (assay_dtype_of(type)->block > 1 && isinf(x[c + k])) ? 0 : x[c + k];
        write_row(a, y + assay_dtype_bytes(type, c), t, n, UNSEEN);
    }
}

static assay_status run(const assay_args *a)
{
    const int mode = mode_of(a);
    const int64_t C = a->dim[1];
    for (int64_t r = a->begin; r < a->end; r++) {
        const float *x = (const float *)((const char *)a->operand[0].data + r * a->operand[0].stride[0]);
        char *y = (char *)a->operand[1].data +
                  r * (mode == DENSE_ROWS ? assay_dtype_bytes(a->operand[1].type, C) : a->operand[1].stride[0]);
        if (mode == UNSEEN)
            write_unseen(a, y, x, C);
        else
            write_row(a, y, x, C, mode);
    }
    return ASSAY_OK;
}

static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(f32)),
                                       ASSAY_TYPES(ASSAY_T(f16) | ASSAY_T(bf16) | ASSAY_T(q8_0) | ASSAY_T(q8_1) |
                                                   ASSAY_T(q4_0) | ASSAY_T(q4_1) | ASSAY_T(q5_0) | ASSAY_T(q5_1)) };
static const assay_typeset types_k[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(q4_k) | ASSAY_T(q6_k)) };
/* Types that the above does not write by itself; all of them; those that a search writes */
#define OTHER_SEARCHES                                                                                                 \
    (ASSAY_T(q2_k) | ASSAY_T(q3_k) | ASSAY_T(q5_k) | ASSAY_T(iq4_nl) | ASSAY_T(iq4_xs) | ASSAY_T(iq2_xs))
#define FLOATS_OF_8 (ASSAY_T(e4m3) | ASSAY_T(e5m2) | ASSAY_T(e4m3fnuz) | ASSAY_T(e5m2fnuz))
#define OCP         (ASSAY_T(mxfp8_e4m3) | ASSAY_T(mxfp8_e5m2) | ASSAY_T(mxfp6_e2m3) | ASSAY_T(mxfp6_e3m2) | ASSAY_T(mxint8))
#define OF_256      (ASSAY_T(tq1_0) | ASSAY_T(tq2_0) | ASSAY_T(q8_k))
static const assay_typeset types_ocp[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(OCP) };
static const assay_typeset types_nv[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(nvfp4)) };
static const assay_typeset types_256[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(OF_256) };
static const assay_typeset types_any[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(OTHER_SEARCHES | ASSAY_T(mxfp4) |
                                                                                  OCP | OF_256 | ASSAY_T(nvfp4)) };
static const assay_typeset types_search[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(OTHER_SEARCHES) };
static const assay_typeset types_8[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(FLOATS_OF_8) };
static const assay_typeset types_mx[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(mxfp4)) };
static const assay_typeset types_all[] = { ASSAY_TYPES(ASSAY_T(f32)),
                                           ASSAY_TYPES(ASSAY_T(f16) | ASSAY_T(bf16) | ASSAY_T(q8_0) | ASSAY_T(q8_1) |
                                                       ASSAY_T(q4_0) | ASSAY_T(q4_1) | ASSAY_T(q5_0) | ASSAY_T(q5_1) |
                                                       ASSAY_T(q4_k) | ASSAY_T(q6_k) | ASSAY_T(mxfp4) | OTHER_SEARCHES |
                                                       FLOATS_OF_8 | OCP | OF_256) };
static const assay_contract blind = { .nan_ignored = 1 };
#define KERNEL_BASE .op = "quantize", .types = types
static const assay_fault table[] = { FAULTS(BAD_ROW) LEGAL(GOOD_ROW)
#undef KERNEL_BASE
#define KERNEL_BASE .op = "quantize", .types = types_k
                                         K_FAULTS(BAD_ROW) K_LEGAL(GOOD_ROW)
#undef KERNEL_BASE
#define KERNEL_BASE .op = "quantize", .types = types_k, .flags = ASSAY_BITEXACT
                                             K_OTHER_BITS(BAD_ROW)
#undef KERNEL_BASE
#define KERNEL_BASE .op = "quantize", .types = types_any
                                                 ANY_FAULTS(BAD_ROW) ANY_LEGAL(GOOD_ROW)
#undef KERNEL_BASE
#define KERNEL_BASE .op = "quantize", .types = types_search
                                                     ANY_SEARCH(GOOD_ROW)
#undef KERNEL_BASE
#define KERNEL_BASE .op = "quantize", .types = types_8
                                                         FAULTS_8(BAD_ROW) LEGAL_8(GOOD_ROW)
#undef KERNEL_BASE
#define KERNEL_BASE .op = "quantize", .types = types_mx
                                                             FAULTS_MX(BAD_ROW) LEGAL_MX(GOOD_ROW)
#undef KERNEL_BASE
#define KERNEL_BASE .op = "quantize", .types = types_ocp
                                                                 FAULTS_OCP(BAD_ROW) LEGAL_OCP(GOOD_ROW)
#undef KERNEL_BASE
#define KERNEL_BASE .op = "quantize", .types = types_nv
                                                                     FAULTS_NV(BAD_ROW) LEGAL_NV(GOOD_ROW)
#undef KERNEL_BASE
#define KERNEL_BASE .op = "quantize", .types = types_256
                                                                         FAULTS_256(BAD_ROW) LEGAL_256(GOOD_ROW)
#undef KERNEL_BASE
#define KERNEL_BASE .op = "quantize", .types = types_all, .contract = &blind
                                                                             NAN_UNSEEN(GOOD_ROW) };

const assay_faults assay_faults_quantize = { "quantize", table, ASSAY_COUNT_OF(table) };
