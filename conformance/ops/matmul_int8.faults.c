/* SPDX-License-Identifier: MIT
 * matmul_int8: kernels that are wrong on purpose, and legal ones that must pass.  The sum is exact in every order, so
 * legal ones differ in how they come by it, and in the order of what rounds. */
#include "faults.h"
#include "variants.h"

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(SATURATE, "pair-sums-saturate-at-16-bit", "uxlfoundation/oneDNN#518")                                            \
    X(SATURATE_ONE, "pair-sums-saturate-for-one-token", "robertknight/rten#1046: the way of one row alone")            \
    X(WRAP_PAIR, "two-products-in-16-bit", "microsoft/onnxruntime#31573: -128 -128 twice does not fit")                \
    X(WRAP_BLOCK, "block-sums-wrap-at-16-bit", "microsoft/BitNet#459")                                                 \
    X(SIGN_TRICK, "sign-trick-negates-minus-128", "ggml-org/llama.cpp#1393")                                           \
    X(NO_MINUS_128, "x-of-minus-128-clamped", "own: codes taken for symmetric")                                        \
    X(W_NO_MINUS_128, "w-of-minus-128-clamped", "own: the same")                                                       \
    X(X_UNSIGNED, "x-unsigned", "own: the sign of x lost")                                                             \
    X(W_UNSIGNED, "w-unsigned", "own: the sign of w lost")                                                             \
    X(OFFSET, "offset-of-128-stays", "own: x + 128 against w, and never taken back")                                   \
    X(OFFSET_X, "offset-of-128-times-the-wrong-sum", "own: of x for w")                                                \
    X(FLOAT, "sum-in-f32", "own: exact to 2^24")                                                                       \
    X(BF16, "sum-in-bf16", "own")                                                                                      \
    X(TAIL_4, "tail-of-k-mod-4-skipped", "slip: tail")                                                                 \
    X(TAIL_32, "tail-of-k-mod-32-skipped", "slip: tail")                                                               \
    X(TAIL_STALE, "tail-filled-with-what-was-there", "own: the last 4 codes once more")                                \
    X(NO_X_ZERO, "zero-point-of-x-ignored", "own")                                                                     \
    X(NO_W_ZERO, "zero-point-of-w-ignored", "own")                                                                     \
    X(X_ZERO_SIGN, "zero-point-of-x-added", "own: a sign")                                                             \
    X(W_ZERO_SIGN, "zero-point-of-w-added", "own: a sign")                                                             \
    X(NO_CROSS, "product-of-zero-points-left-out", "own")                                                              \
    X(CROSS_SIGN, "product-of-zero-points-subtracted", "own: a sign")                                                  \
    X(CROSS_LONG, "product-of-zero-points-by-whole-vectors", "own: K rounded up to 16")                                \
    X(SUMS_SWAPPED, "sums-of-x-and-w-swapped", "own")                                                                  \
    X(ZERO_FLOAT, "zero-points-corrected-in-f32", "own: differences of rounded parts")                                 \
    X(ZERO_UNSIGNED, "zero-point-of-x-unsigned", "own")                                                                \
    X(SCALE_FIRST, "scale-of-the-first-token", "own")                                                                  \
    X(SCALE_BEFORE, "scale-of-the-token-before", "own")                                                                \
    X(SCALES_SWAPPED, "scales-by-the-wrong-index", "own: of token n and channel t")                                    \
    X(SCALE_F16, "product-of-scales-in-f16", "own")                                                                    \
    X(SCALE_LOST, "scale-of-x-left-out", "own")                                                                        \
    X(SUM_F16, "sum-rounded-to-f16", "own: before it is scaled")                                                       \
    X(SUM_UNSIGNED, "sum-read-as-unsigned", "own")                                                                     \
    X(BIAS_LOST, "bias-left-out", "own")                                                                               \
    X(BIAS_SCALED, "bias-scaled", "own: added to the sum")                                                             \
    X(BIAS_WHOLE, "bias-rounded-to-steps", "own: added as an integer")                                                 \
    X(BIAS_TOKEN, "bias-by-token", "own")

#define LEGAL(X)                                                                                                       \
    X(DIFFERENCES, "differences", "legal: zero points subtracted first")                                               \
    X(UNSIGNED, "w-with-128", "legal: unsigned w, in 32 bits that wrap")                                               \
    X(X_FIRST, "scale-of-x-first", "legal: (sum x_scale) w_scale")                                                     \
    X(W_FIRST, "scale-of-w-first", "legal: (sum w_scale) x_scale")                                                     \
    X(FUSED, "bias-fused", "legal")                                                                                    \
    X(FUSED_X, "bias-fused-scale-of-x-first", "legal")                                                                 \
    X(DOUBLE, "double", "legal: rounded once")

enum { PLAIN, FAULTS(MODE) LEGAL(MODE) };
enum { A, W, A_SCALE, W_SCALE, A_ZERO, W_ZERO, BIAS, Y };

static int minus_127(int code)
{
    return code < -127 ? -127 : code;
}
static int to_16(int v)
{
    return v > INT16_MAX ? INT16_MAX : v < INT16_MIN ? INT16_MIN : v;
}

/* One product, as a kernel has it that is wrong in its factors */
static int product(int x, int w, int mode)
{
    switch (mode) {
    case SIGN_TRICK:
        return x < 0 ? -x * (int8_t)-w : x * w;
    case NO_MINUS_128:
        return minus_127(x) * w;
    case W_NO_MINUS_128:
        return x * minus_127(w);
    case X_UNSIGNED:
        return (uint8_t)x * w;
    case W_UNSIGNED:
        return x * (uint8_t)w;
    case OFFSET:
    case OFFSET_X:
    case SATURATE:
        return (x + 128) * w;
    default:
        return x * w;
    }
}

/* sum x w, by lanes of 16 bits that are emptied after 256 products */
static int64_t by_blocks(const int8_t *x, const int8_t *w, int64_t K)
{
    int16_t lane[8] = { 0 };
    int64_t sum = 0;
    for (int64_t k = 0; k < K; k++) {
        lane[k % 8] = (int16_t)(lane[k % 8] + x[k] * w[k]);
        for (int l = 0; (k % 256 == 255 || k == K - 1) && l < 8; l++) {
            sum += lane[l];
            lane[l] = 0;
        }
    }
    return sum;
}
static int64_t by_pairs(const int8_t *x, const int8_t *w, int64_t K, int mode)
{
    int64_t sum = 0;
    for (int64_t k = 0; k < K; k += 2) {
        const int two = product(x[k], w[k], mode) + (k + 1 < K ? product(x[k + 1], w[k + 1], mode) : 0);
        sum += mode == WRAP_PAIR ? (int16_t)two : to_16(two);
    }
    return sum;
}
static float by_floats(const int8_t *x, const int8_t *w, int64_t K, int mode)
{
    float sum = 0;
    for (int64_t k = 0; k < K; k++)
        sum = mode == BF16 ? chop(sum + (float)(x[k] * w[k]), 7) : sum + (float)(x[k] * w[k]);
    return sum;
}

/* sum x w without zero points */
static int64_t products(const int8_t *x, const int8_t *w, int64_t K, int64_t x_sum, int64_t w_sum, int mode)
{
    int64_t sum = 0;
    const int64_t full = mode == TAIL_4 && K > 4 ? K & ~INT64_C(3) : mode == TAIL_32 && K > 32 ? K & ~INT64_C(31) : K;
    if (mode == WRAP_BLOCK)
        return by_blocks(x, w, K);
    if (mode == SATURATE || mode == WRAP_PAIR)
        return by_pairs(x, w, K, mode) - (mode == SATURATE ? 128 * w_sum : 0);
    if (mode == FLOAT || mode == BF16)
        return (int64_t)by_floats(x, w, K, mode);
    for (int64_t k = 0; k < full; k++)
        sum += product(x[k], w[k], mode);
    for (int64_t k = K; mode == TAIL_STALE && K > 4 && k % 4; k++)
        sum += x[k - 4] * w[k - 4];
    return mode == OFFSET_X ? sum - 128 * x_sum : sum;
}

static int zero_of(const assay_tensor *t, int64_t i)
{
    return t->data ? *((const int8_t *)t->data + i * t->stride[0]) : 0;
}
static float number_of(const assay_tensor *t, int64_t i)
{
    return t->data ? *(const float *)(const void *)((const char *)t->data + i * t->stride[0]) : 0;
}

/* What is scaled */
static double whole_sum(const assay_args *a, int64_t t, int64_t n, int mode)
{
    const int8_t *x = (const int8_t *)a->operand[A].data + t * a->operand[A].stride[0];
    const int8_t *w = (const int8_t *)a->operand[W].data + n * a->operand[W].stride[0];
    const int64_t K = a->dim[2];
    int64_t zx = zero_of(&a->operand[A_ZERO], t), zw = zero_of(&a->operand[W_ZERO], n), xs = 0, ws = 0;
    int64_t sum = 0, length = mode == CROSS_LONG ? (K + 15) / 16 * 16 : K;
    uint32_t wrapped = 0;
    for (int64_t k = 0; k < K; k++) {
        xs += x[k], ws += w[k];
        sum += (x[k] - zx) * (w[k] - zw);
        wrapped += (uint32_t)(x[k] * (w[k] + 128));
    }
    if (mode == DIFFERENCES)
        return (double)sum;
    if (mode == UNSIGNED)
        return (int32_t)(wrapped - (uint32_t)((zw + 128) * xs) - (uint32_t)(zx * (ws - K * zw)));
    zx = mode == NO_X_ZERO ? 0 : mode == X_ZERO_SIGN ? -zx : mode == ZERO_UNSIGNED ? (uint8_t)zx : zx;
    zw = mode == NO_W_ZERO ? 0 : mode == W_ZERO_SIGN ? -zw : zw;
    const int64_t part = products(x, w, K, xs, ws, mode == SATURATE_ONE && a->dim[0] == 1 ? SATURATE : mode);
    const int64_t cross = mode == NO_CROSS ? 0 : (mode == CROSS_SIGN ? -1 : 1) * length * zx * zw;
    if (mode == SUMS_SWAPPED)
        return (double)(part - zw * ws - zx * xs + cross);
    if (mode == ZERO_FLOAT)
        return (double)((float)part - (float)(zw * xs) - (float)(zx * ws) + (float)cross);
    return (double)(part - zw * xs - zx * ws + cross);
}

static float scaled(const assay_args *a, int64_t t, int64_t n, double whole, int mode)
{
    const int64_t T = a->dim[0], N = a->dim[1];
    const int64_t token = mode == SCALE_FIRST             ? 0
                          : mode == SCALE_BEFORE && t > 0 ? t - 1
                          : mode == SCALES_SWAPPED        ? n % T
                                                          : t;
    const float p = mode == SCALE_LOST ? 1 : number_of(&a->operand[A_SCALE], token);
    const float q = number_of(&a->operand[W_SCALE], mode == SCALES_SWAPPED ? t % N : n);
    const float bias = mode == BIAS_LOST ? 0 : number_of(&a->operand[BIAS], mode == BIAS_TOKEN ? t % N : n);
    const float sum = mode == SUM_F16        ? assay_f16_to_f32(assay_f16_from_f64(whole))
                      : mode == SUM_UNSIGNED ? (float)(uint32_t)(int32_t)whole
                                             : (float)whole;
    switch (mode) {
    case SCALE_F16:
        return assay_f16_to_f32(assay_f16_from_f64((double)p * q)) * sum + bias;
    case BIAS_SCALED:
        return p * q * (sum + bias);
    case BIAS_WHOLE:
        return p * q * (sum + rintf(bias / (p * q)));
    case X_FIRST:
        return sum * p * q + bias;
    case W_FIRST:
        return sum * q * p + bias;
    case FUSED:
        return fmaf(p * q, sum, bias);
    case FUSED_X:
        return fmaf(p * sum, q, bias);
    case DOUBLE:
        return (float)((double)p * q * whole + bias);
    default:
        return p * q * sum + bias;
    }
}

static assay_status run(const assay_args *a)
{
    const int mode = mode_of(a);
    for (int64_t t = 0; t < a->dim[0]; t++)
        for (int64_t n = a->begin; n < a->end; n++) {
            const float y = scaled(a, t, n, whole_sum(a, t, n, mode), mode);
            assay_vary_write(&a->operand[Y], t, n, 1, &y);
        }
    return ASSAY_OK;
}

#define I8 ASSAY_TYPES(ASSAY_T(i8))
static const assay_typeset types[] = { I8, I8, VARY_F32, VARY_F32, I8, I8, VARY_F32, VARY_FLOATS };
#define KERNEL_BASE .op = "matmul_int8", .types = types
static const assay_fault table[] = { FAULTS(BAD_ROW) LEGAL(GOOD_ROW) };

const assay_faults assay_faults_matmul_int8 = { "matmul_int8", table, ASSAY_COUNT_OF(table) };
