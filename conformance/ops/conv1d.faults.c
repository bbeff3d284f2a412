/* SPDX-License-Identifier: MIT
 * conv1d: kernels that are wrong on purpose, and legal ones that must pass. */
#include "faults.h"
#include "variants.h"
#include <stdlib.h>

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(FLIPPED, "taps-flipped", "own: a convolution as signal processing has it")                                       \
    X(CENTRED, "padded-on-both-sides", "own: not causal")                                                              \
    X(AHEAD, "last-of-the-padded-outputs", "state-spaces/mamba#580: padded on both sides, the wrong end kept")         \
    X(DELAYED, "one-token-late", "off by one: the newest tap on the token before")                                     \
    X(TURNED, "taps-transposed", "own: w as (K, D)")                                                                   \
    X(FOUR_TAPS, "four-taps-at-most", "sgl-project/sglang#38622: 5 accepted, 4 computed")                              \
    X(STATE_LOST, "state-ignored", "own: zeros before the first token")                                                \
    X(STATE_TURNED, "state-newest-first", "own")                                                                       \
    X(STATE_SHORT, "state-of-k-1", "sgl-project/sglang#38622: the first entries of a longer state")                    \
    X(STATE_SHARED, "state-of-the-first-sequence", "own")                                                              \
    X(BORDER, "first-token-repeated", "own: for zeros before it")                                                      \
    X(NEIGHBOUR, "sequence-before-for-zeros", "own: the sequences as one")                                             \
    X(WRAPPED, "tokens-in-a-ring", "own: the last tokens before the first")                                            \
    X(BIAS_LOST, "bias-left-out", "own")                                                                               \
    X(BIAS_PER_TAP, "bias-by-each-tap", "own")                                                                         \
    X(LAST_SHORT, "last-forgets-the-state", "own: zeros for the older tokens of a short piece")                        \
    X(LAST_ELSEWHERE, "last-of-a-short-piece-not-written", "vllm-project/vllm#56196")                                  \
    X(LAST_FIRST, "last-of-the-first-tokens", "own")                                                                   \
    X(LAST_LATE, "last-without-the-newest", "off by one")                                                              \
    X(LAST_STATE, "last-not-shifted", "own: the state copied")                                                         \
    X(BF16_SUM, "sum-in-bf16", "own")                                                                                  \
    X(TAIL, "tail-skipped", "slip: tail")

#define LEGAL(X)                                                                                                       \
    X(BIAS_FIRST, "bias-first", "legal: the sum starts with it")                                                       \
    X(DOUBLE, "double", "legal: in double, rounded once")                                                              \
    X(PADDED, "padded-copy", "legal: state and tokens in one run")

enum { PLAIN, FAULTS(MODE) LEGAL(MODE) };
enum { X, W, BIAS, STATE, Y, LAST };

/* Token t of sequence b, before it the state */
static float token(const assay_args *a, int64_t b, int64_t t, int64_t d, int mode)
{
    const int64_t T = a->dim[1], K = a->dim[3];
    const assay_tensor *state = &a->operand[STATE];
    float v = 0;
    if (t >= T)
        return 0;
    if (t >= 0)
        assay_vary_read(&a->operand[X], b * T + t, d, 1, &v);
    else if (state->data && mode != STATE_LOST) {
        const int64_t row = mode == STATE_TURNED  ? -1 - t
                            : mode == STATE_SHORT ? (K - 1 + t < 0 ? 0 : K - 1 + t)
                                                  : K + t;
        assay_vary_read(state, (mode == STATE_SHARED ? 0 : b * K) + row, d, 1, &v);
    } else if (mode == BORDER && T)
        assay_vary_read(&a->operand[X], b * T, d, 1, &v);
    else if ((mode == NEIGHBOUR && b * T + t >= 0) || (mode == WRAPPED && T + t >= 0))
        assay_vary_read(&a->operand[X], (mode == WRAPPED ? b * T + T : b * T) + t, d, 1, &v);
    return v;
}

/* w[d,k], where the fault has it */
static float tap(const assay_args *a, int64_t d, int64_t k, int mode)
{
    const int64_t D = a->dim[2], K = a->dim[3],
                  at = mode == TURNED ? k * D + d : d * K + (mode == FLIPPED ? K - 1 - k : k);
    float w;
    assay_vary_read(&a->operand[W], at / K, at % K, 1, &w);
    return mode == FOUR_TAPS && k < K - 4 ? 0 : w;
}

/* Of one output: terms w[k] v[k], and the bias */
static float sum_of(const float *w, const float *v, int64_t K, float bias, const assay_sum *order, int mode)
{
    float sum = mode == BIAS_FIRST ? bias : 0;
    double wide = (double)bias;
    for (int64_t k = 0; k < K; k++) {
        sum = mode == BF16_SUM ? chop(sum + w[k] * v[k], 7) : sum + w[k] * v[k];
        wide += (double)w[k] * (double)v[k];
    }
    return mode == DOUBLE       ? (float)wide
           : mode == BIAS_FIRST ? sum
           : mode == BF16_SUM   ? sum + bias
                                : assay_sum_of(order, w, 1, v, 1, K) + bias;
}

static void channel(const assay_args *a, int64_t b, int64_t d, float *w, int mode, const assay_sum *order)
{
    const int64_t T = a->dim[1], K = a->dim[3];
    const int64_t late = mode == CENTRED ? -(K / 2) : mode == AHEAD ? 1 - K : mode == DELAYED;
    float bias = 0, *v = w + K;
    if (a->operand[BIAS].data && mode != BIAS_LOST)
        assay_vary_read(&a->operand[BIAS], 0, d, 1, &bias);
    bias *= mode == BIAS_PER_TAP ? (float)K : 1;
    for (int64_t k = 0; k < K; k++)
        w[k] = tap(a, d, k, mode);
    for (int64_t i = 0; mode == PADDED && i < K + T; i++)
        v[i] = token(a, b, i - K, d, mode);
    for (int64_t t = 0; t < T; t++) {
        for (int64_t k = 0; mode != PADDED && k < K; k++) {
            const int64_t at = t + k + 1 - K - late;
            v[k] = at < -K ? 0 : token(a, b, at, d, mode);
        }
        const float y = sum_of(w, mode == PADDED ? v + t + 1 : v, K, bias, order, mode);
        assay_vary_write(&a->operand[Y], b * T + t, d, 1, &y);
    }
    const bool written = a->operand[LAST].data && (mode != LAST_ELSEWHERE || T >= K);
    for (int64_t k = 0; written && k < K; k++) {
        const int64_t from = mode == LAST_FIRST ? 0 : mode == LAST_STATE ? -K : T - K - (mode == LAST_LATE && T);
        const float last = mode == LAST_SHORT && from + k < 0 ? 0 : token(a, b, from + k, d, PLAIN);
        assay_vary_write(&a->operand[LAST], b * K + k, d, 1, &last);
    }
}

static assay_status convolve(const assay_args *a, int mode, const assay_sum *order)
{
    const int64_t T = a->dim[1], D = a->dim[2], K = a->dim[3], full = mode == TAIL && D > 8 ? D & ~INT64_C(7) : D;
    float *room = malloc((size_t)(2 * K + T + 1) * sizeof *room);
    if (!room)
        return ASSAY_ERR_NOMEM;
    for (int64_t i = a->begin * full; i < a->end * full; i++)
        channel(a, i / full, i % full, room, mode, order);
    free(room);
    return ASSAY_OK;
}
static assay_status run(const assay_args *a)
{
    return convolve(a, mode_of(a), &assay_sums[0]);
}
static assay_status vary(const assay_args *a)
{
    return convolve(a, PLAIN, a->variant);
}

static const assay_typeset types[] = { VARY_FLOATS, VARY_FLOATS, VARY_F32, VARY_F32, VARY_FLOATS, VARY_F32 };
#define VARY        vary
#define KERNEL_BASE .op = "conv1d", .types = types
#define VARY_BASE   KERNEL_BASE
static const assay_fault table[] = { SUMS(VARY_ROW) FAULTS(BAD_ROW) LEGAL(GOOD_ROW) };

const assay_faults assay_faults_conv1d = { "conv1d", table, ASSAY_COUNT_OF(table) };
