/* SPDX-License-Identifier: MIT
 * sample: samplers that are wrong on purpose, and legal ones that must pass. */
#include "assay/params/sample.h"
#include "variants.h"
#include "faults.h"

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(GREEDY_LAST_TIE, "greedy-last-of-ties", "slip: argmax")                                                          \
    X(K_PLUS_ONE, "one-more-than-k", "own")                                                                            \
    X(K_ZERO_GREEDY, "k-zero-is-greedy", "ggml-org/llama.cpp#5388")                                                    \
    X(CROSSING_DROPPED, "crossing-token-dropped", "skyzh/tiny-llm#32")                                                 \
    X(TEMP_LAST, "temperature-last", "own: llama.cpp's order")                                                         \
    X(RANK_ORDER, "drawn-in-order-of-rank", "own: llama.cpp's order")                                                  \
    X(NINE_ROUNDS, "nine-rounds", "own")                                                                               \
    X(STEP_IGNORED, "step-ignored", "own")                                                                             \
    X(STEP_32_BITS, "step-of-32-bits", "JuliaRandom/Random123.jl#5")                                                   \
    X(ONE_WORD, "one-word-of-four", "own")                                                                             \
    X(NO_MAX, "maximum-not-taken-off", "slip: softmax")                                                                \
    X(P_BEFORE_K, "p-of-the-whole-sum", "own: not renormalised after top-k")                                           \
    X(TIES_HIGH, "highest-index-of-ties", "own: Hugging Face's order")                                                 \
    X(NAN_SENTINEL, "sentinel-for-nan", "vllm-project/vllm#50183")                                                     \
    X(TEMP_TIMES, "times-temperature", "own")                                                                          \
    X(NOT_RENORMALISED, "not-renormalised", "own")                                                                     \
    X(IN_BF16, "logits-in-bf16", "own")                                                                                \
    X(LAST_ID_LOST, "last-id-lost", "slip: tail")                                                                      \
    X(LOW_BITS, "low-bits", "own")                                                                                     \
    X(TEMP_5_PERCENT, "temperature-5-percent-off", "a total variation of 0.2 would accept it")                         \
    X(KEY_32_BITS, "key-of-32-bits", "own")                                                                            \
    X(CUT_OFF, "weights-below-e-15-lost", "slip: an exponential that is cut off")                                      \
    X(BITS_23, "u-of-23-bits", "own")                                                                                  \
    X(SMALL_P, "p-below-0.001-is-off", "own")                                                                          \
    X(LONG_REST, "rest-of-a-long-row-lost", "own: greedy, beyond 4,096, what is over of 16")

#define LEGAL(X)                                                                                                       \
    X(PLAIN, "plain", "legal: one by one")                                                                             \
    X(DIVIDE_FIRST, "divide-first", "legal: z/t - max/t")                                                              \
    X(RECIPROCAL, "reciprocal", "legal: times 1/t")                                                                    \
    X(BASE_TWO, "base-two", "legal: exp2 with folded temperature")                                                     \
    X(IN_DOUBLE, "double", "legal: sums in double")                                                                    \
    X(KAHAN, "kahan", "legal: compensated sum")                                                                        \
    X(LANES, "lanes8", "legal: 8 partial sums")                                                                        \
    X(NORMALISED, "normalised", "legal: probabilities, then their sums")                                               \
    X(SUM_BY_RANK, "sum-by-rank", "legal: largest first")                                                              \
    X(SUM_BACKWARDS, "sum-backwards", "legal: last to first")                                                          \
    X(STOP_AT_P, "stop-at-p", "legal: stops as the sum reaches p")                                                     \
    X(SCALED_RANKS, "scaled-ranks", "legal: ranks of z/t")                                                             \
    X(ROWS_BACKWARDS, "rows-backwards", "legal: order of rows")

enum { FAULTS(MODE) LEGAL(MODE) };

typedef struct row {
    const assay_sample_params *p;
    const float *z;
    float *weight;
    int32_t *rank; /* ids, largest logit first */
    int64_t V, kept, r;
    int mode;
} row;

/* Philox4x32 written again, from the paper. */
static uint32_t random_word(uint64_t key, uint64_t block, uint64_t step, int word, int rounds)
{
    uint32_t c[4] = { (uint32_t)block, (uint32_t)(block >> 32), (uint32_t)step, (uint32_t)(step >> 32) };
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    for (int i = 0; i < rounds; i++, k0 += 0x9e3779b9u, k1 += 0xbb67ae85u) {
        const uint64_t a = (uint64_t)0xd2511f53u * c[0], b = (uint64_t)0xcd9e8d57u * c[2];
        const uint32_t next[4] = { (uint32_t)(b >> 32) ^ c[1] ^ k0, (uint32_t)b, (uint32_t)(a >> 32) ^ c[3] ^ k1,
                                   (uint32_t)a };
        memcpy(c, next, sizeof c);
    }
    return c[word];
}

static float uniform(const row *w)
{
    uint64_t step = (uint64_t)w->p->step, key = (uint64_t)w->p->key;
    step = w->mode == STEP_IGNORED ? 0 : w->mode == STEP_32_BITS ? (uint32_t)step : step;
    key = w->mode == KEY_32_BITS ? (uint32_t)key : key;
    const int word = w->mode == ONE_WORD ? 0 : (int)(w->r % 4);
    const uint64_t block = (uint64_t)(w->mode == ONE_WORD ? w->r : w->r / 4);
    const uint32_t x = random_word(key, block, step, word, w->mode == NINE_ROUNDS ? 9 : 10);
    return (float)(w->mode == LOW_BITS ? x & 0xffffff : w->mode == BITS_23 ? x >> 9 << 1 : x >> 8) * 0x1p-24f;
}

/* e^((z - max) / temp), in several ways */
static float weigh(const row *w, float z, float max)
{
    const float t = w->p->temp;
    switch (w->mode) {
    case NO_MAX:
        return expf(z / t);
    case TEMP_TIMES:
        return expf((z - max) * t);
    case TEMP_5_PERCENT:
        return expf((z - max) / (t * 1.05f));
    case CUT_OFF:
        return (z - max) / t < -15 ? 0 : expf((z - max) / t);
    case IN_BF16:
        return expf((as_bf16(z) - as_bf16(max)) / t);
    case DIVIDE_FIRST:
    case SCALED_RANKS:
        return z == max ? 1 : expf(z / t - max / t);
    case RECIPROCAL:
        return expf((z - max) * (1 / t));
    case BASE_TWO:
        return exp2f((z - max) * (float)(1.4426950408889634 / (double)t));
    case IN_DOUBLE:
        return (float)exp(((double)z - (double)max) / (double)t);
    default:
        return expf((z - max) / t);
    }
}

static bool comes_before(const row *w, int32_t i, int32_t j)
{
    float a = w->z[i], b = w->z[j];
    if (w->mode == SCALED_RANKS)
        a /= w->p->temp, b /= w->p->temp;
    return a > b || (a == b && (w->mode == TIES_HIGH ? i > j : i < j));
}
static void merge(const row *w, int32_t *a, int64_t n, int32_t *room)
{
    const int64_t m = n / 2;
    int64_t i = 0, j = m;
    if (n < 2)
        return;
    merge(w, a, m, room);
    merge(w, a + m, n - m, room);
    for (int64_t k = 0; k < n; k++)
        room[k] = j == n || (i < m && !comes_before(w, a[j], a[i])) ? a[i++] : a[j++];
    memcpy(a, room, (size_t)n * sizeof *a);
}

static float total(const row *w, int64_t n)
{
    float sum = 0, lost = 0, lane[8] = { 0 };
    double wide = 0;
    for (int64_t i = 0; i < n; i++) {
        const int64_t k = w->mode == SUM_BACKWARDS ? n - 1 - i : i;
        const float x = w->weight[w->mode == SUM_BY_RANK || n < w->V ? w->rank[k] : k];
        const float y = x - lost, t = sum + y;
        lost = w->mode == KAHAN ? t - sum - y : 0;
        sum = w->mode == KAHAN ? t : sum + x;
        wide += (double)x;
        lane[i % 8] += x;
    }
    if (w->mode == LANES)
        return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
    return w->mode == IN_DOUBLE ? (float)wide : sum;
}

static void filter(row *w)
{
    const assay_sample_params *p = w->p;
    int64_t K = p->top_k > 0 && p->top_k < w->V ? p->top_k : w->V, n = 0;
    if (p->top_k > 0 && w->mode == K_PLUS_ONE && K < w->V)
        K++;
    if (w->mode == K_ZERO_GREEDY && p->top_k == 0)
        K = 1;
    if (p->top_p > (w->mode == SMALL_P ? 0.001F : 0) && p->top_p < 1) {
        const float sum = total(w, w->mode == P_BEFORE_K ? w->V : K);
        float cum = 0;
        for (n = 0; n < K; n++) {
            const float x = w->weight[w->rank[n]];
            const bool over = w->mode == NORMALISED ? !(cum / sum < p->top_p) : !(cum < p->top_p * sum);
            if (n > 0 && (over || (w->mode == CROSSING_DROPPED && !(cum + x < p->top_p * sum))))
                break;
            cum += x;
            if (w->mode == STOP_AT_P && cum >= p->top_p * sum && ++n)
                break;
        }
        K = n;
    }
    w->kept = K;
    for (int64_t i = K; i < w->V; i++)
        w->weight[w->rank[i]] = 0;
}

static int64_t choose(const row *w, float all)
{
    const float sum = w->mode == NOT_RENORMALISED ? all : total(w, w->V), u = uniform(w);
    const int64_t V = w->mode == LAST_ID_LOST && w->V > 1 ? w->V - 1 : w->V;
    float cum = 0;
    double wide = 0;
    int64_t last = -1;
    for (int64_t i = 0; i < V; i++) {
        const int64_t id = w->mode == RANK_ORDER ? w->rank[i] : i;
        const float x = w->mode == NORMALISED ? w->weight[id] / sum : w->weight[id];
        cum += x;
        wide += (double)x;
        last = x > 0 ? id : last;
        if (w->mode == IN_DOUBLE ? (double)u * (double)sum < wide : (w->mode == NORMALISED ? u : u * sum) < cum)
            return id;
    }
    return last;
}

static int64_t sample(row *w)
{
    const assay_sample_params *p = w->p;
    int64_t best = 0;
    const int64_t looked_at = w->mode == LONG_REST && p->temp <= 0 && w->V > 4096 ? w->V & ~INT64_C(15) : w->V;
    bool any = false, bad = false;
    for (int64_t i = 0; i < w->V; i++) {
        const float z = w->z[i];
        bad = bad || z != z || z == INFINITY;
        any = any || (z == z && z > -INFINITY);
        best = i < looked_at && (z > w->z[best] || (w->mode == GREEDY_LAST_TIE && z == w->z[best])) ? i : best;
    }
    if (bad || !any)
        return w->mode == NAN_SENTINEL ? w->V : -1;
    if (!(p->temp > 0))
        return best;
    for (int64_t i = 0; i < w->V; i++) {
        w->rank[i] = (int32_t)i;
        w->weight[i] = w->mode == TEMP_LAST ? expf(w->z[i] - w->z[best]) : weigh(w, w->z[i], w->z[best]);
    }
    if (p->top_k > 0 || p->top_p > 0 || w->mode == K_ZERO_GREEDY || w->mode == RANK_ORDER || w->mode == SUM_BY_RANK)
        merge(w, w->rank, w->V, w->rank + w->V);
    const float all = total(w, w->V);
    filter(w);
    for (int64_t i = 0; w->mode == TEMP_LAST && i < w->V; i++)
        w->weight[i] = w->weight[i] > 0 ? expf((w->z[i] - w->z[best]) / p->temp) : 0;
    return choose(w, all);
}

static size_t scratch(const assay_args *a)
{
    return (size_t)a->dim[1] * (sizeof(float) + 2 * sizeof(int32_t));
}

static assay_status run(const assay_args *a)
{
    const int mode = mode_of(a);
    int32_t *id = a->operand[1].data;
    for (int64_t i = a->begin; i < a->end; i++) {
        const int64_t r = mode == ROWS_BACKWARDS ? a->end - 1 - (i - a->begin) : i, V = a->dim[1];
        const void *z = (const char *)a->operand[0].data + r * a->operand[0].stride[0];
        float *weight = a->scratch;
        row w = { a->params, z, weight, (int32_t *)(void *)(weight + V), V, V, r, mode };
        id[r] = (int32_t)sample(&w);
    }
    return ASSAY_OK;
}

static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(i32)) };
#define KERNEL_BASE .op = "sample", .types = types, .scratch = scratch

/* ---- legal ones, generated ---- */

#define VARY      assay_vary_sample
#define VARY_BASE .op = "sample", .types = types

static const assay_fault table[] = { SUMS(VARY_ROW) FAULTS(BAD_ROW) LEGAL(GOOD_ROW) };

const assay_faults assay_faults_sample = { "sample", table, ASSAY_COUNT_OF(table) };
