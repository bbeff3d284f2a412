/* SPDX-License-Identifier: MIT
 * alibi: kernels that are wrong on purpose, and legal ones that must pass. */
#include "assay/params/alibi.h"
#include "faults.h"

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(ONE_SERIES, "one-series-for-all-heads", "ml-explore/mlx#3071")                                                   \
    X(FIRST_IS_1, "first-slope-is-1", "paiml/aprender#2143")                                                           \
    X(GOES_ON, "series-goes-on-beyond-p", "own: 2^(-8 (h + 1)/P) for every head")                                      \
    X(EVEN, "even-steps-for-the-rest", "own: 2i + 2 for 2i + 1")                                                       \
    X(HALVED_FIRST, "first-of-the-rest-twice", "own: i begins at 1")                                                   \
    X(NEXT_POWER, "next-power-of-two-in-order", "own: MPT without its reordering")                                     \
    X(SIGN, "added", "own: scores grow with distance")                                                                 \
    X(FORM, "the-other-form", "own: symmetric or not")                                                                 \
    X(KEY_ONLY, "by-the-key-alone", "BLOOM: the same after a softmax only")                                            \
    X(ROW_NUMBER, "row-numbers-for-positions", "own: wrong with a cache")                                              \
    X(NOT_AHEAD, "nothing-ahead", "own: keys ahead get 0")                                                             \
    X(BF16_SLOPE, "slope-in-bf16", "Falcon: its slopes are rounded to bf16")                                           \
    X(BF16_DISTANCE, "distance-in-bf16", "own")                                                                        \
    X(LAST_HEAD, "heads-in-reverse", "own")                                                                            \
    X(ITERATED_BF16, "series-by-products-in-bf16", "slip: iterated rounding")

#define LEGAL(X)                                                                                                       \
    X(PLAIN, "plain", "legal: exp2f")                                                                                  \
    X(DOUBLE, "double", "legal: everything in double, rounded once")                                                   \
    X(POWER, "power-of-the-first", "legal: powf of the series' first slope, as in ggml and Hugging Face")              \
    X(ITERATED, "iterated", "legal: the series by products, in f32")                                                   \
    X(EXP_OF_LOG, "exp-of-log", "legal: e^(-a ln 2) in f32")                                                           \
    X(NEGATED, "distance-negated", "legal: m (k - q)")                                                                 \
    X(FIRST_UP, "first-up", "legal: the first slope 2.9 u too large, and rounded")                                     \
    X(FIRST_DOWN, "first-down", "legal: the first slope 2.9 u too small, and rounded")                                 \
    X(LAST_FIRST, "last-key-first", "legal: order")

enum { FAULTS(MODE) LEGAL(MODE) };

static float spoiled(double x, int mode)
{
    return (float)(x * (1 + (mode == FIRST_UP ? 2.9 : mode == FIRST_DOWN ? -2.9 : 0) * 0x1p-24));
}

static double slope(const assay_alibi_params *p, int64_t h, int64_t H, int mode)
{
    int64_t P = 1;
    while (2 * P <= H)
        P *= 2;
    if (mode == NEXT_POWER && P < H)
        P *= 2;
    if (mode == ONE_SERIES)
        P = H;
    const bool rest = h >= P && mode != GOES_ON;
    const int64_t k = rest ? 2 * (h - P) + 1 + (mode == EVEN) + 2 * (mode == HALVED_FIRST) : h + (mode != FIRST_IS_1);
    const double most = p->max_bias > 0 ? (double)p->max_bias : 8, first = -most / (double)(rest ? 2 * P : P);
    const float power = spoiled(exp2(first), mode);
    float m = 1;
    switch (mode) {
    case DOUBLE:
        return exp2(first * (double)k);
    case POWER:
    case FIRST_UP:
    case FIRST_DOWN:
        return (double)powf(power, (float)k);
    case EXP_OF_LOG:
        return (double)expf((float)(first * log(2)) * (float)k);
    case ITERATED:
    case ITERATED_BF16:
        for (int64_t i = 0; i < k; i++)
            m = mode == ITERATED ? m * power : chop(m * power, 7);
        return (double)m;
    case BF16_SLOPE:
        return (double)chop((float)exp2(first * (double)k), 7);
    default:
        return (double)exp2f((float)(first * (double)k));
    }
}

static float bias(double m, double q, double k, bool symmetric, int mode)
{
    const double d = mode == KEY_ONLY ? -k : mode == NOT_AHEAD && q < k ? 0 : q - k;
    const double far = symmetric != (mode == FORM) ? fabs(d) : d;
    const float f = mode == BF16_DISTANCE ? chop((float)far, 7) : (float)far;
    if (mode == DOUBLE)
        return (float)(-m * far);
    return mode == SIGN ? (float)m * f : mode == NEGATED ? (float)m * -f : -(float)m * f;
}

static assay_status run(const assay_args *a)
{
    const int mode = mode_of(a);
    const assay_alibi_params *p = a->params;
    const int64_t H = a->dim[0], S = a->dim[2];
    const int32_t *qpos = a->operand[0].data, *kpos = a->operand[1].data;
    const assay_tensor *out = &a->operand[2];
    for (int64_t h = 0; h < H; h++) {
        const double m = slope(p, mode == LAST_HEAD ? H - 1 - h : h, H, mode);
        for (int64_t t = a->begin; t < a->end; t++) {
            float *y = (float *)(void *)((char *)out->data + h * out->stride[0] + t * out->stride[1]);
            for (int64_t i = 0; i < S; i++) {
                const int64_t s = mode == LAST_FIRST ? S - 1 - i : i;
                const bool rows = mode == ROW_NUMBER;
                y[s] = bias(m, (double)(rows ? t : qpos[t]), (double)(rows ? s : kpos[s]), p->symmetric, mode);
            }
        }
    }
    return ASSAY_OK;
}

static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(i32)), ASSAY_TYPES(ASSAY_T(i32)),
                                       ASSAY_TYPES(ASSAY_T(f32)) };
#define KERNEL_BASE .op = "alibi", .types = types
static const assay_fault table[] = { FAULTS(BAD_ROW) LEGAL(GOOD_ROW) };

const assay_faults assay_faults_alibi = { "alibi", table, ASSAY_COUNT_OF(table) };
