/* SPDX-License-Identifier: MIT
 * truncate: kernels that are wrong on purpose, and legal ones that must pass. */
#include "assay/params/truncate.h"
#include "rows.h"
#include <stdlib.h>

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(K_ZERO_GREEDY, "k-zero-is-greedy", "ggml-org/llama.cpp#5388")                                                    \
    X(K_PLUS_ONE, "one-more-than-k", "own")                                                                            \
    X(K_TIES, "ties-of-the-kth-stay", "own: Hugging Face's rule, z < the k-th falls")                                  \
    X(TIES_HIGH, "highest-index-of-ties", "own: Hugging Face's order")                                                 \
    X(CROSSING_DROPPED, "crossing-id-dropped", "skyzh/tiny-llm#32")                                                    \
    X(LOG_SUMS, "logarithms-summed", "skyzh/tiny-llm#32")                                                              \
    X(ONE_MORE, "one-more-than-crosses", "own")                                                                        \
    X(NOT_NORMALISED, "weights-taken-for-probabilities", "own: the sum is missing")                                    \
    X(TEMP_IGNORED, "temperature-ignored", "own")                                                                      \
    X(TEMP_TIMES, "times-temperature", "own")                                                                          \
    X(SCALED_OUT, "logits-over-temperature", "own: what stays is scaled")                                              \
    X(ABSOLUTE, "min-p-absolute", "own: p at least amount")                                                            \
    X(ABOVE, "min-p-strict", "own: the largest falls at 1")                                                            \
    X(OF_LOGIT, "min-p-of-the-logit", "own: amount times the largest logit")                                           \
    X(BITS, "entropy-in-bits", "own: typical, log2 against ln")                                                        \
    X(BELOW_ONLY, "no-absolute-value", "own: typical, the likeliest first")                                            \
    X(LEAST_TYPICAL, "farthest-first", "own: typical, descending")                                                     \
    X(STALE_ORDER, "weights-in-another-order", "ggml-org/llama.cpp#4261")                                              \
    X(ENTROPY_OF_TOP, "entropy-of-the-likeliest", "own: typical, of 8 ids")                                            \
    X(NATS, "surprise-in-nats", "own")                                                                                 \
    X(EMPTY, "nothing-left", "own: surprise, the likeliest not kept")                                                  \
    X(NO_MAX, "maximum-not-taken-off", "slip: softmax")                                                                \
    X(ZEROS, "zeros-for-minus-infinity", "own")                                                                        \
    X(LOWEST, "lowest-number-for-minus-infinity", "own")                                                               \
    X(NAN_TRUNCATED, "row-with-nan-truncated", "own")                                                                  \
    X(NAN_SENTINEL, "row-with-nan-removed", "vllm-project/vllm#50183")                                                 \
    X(LAST_LOST, "last-id-lost", "slip: tail")                                                                         \
    X(IN_BF16, "compared-in-bf16", "own")                                                                              \
    X(P_5_PERCENT, "amount-5-percent-off", "own")

#define LEGAL(X)                                                                                                       \
    X(PLAIN, "plain", "legal: one by one")                                                                             \
    X(DIVIDE_FIRST, "divide-first", "legal: z/t - max/t")                                                              \
    X(RECIPROCAL, "reciprocal", "legal: times 1/t")                                                                    \
    X(BASE_TWO, "base-two", "legal: exp2 with folded temperature")                                                     \
    X(IN_DOUBLE, "double", "legal: in double")                                                                         \
    X(NORMALISED, "normalised", "legal: probabilities, then their sums")                                               \
    X(BY_LOG, "log-softmax", "legal: log-softmax, and p of it (Hugging Face)")                                         \
    X(FROM_BELOW, "from-below", "legal: what lies below is 1 - amount (Hugging Face)")                                 \
    X(LOG_OF_P, "logarithm-of-p", "legal: -ln p of each p")                                                            \
    X(THRESHOLD, "threshold-of-logits", "legal: max + t ln amount (llama.cpp)")                                        \
    X(LANES_8, "lanes8", "legal: 8 partial sums")

enum { FAULTS(MODE) LEGAL(MODE) };

typedef struct entry {
    float z, p, l, key; /* logit, probability, -ln p, by which it is ranked: the least first */
    double exact;
    int64_t id;
} entry;

static int by_key(const void *x, const void *y)
{
    const entry *a = x, *b = y;
    return a->key != b->key ? (a->key < b->key ? -1 : 1) : (a->id > b->id) - (a->id < b->id);
}
static int by_key_high(const void *x, const void *y)
{
    const entry *a = x, *b = y;
    return a->key != b->key ? (a->key < b->key ? -1 : 1) : (a->id < b->id) - (a->id > b->id);
}

static float exponent(float z, float top, float temp, int mode)
{
    switch (mode) {
    case TEMP_IGNORED:
        return z - top;
    case TEMP_TIMES:
        return (z - top) * temp;
    case NO_MAX:
        return z / temp;
    case DIVIDE_FIRST:
        return z / temp - top / temp;
    case RECIPROCAL:
        return (z - top) * (1 / temp);
    default:
        return (z - top) / temp;
    }
}
static float weight(float z, float top, float temp, int mode)
{
    if (mode == BASE_TWO)
        return exp2f((z - top) / temp * 1.44269504f);
    return mode == IN_DOUBLE ? (float)exp(((double)z - (double)top) / (double)temp)
                             : expf(exponent(z, top, temp, mode));
}

/* Fills p and l; sum: of the weights */
static void probabilities(entry *e, int64_t n, float temp, int mode, float *sum)
{
    float top = -INFINITY, part[8] = { 0 };
    double wide = 0;
    for (int64_t i = 0; i < n; i++)
        top = e[i].z > top ? e[i].z : top;
    for (int64_t i = 0; i < n; i++) {
        e[i].p = weight(e[i].z, top, temp, mode);
        part[mode == LANES_8 ? i % 8 : 0] += e[i].p;
        wide += exp(((double)e[i].z - (double)top) / (double)temp);
    }
    *sum = mode == IN_DOUBLE
               ? (float)wide
               : ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
    const float lse = mode == DIVIDE_FIRST ? top / temp + logf(*sum) : logf(*sum);
    for (int64_t i = 0; i < n; i++) {
        e[i].exact = exp(((double)e[i].z - (double)top) / (double)temp) / wide;
        e[i].l = mode == DIVIDE_FIRST ? lse - e[i].z / temp : lse - exponent(e[i].z, top, temp, mode);
        if (mode == IN_DOUBLE)
            e[i].l = (float)(((double)top - (double)e[i].z) / (double)temp + log(wide)), e[i].p = (float)e[i].exact;
        else if (mode == BY_LOG)
            e[i].p = expf(-e[i].l);
        else if (mode != NOT_NORMALISED)
            e[i].p = e[i].p / *sum;
        if (mode == LOG_OF_P && e[i].p > 1e-30f)
            e[i].l = -logf(e[i].p);
    }
}

static float entropy(const entry *e, int64_t n, int mode)
{
    float h = 0;
    double wide = 0;
    for (int64_t i = 0; i < n; i++) {
        h += mode == ENTROPY_OF_TOP && i >= 8 ? 0 : e[i].p * e[i].l;
        wide += e[i].exact > 0 ? e[i].exact * -log(e[i].exact) : 0;
    }
    return mode == IN_DOUBLE ? (float)wide : mode == BITS ? h * 1.44269504f : h;
}

static bool sums(entry *e, int64_t n, float amount, int mode, bool *in)
{
    float sum = 0, rest = 0;
    double wide = 0;
    for (int64_t i = n; mode == FROM_BELOW && i-- > 1;) { /* ascending: what lies below is at most 1 - amount */
        rest += e[i].p;
        in[i] = !(rest <= 1 - amount);
    }
    if (mode == FROM_BELOW)
        return in[0] = true;
    const bool stale = mode == STALE_ORDER;
    entry *order = malloc((size_t)n * sizeof *order + 1);
    memcpy(order, e, (size_t)n * sizeof *order);
    for (int64_t i = 0; i < n; i++)
        order[i].key = -order[i].z;
    qsort(order, (size_t)n, sizeof *order, by_key);
    for (int64_t i = 0; i < n; i++) {
        const float p = stale ? order[i].p : e[i].p, before = sum;
        const bool stays = mode == IN_DOUBLE ? wide < (double)amount : before < amount;
        wide += e[i].exact;
        sum += mode == LOG_SUMS ? logf(p) : p;
        in[i] = mode == CROSSING_DROPPED ? i == 0 || sum < amount : stays;
        if (mode == ONE_MORE && !stays)
            return free(order), in[i] = true;
    }
    free(order);
    return true;
}

static void choose(entry *e, int64_t n, const assay_truncate_params *p, int mode, bool *in)
{
    const float amount = mode == P_5_PERCENT ? p->amount * 0.95f : p->amount;
    float sum = 0, top = -INFINITY;
    for (int64_t i = 0; i < n; i++)
        top = e[i].z > top ? e[i].z : top;
    probabilities(e, n, p->temp, mode, &sum);
    for (int64_t i = 0; i < n; i++)
        e[i].key = mode == IN_BF16 ? -chop(e[i].z, 7) : -e[i].z;
    if (p->rule == ASSAY_TYPICAL) {
        if (mode == ENTROPY_OF_TOP)
            qsort(e, (size_t)n, sizeof *e, by_key);
        const float h = entropy(e, n, mode);
        for (int64_t i = 0; i < n; i++) {
            const float apart = fabsf(e[i].l - h);
            e[i].key = mode == BELOW_ONLY ? e[i].l - h : mode == LEAST_TYPICAL ? -apart : apart;
        }
    }
    qsort(e, (size_t)n, sizeof *e, mode == TIES_HIGH ? by_key_high : by_key);
    const bool whole = amount == 0 || (amount >= 1 && (p->rule == ASSAY_TOP_P || p->rule == ASSAY_TYPICAL));
    for (int64_t i = 0; i < n; i++) {
        const int32_t k = p->k + (mode == K_PLUS_ONE && p->k > 0);
        in[i] = whole;
        if (p->rule == ASSAY_TOP_K)
            in[i] = mode == K_ZERO_GREEDY && k == 0 ? i == 0
                    : k == 0 || i < k               ? true
                                                    : mode == K_TIES && e[i].z == e[k - 1].z;
        else if (p->rule == ASSAY_MIN_P && !whole)
            in[i] = mode == ABSOLUTE    ? e[i].p >= amount
                    : mode == ABOVE     ? e[i].z - top > logf(amount) * p->temp
                    : mode == OF_LOGIT  ? e[i].z >= amount * top
                    : mode == THRESHOLD ? e[i].z >= top + p->temp * logf(amount)
                    : mode == IN_DOUBLE ? ((double)e[i].z - (double)top) / (double)p->temp >= log((double)amount)
                    : mode == IN_BF16   ? chop(weight(e[i].z, top, p->temp, mode), 7) >= amount
                    : mode == NORMALISED || mode == BY_LOG ? e[i].p >= amount * e[0].p
                                                           : weight(e[i].z, top, p->temp, mode) >= amount;
        else if (p->rule == ASSAY_SURPRISE && !whole)
            in[i] = (i == 0 && mode != EMPTY) || e[i].l * (mode == NATS ? 1 : 1.44269504f) <= amount;
    }
    if ((p->rule == ASSAY_TOP_P || p->rule == ASSAY_TYPICAL) && !whole)
        sums(e, n, amount, mode, in);
}

static void one_row(const assay_row *k)
{
    const assay_truncate_params *p = k->params;
    const float *z = k->in[0], fill = k->mode == ZEROS ? 0 : k->mode == LOWEST ? -0x1.fffffep127f : -INFINITY;
    entry *e = malloc((size_t)k->n * sizeof *e + 1);
    bool *in = calloc((size_t)k->n + 1, sizeof *in);
    bool nan = false, any = false;
    int64_t n = 0;
    for (int64_t v = 0; v < k->n; v++) {
        nan = nan || z[v] != z[v] || z[v] == INFINITY, any = any || (z[v] == z[v] && !isinf(z[v]));
        if (z[v] > -INFINITY && z[v] < INFINITY && !(k->mode == LAST_LOST && v == k->n - 1 && v > 0))
            e[n++] = (entry){ .z = z[v], .id = v };
    }
    const bool copied = (nan && k->mode != NAN_TRUNCATED && k->mode != NAN_SENTINEL) || !any;
    for (int64_t v = 0; v < k->n; v++)
        k->out[v] = copied ? z[v] : fill;
    if (!copied && !(nan && k->mode == NAN_SENTINEL) && n)
        choose(e, n, p, k->mode, in);
    for (int64_t i = 0; !copied && i < n; i++)
        if (in[i])
            k->out[e[i].id] = k->mode == SCALED_OUT ? e[i].z / p->temp : e[i].z;
    free(e);
    free(in);
}
BY_ROWS(1, one_row)

#define KERNEL_BASE .op = "truncate", .types = assay_types_f32
static const assay_fault table[] = { FAULTS(BAD_ROW) LEGAL(GOOD_ROW) };

const assay_faults assay_faults_truncate = { "truncate", table, ASSAY_COUNT_OF(table) };
