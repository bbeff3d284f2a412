/* SPDX-License-Identifier: MIT
 * t5_bias: kernels that are wrong on purpose, and legal ones that reach the same bits by other ways. */
#include "assay/params/t5_bias.h"
#include "faults.h"

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(SIDES, "sides-changed", "own: keys behind have the second half")                                                 \
    X(NOT_HALVED, "not-halved", "own: all buckets for each side")                                                      \
    X(CAUSAL_BOTH, "causal-looks-ahead", "own: the distance of keys ahead, too")                                       \
    X(ALWAYS_CAUSAL, "always-causal", "own: the encoder with the decoder's buckets")                                   \
    X(EXACT_MORE, "exact-to-three-quarters", "own: 3/4 of the buckets for one distance each")                          \
    X(ROUNDED, "step-rounded", "own: to nearest for down")                                                             \
    X(EDGE_LOW, "edge-in-the-lower-bucket", "own: < for <=")                                                           \
    X(FACTOR_F32, "factor-first-in-f32", "own: ln(n/e) times a rounded K / ln(max/e): 64 lands one low")               \
    X(LAST_LOST, "last-bucket-lost", "own: at most n - 2")                                                             \
    X(MOST_128, "max-distance-128", "own: T5's, whatever the model says")                                              \
    X(WHOLE_LOG, "logarithm-from-1", "own: ln(n) / ln(max)")                                                           \
    X(NEXT, "distance-plus-one", "own")                                                                                \
    X(ROW_NUMBER, "row-numbers-for-positions", "own: wrong with a cache")                                              \
    X(FIRST_HEAD, "first-head-for-all", "own")                                                                         \
    X(TRANSPOSED, "table-transposed", "own: heads first")

#define LEGAL(X)                                                                                                       \
    X(PLAIN, "plain", "legal: the logarithm in long double, edges up")                                                 \
    X(EDGES, "edges", "legal: the smallest distance of each bucket, counted")                                          \
    X(LOG2, "log2", "legal: the logarithm to base 2, edges up")                                                        \
    X(LAST_FIRST, "last-key-first", "legal: order")                                                                    \
    X(HEADS_LAST, "by-keys", "legal: all heads of a key at once")

enum { FAULTS(MODE) LEGAL(MODE) };

static int64_t bucket_of(int64_t d, int64_t n, int64_t most, int mode)
{
    const int64_t e = mode == EXACT_MORE ? n - n / 4 : n / 2, last = mode == LAST_LOST ? n - 2 : n - 1;
    const double K = (double)(n - e), hair = 0x1p-40;
    if (d < e || e == n)
        return d < last ? d : last;
    double step = 0;
    if (mode == FACTOR_F32)
        step = (double)(logf((float)d / (float)e) * ((float)K / logf((float)most / (float)e)));
    else if (mode == WHOLE_LOG)
        step = log((double)d) / log((double)most) * K;
    else if (mode == LOG2)
        step = (log2((double)d) - log2((double)e)) / (log2((double)most) - log2((double)e)) * K + hair;
    else if (mode == EDGES)
        for (int64_t j = 1;
             j < (int64_t)K && (double)d >= ceil((double)e * pow((double)most / (double)e, (double)j / K) * (1 - hair));
             j++)
            step = (double)j;
    else
        step = (double)(logl((long double)d / (long double)e) / logl((long double)most / (long double)e) *
                        (long double)K) +
               (mode == ROUNDED    ? 0.5
                : mode == EDGE_LOW ? -hair
                                   : hair);
    const int64_t bucket = e + (int64_t)step;
    return bucket < last ? bucket : last;
}

static int64_t place(const assay_t5_bias_params *p, int64_t N, int64_t ahead, int mode)
{
    const bool causal = p->causal || mode == ALWAYS_CAUSAL;
    const int64_t n = causal || mode == NOT_HALVED ? N : N / 2, most = mode == MOST_128 ? 128 : p->max_distance;
    const bool other = mode == SIDES ? ahead < 0 : ahead > 0;
    int64_t d = ahead <= 0 ? -ahead : causal && mode != CAUSAL_BOTH ? 0 : ahead;
    d += mode == NEXT;
    const int64_t bucket = bucket_of(d, n, most > n / 2 ? most : n, mode) + (!causal && other ? n : 0);
    return bucket < N ? bucket : N - 1;
}

static float entry(const assay_tensor *table, int64_t b, int64_t h)
{
    return *(const float *)(const void *)((const char *)table->data + b * table->stride[0] + h * table->stride[1]);
}

static assay_status run(const assay_args *a)
{
    const int mode = mode_of(a);
    const int64_t H = a->dim[0], S = a->dim[2], N = a->dim[3];
    const int32_t *qpos = a->operand[1].data, *kpos = a->operand[2].data;
    const assay_tensor *table = &a->operand[0], *out = &a->operand[3];
    for (int64_t t = a->begin; t < a->end; t++)
        for (int64_t i = 0; i < S * H; i++) {
            const int64_t k = mode == HEADS_LAST ? i / H : i % S, h = mode == HEADS_LAST ? i % H : i / S;
            const int64_t s = mode == LAST_FIRST ? S - 1 - k : k;
            const int64_t ahead = mode == ROW_NUMBER ? s - t : (int64_t)kpos[s] - qpos[t];
            const int64_t b = place(a->params, N, ahead, mode), flat = h * N + b;
            float *y = (float *)(void *)((char *)out->data + h * out->stride[0] + t * out->stride[1]);
            y[s] = mode == TRANSPOSED ? entry(table, flat / H, flat % H) : entry(table, b, mode == FIRST_HEAD ? 0 : h);
        }
    return ASSAY_OK;
}

static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(i32)), ASSAY_TYPES(ASSAY_T(i32)),
                                       ASSAY_TYPES(ASSAY_T(f32)) };
#define KERNEL_BASE .op = "t5_bias", .types = types
static const assay_fault table[] = { FAULTS(BAD_ROW) LEGAL(GOOD_ROW) };

const assay_faults assay_faults_t5_bias = { "t5_bias", table, ASSAY_COUNT_OF(table) };
