/* SPDX-License-Identifier: MIT
 * matmul_scaled: kernels that are wrong on purpose, most in which scale and which zero point a weight gets, and legal
 * ones: weights decoded first and summed in any order, and groups summed first. */
#include "assay/params/matmul_scaled.h"
#include "faults.h"
#include "variants.h"
#include <stdlib.h>

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(SCALE_NEXT, "scale-of-the-next-group", "off by one")                                                             \
    X(SCALE_FIRST, "scale-of-the-first-group", "own")                                                                  \
    X(SCALE_LAST, "scale-of-the-group-before-for-what-is-left", "slip: tail")                                          \
    X(SCALE_TURNED, "scales-transposed", "own: as (G, R)")                                                             \
    X(SCALE_LOST, "scale-left-out", "own")                                                                             \
    X(GROUPS_DEALT, "groups-dealt-in-turn", "own: column k belongs to group k mod G")                                  \
    X(GROUPS_EVEN, "groups-of-equal-length", "NVIDIA/TensorRT-Model-Connect#1115: K / G, rounded up, for the length")  \
    X(ROWS_DEALT, "rows-dealt-in-turn", "sgl-project/sglang#35703: rows permuted, scales not")                         \
    X(ROWS_FLOOR, "blocks-of-n-over-r-rows", "axolotl-ai-cloud/axolotl#3771: rounded down")                            \
    X(ROWS_FIRST, "scale-of-the-first-rows", "own")                                                                    \
    X(BYTE_GROUP, "group-of-the-lower-half-byte", "Comfy-Org/comfy-kitchen#50: a group that ends within a byte")       \
    X(GROUP_CUT, "nothing-for-groups-beyond-256", "microsoft/onnxruntime#28551: zeros for a long group")               \
    X(ZERO_MORE, "zero-point-1-more", "vllm-project/vllm#38966: gptq_v2 read as gptq")                                 \
    X(ZERO_LESS, "zero-point-1-less", "vllm-project/vllm#26092: gptq read as gptq_v2")                                 \
    X(ZERO_0_IS_15, "zero-point-0-is-15", "ModelCloud/GPTQModel#2350: 0 less 1 in 4 bits")                             \
    X(ZERO_16_IS_0, "zero-point-16-is-0", "own: 4 bits kept")                                                          \
    X(ZERO_LOST, "zero-point-ignored", "own")                                                                          \
    X(ZERO_ADDED, "zero-point-added", "own: a sign")                                                                   \
    X(ZERO_EIGHT, "zero-point-8-for-all", "own: taken for symmetric")                                                  \
    X(ZERO_IMPLIED, "zero-point-8-where-none-is", "vllm-project/vllm#7517: symmetric or not mistaken")                 \
    X(ZERO_AFTER, "zero-point-after-the-scale", "own: w scale - zero")                                                 \
    X(ZERO_NEXT, "zero-point-of-the-next-group", "off by one")                                                         \
    X(ZERO_FIRST, "zero-point-of-the-first-group", "own")                                                              \
    X(ZERO_TURNED, "zero-points-transposed", "own: as (G, R)")                                                         \
    X(APART, "zero-point-taken-off-the-sum", "own: zero times the sum of x, beside which what is left is small")       \
    X(ZERO_PADDED, "zero-point-times-whole-groups", "own: the sum of x, counted on past the end")                      \
    X(NIBBLES, "half-bytes-swapped", "own")                                                                            \
    X(AWQ_ORDER, "half-bytes-in-the-order-of-awq", "own: 0 2 4 6 1 3 5 7 of eight")                                    \
    X(GGML_ORDER, "half-bytes-16-apart", "1bit-MONSTER/1bit-MONSTER#572: as q4_0 has them")                            \
    X(SIGNED, "half-bytes-with-a-sign", "own: two's complement")                                                       \
    X(LADDER, "e2m1-as-integers-with-a-sign", "own: sign and size, not a float")                                       \
    X(TWICE, "e2m1-twice-as-large", "own: whole numbers of a table, the scale not halved")                             \
    X(HALF_LOST, "e2m1-without-a-half", "own: the subnormal code flushed")                                             \
    X(MINUS_6, "e2m1-in-twos-complement", "own: codes 8 to 15 as 0 less the size of 16 less the code")                 \
    X(UNSIGNED, "bytes-without-a-sign", "own")                                                                         \
    X(FNUZ, "e4m3-as-fnuz", "own: the bias of another kind")                                                           \
    X(NAN_480, "nan-of-e4m3-is-480", "own: the code is read as a number")                                              \
    X(SUBNORMAL_8, "subnormal-codes-lost", "own: floats of 8 bits flushed")                                            \
    X(T_SCALE_LOST, "scale-of-x-left-out", "own")                                                                      \
    X(T_SCALE_FIRST, "scale-of-x-of-the-first-token", "own")                                                           \
    X(T_SCALE_GROUP, "scale-of-x-of-the-first-group", "own: by token alone")                                           \
    X(T_SCALE_TURNED, "scale-of-x-transposed", "own: as (G, T), as some kernels want it")                              \
    X(T_SCALE_DIVIDES, "scale-of-x-divides", "own: the factor that quantized")                                         \
    X(W_F16, "weights-decoded-to-f16", "own: as on a GPU")                                                             \
    X(W_BF16, "weights-decoded-to-bf16", "own")                                                                        \
    X(BF16_SUM, "sum-in-bf16", "own")                                                                                  \
    X(X_8, "x-rounded-to-8-bits", "own: by token, undeclared")                                                         \
    X(LAST_GROUP, "last-group-skipped", "slip: tail")                                                                  \
    X(TAIL, "tail-skipped", "slip: tail")

#define LEGAL(X)                                                                                                       \
    X(GROUPS, "groups-first", "legal: a sum for each group, then the scales")                                          \
    X(GROUPS_BOTH, "groups-first-scales-together", "legal: times the product of both scales")                          \
    X(GROUPS_FUSED, "groups-first-fused", "legal")                                                                     \
    X(X_FIRST, "scale-in-x", "legal: x times both scales, then codes")                                                 \
    X(DOUBLE, "double", "legal: rounded once")

enum { PLAIN, FAULTS(MODE) LEGAL(MODE) };
enum { X, W, SCALE, ZERO, T_SCALE, Y };

static int64_t min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}
static int64_t shorter(int64_t n, int64_t size) /* blocks of equal length: how long */
{
    return n ? (n - 1) / size + 1 : 1;
}
/* Element (r, c) of a matrix (R, C) of any type, by strides, transposed or not */
static float at(const assay_tensor *t, int64_t r, int64_t c, bool turned)
{
    const int64_t i = r * t->dim[1] + c;
    float v;
    if (turned)
        r = i % t->dim[0], c = i / t->dim[0];
    assay_vary_read(t, r, t->stride[1] ? c : 0, 1, &v);
    return v;
}

typedef struct term { /* of one output, column k: x (w - z) s p; room for two factors */
    float *x, *w, *z, *s, *p, *a, *b;
} term;

static int64_t rows_of(const assay_args *a)
{
    const assay_matmul_scaled_params *p = a->params;
    return p->rows ? p->rows : a->dim[1];
}
static int64_t length_of(const assay_args *a)
{
    const assay_matmul_scaled_params *p = a->params;
    return p->group ? p->group : a->dim[2] + !a->dim[2];
}

static int64_t group_of(const assay_args *a, int64_t k, int mode)
{
    const int64_t K = a->dim[2], G = a->dim[4];
    const bool four = a->operand[W].type == ASSAY_u4 || a->operand[W].type == ASSAY_e2m1;
    switch (mode) {
    case GROUPS_DEALT:
        return k % G;
    case GROUPS_EVEN:
        return k / shorter(K, G);
    case BYTE_GROUP:
        return (four ? k & ~INT64_C(1) : k) / length_of(a);
    default:
        return k / length_of(a);
    }
}
static int64_t block_of(const assay_args *a, int64_t n, int mode)
{
    const int64_t N = a->dim[1], R = a->dim[3];
    switch (mode) {
    case ROWS_DEALT:
        return n % R;
    case ROWS_FLOOR:
        return min(n / (N / R), R - 1);
    case ROWS_FIRST:
        return 0;
    default:
        return n / rows_of(a);
    }
}

static float scale_of(const assay_args *a, int64_t r, int64_t g, int mode)
{
    const int64_t G = a->dim[4];
    if (mode == SCALE_LOST)
        return 1;
    g = mode == SCALE_NEXT                                                  ? min(g + 1, G - 1)
        : mode == SCALE_FIRST                                               ? 0
        : mode == SCALE_LAST && g && g == G - 1 && a->dim[2] % length_of(a) ? g - 1
                                                                            : g;
    return at(&a->operand[SCALE], r, g, mode == SCALE_TURNED);
}
static float zero_of(const assay_args *a, int64_t r, int64_t g, int mode)
{
    const assay_tensor *t = &a->operand[ZERO];
    const bool four = a->operand[W].type == ASSAY_u4;
    if (!t->data)
        return mode == ZERO_IMPLIED && four ? 8 : 0;
    g = mode == ZERO_NEXT ? min(g + 1, a->dim[4] - 1) : mode == ZERO_FIRST ? 0 : g;
    const float z = at(t, r, g, mode == ZERO_TURNED && t->stride[0] && t->stride[1]);
    switch (mode) {
    case ZERO_MORE:
        return z + 1;
    case ZERO_LESS:
        return z - 1;
    case ZERO_0_IS_15:
        return four && z == 0 ? 15 : z;
    case ZERO_16_IS_0:
        return z == 16 ? 0 : z;
    case ZERO_LOST:
        return 0;
    case ZERO_ADDED:
        return -z;
    case ZERO_EIGHT:
        return 8;
    default:
        return z;
    }
}
static float x_scale_of(const assay_args *a, int64_t t, int64_t g, int mode)
{
    const assay_tensor *s = &a->operand[T_SCALE];
    if (!s->data || mode == T_SCALE_LOST)
        return 1;
    const float p = at(s, mode == T_SCALE_FIRST ? 0 : t, mode == T_SCALE_GROUP ? 0 : g,
                       mode == T_SCALE_TURNED && s->stride[0] && s->stride[1]);
    return mode == T_SCALE_DIVIDES ? 1 / p : p;
}

static float e2m1(int code, int mode)
{
    static const float size[] = { 0, 0.5F, 1, 1.5F, 2, 3, 4, 6 };
    const int at = mode == MINUS_6 && code > 8 ? 16 - code : code & 7;
    const float v = mode == LADDER ? (float)at : mode == HALF_LOST && at == 1 ? 0 : size[at];
    return (code > 7 ? -v : v) * (mode == TWICE ? 2 : 1);
}
/* Codes of a row, misread */
static void misread(float *w, const assay_args *a, int64_t n, int mode)
{
    static const int awq[] = { 0, 2, 4, 6, 1, 3, 5, 7 };
    const int64_t K = a->dim[2];
    const assay_dtype type = a->operand[W].type;
    const unsigned char *code = (const unsigned char *)a->operand[W].data + n * a->operand[W].stride[0];
    for (int64_t k = 0; k < K && (type == ASSAY_u4 || type == ASSAY_e2m1); k++) {
        const int64_t eight = k & ~INT64_C(7), block = k & ~INT64_C(31);
        const int64_t from = mode == NIBBLES                         ? k ^ 1
                             : mode == AWQ_ORDER && eight + 8 <= K   ? eight + awq[k % 8]
                             : mode == GGML_ORDER && block + 32 <= K ? block + k % 32 % 16 * 2 + k % 32 / 16
                                                                     : k;
        const int v = code[from / 2] >> from % 2 * 4 & 15;
        w[k] = type == ASSAY_e2m1 ? e2m1(v, mode) : (float)(mode == SIGNED && v > 7 ? v - 16 : v);
    }
    for (int64_t k = 0; k < K; k++)
        if (type == ASSAY_i8 && mode == UNSIGNED)
            w[k] = code[k];
        else if (type == ASSAY_e4m3 && mode == FNUZ)
            w[k] /= 2;
        else if (type == ASSAY_e4m3 && mode == NAN_480 && isnan(w[k]))
            w[k] = code[k] & 0x80 ? -480 : 480;
        else if (mode == SUBNORMAL_8 &&
                 ((type == ASSAY_e4m3 && !(code[k] & 0x78)) || (type == ASSAY_e5m2 && !(code[k] & 0x7c))))
            w[k] = 0;
}

/* A scale for the token, so that codes of x have 8 bits */
static void round_x(float *x, int64_t K)
{
    float most = 0;
    for (int64_t k = 0; k < K; k++)
        most = fabsf(x[k]) > most ? fabsf(x[k]) : most;
    const float d = most / 127;
    for (int64_t k = 0; k < K && d > 0 && isfinite(d); k++)
        x[k] = isfinite(x[k]) ? rintf(x[k] / d) * d : x[k];
}

/* Row n: codes, and of each column its scale and zero point */
static void weights(const assay_args *a, term v, int64_t n, int mode)
{
    const int64_t r = block_of(a, n, mode);
    int64_t last = -1;
    float s = 0, z = 0;
    assay_vary_read(&a->operand[W], n, 0, a->dim[2], v.w);
    misread(v.w, a, n, mode);
    for (int64_t k = 0; k < a->dim[2]; k++) {
        const int64_t g = group_of(a, k, mode);
        if (g != last)
            s = scale_of(a, r, g, mode), z = zero_of(a, r, g, mode), last = g;
        v.s[k] = mode == GROUP_CUT && k % length_of(a) >= 256 ? 0 : s;
        v.z[k] = z;
    }
}
/* Row t: x, and of each column its scale */
static void activations(const assay_args *a, term v, int64_t t, int mode)
{
    const int64_t K = a->dim[2], group = length_of(a);
    float p = 1;
    assay_vary_read(&a->operand[X], t, 0, K, v.x);
    if (mode == X_8)
        round_x(v.x, K);
    for (int64_t k = 0; k < K; k++)
        v.p[k] = p = k % group ? p : x_scale_of(a, t, k / group, mode);
}

/* w - z times s, as a kernel has it that decodes first */
static float decoded(term v, int64_t k, int mode)
{
    if (mode == ZERO_AFTER)
        return v.w[k] * v.s[k] - v.z[k];
    const float w = (v.w[k] - v.z[k]) * v.s[k];
    return mode == W_F16 ? assay_f16_to_f32(assay_f16_from_f64((double)w)) : mode == W_BF16 ? as_bf16(w) : w;
}

static float by_terms(term v, int64_t K, int mode, const assay_sum *order)
{
    float sum = 0;
    double wide = 0;
    for (int64_t k = 0; k < K; k++) {
        wide += (double)v.x[k] * v.p[k] * (double)v.s[k] * (v.w[k] - v.z[k]);
        v.a[k] = mode == X_FIRST ? v.x[k] * (v.s[k] * v.p[k]) : v.x[k] * v.p[k];
        v.b[k] = mode == X_FIRST ? v.w[k] - v.z[k] : decoded(v, k, mode);
        sum = mode == BF16_SUM ? chop(sum + v.a[k] * v.b[k], 7) : 0;
    }
    return mode == DOUBLE ? (float)wide : mode == BF16_SUM ? sum : assay_sum_of(order, v.a, 1, v.b, 1, K);
}
static float by_groups(term v, int64_t K, int64_t group, int mode)
{
    float all = 0;
    for (int64_t from = 0; from < K; from += group) {
        const float s = v.s[from], p = v.p[from], z = v.z[from];
        float sum = 0, apart = 0, xs = 0;
        for (int64_t k = from; k < K && k < from + group; k++) {
            sum = mode == GROUPS_FUSED ? fmaf(v.x[k], v.w[k] - z, sum) : sum + v.x[k] * (v.w[k] - z);
            apart += v.x[k] * v.w[k], xs += v.x[k];
        }
        if (mode == ZERO_PADDED && from + group > K && K)
            xs += (float)(from + group - K) * v.x[K - 1];
        if (mode == APART || mode == ZERO_PADDED)
            sum = apart - z * xs;
        all = mode == GROUPS_BOTH    ? all + sum * (s * p)
              : mode == GROUPS_FUSED ? fmaf(sum * p, s, all)
                                     : all + sum * s * p;
    }
    return all;
}

static assay_status products(const assay_args *a, int mode, const assay_sum *order)
{
    const int64_t T = a->dim[0], K = a->dim[2], G = a->dim[4], room = K + 1, group = length_of(a);
    const int64_t full = mode == TAIL && K > 8 ? K & ~INT64_C(7) : mode == LAST_GROUP && G > 1 ? (G - 1) * group : K;
    const bool groups =
        mode == GROUPS || mode == GROUPS_BOTH || mode == GROUPS_FUSED || mode == APART || mode == ZERO_PADDED;
    float *memory = malloc((size_t)((5 + 2 * T) * room) * sizeof *memory);
    if (!memory)
        return ASSAY_ERR_NOMEM;
    term v = {
        .w = memory, .z = memory + room, .s = memory + 2 * room, .a = memory + 3 * room, .b = memory + 4 * room
    };
    for (int64_t n = a->begin; n < a->end; n++) {
        weights(a, v, n, mode);
        for (int64_t t = 0; t < T; t++) {
            v.x = memory + (5 + 2 * t) * room, v.p = v.x + room;
            if (n == a->begin)
                activations(a, v, t, mode);
            const float y = groups ? by_groups(v, full, group, mode) : by_terms(v, full, mode, order);
            assay_vary_write(&a->operand[Y], t, n, 1, &y);
        }
    }
    free(memory);
    return ASSAY_OK;
}
static assay_status run(const assay_args *a)
{
    return products(a, mode_of(a), &assay_sums[0]);
}
static assay_status vary(const assay_args *a)
{
    return products(a, PLAIN, a->variant);
}

#define X_TYPES ASSAY_TYPES(ASSAY_T(f32) | ASSAY_T(f16) | ASSAY_T(bf16) | ASSAY_T(e4m3) | ASSAY_T(e2m1))
#define W_TYPES ASSAY_TYPES(ASSAY_T(i8) | ASSAY_T(u4) | ASSAY_T(e2m1) | ASSAY_T(e4m3) | ASSAY_T(e5m2))
#define S_TYPES ASSAY_TYPES(ASSAY_T(f32) | ASSAY_T(f16) | ASSAY_T(bf16) | ASSAY_T(e4m3))
static const assay_typeset types[] = { X_TYPES, W_TYPES, S_TYPES, ASSAY_TYPES(ASSAY_T(i8)), VARY_F32, VARY_FLOATS };
#define VARY        vary
#define KERNEL_BASE .op = "matmul_scaled", .types = types
#define VARY_BASE   KERNEL_BASE
static const assay_fault table[] = { SUMS(VARY_ROW) FAULTS(BAD_ROW) LEGAL(GOOD_ROW) };

const assay_faults assay_faults_matmul_scaled = { "matmul_scaled", table, ASSAY_COUNT_OF(table) };
