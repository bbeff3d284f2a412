/* SPDX-License-Identifier: MIT
 * gated_linear: kernels that are wrong on purpose, and legal ones that must pass: by steps, by a tree of joins, by
 * chunks. */
#include "faults.h"
#include "variants.h"
#include <stdlib.h>

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(DECAY_LOST, "decay-ignored", "own")                                                                              \
    X(DECAY_FIRST, "decay-of-the-first-head", "own")                                                                   \
    X(DECAY_AFTER, "decay-after-the-value", "own: f (S + k v)")                                                        \
    X(DECAY_COUNT, "decay-once-more", "own: the power of a token one off")                                             \
    X(GATE_LOST, "gate-ignored", "own")                                                                                \
    X(GATE_FACTOR, "gate-taken-for-the-factor", "own: its logarithm is given")                                         \
    X(GATE_VALUES, "gate-by-values", "own: along E for D")                                                             \
    X(GATE_NEXT, "gate-of-the-next-token", "off by one")                                                               \
    X(GATE_BF16, "factor-in-bf16", "own")                                                                              \
    X(GATE_FLUSHED, "factor-flushed", "own: 0 where the exponential is subnormal")                                     \
    X(RATIO, "quotient-of-products", "pytorch/executorch#21417")                                                       \
    X(READ_EARLY, "read-before-the-update", "own")                                                                     \
    X(SCALED, "scaled-once-more", "own: by the root of D")                                                             \
    X(NORMED, "divided-by-the-sum-of-keys", "own: linear attention with its norm")                                     \
    X(SWAPPED, "keys-for-queries", "own")                                                                              \
    X(STATE_LOST, "state-ignored", "own")                                                                              \
    X(STATE_TURNED, "state-transposed", "own: (E, D) for (D, E)")                                                      \
    X(STATE_SHARED, "state-of-the-first-sequence", "own")                                                              \
    X(STATE_RAW, "state-not-decayed-within-a-chunk", "vllm-project/vllm#23279")                                        \
    X(STATE_BF16, "state-kept-in-bf16", "own")                                                                         \
    X(CHUNK_LOST, "chunks-of-8-begin-at-0", "own: nothing carried from chunk to chunk")                                \
    X(SIDES, "sides-of-a-join-swapped", "state-spaces/mamba#716")                                                      \
    X(LAST_EARLY, "last-without-the-last-token", "off by one")                                                         \
    X(BF16_SUM, "sum-in-bf16", "own")                                                                                  \
    X(TAIL, "tail-skipped", "slip: tail")

#define LEGAL(X)                                                                                                       \
    X(DOUBLE, "double", "legal: in double, rounded once")                                                              \
    X(JOINED, "tree-of-joins", "legal: (P f, P r + s)")                                                                \
    X(CHUNKS, "chunks-of-16", "legal: powers of decay and exponentials of sums of gates")                              \
    X(EXP_UP, "exp-up", "legal: 2.9 u too large, and rounded")                                                         \
    X(EXP_DOWN, "exp-down", "legal: 2.9 u too small, and rounded")

enum { PLAIN, FAULTS(MODE) LEGAL(MODE) };
enum { Q, K, V, DECAY, GATE, STATE, Y, LAST };

typedef struct scan { /* of one value of one head */
    int64_t T, D, d;
    float *q, *k, *gate, *v, *s; /* (T,D) three times, (T), (T,D): all states */
    float decay, before;         /* of the head; of row d before the first token */
    bool gated;
    const assay_sum *order;
    int mode;
} scan;

static float exponential(const scan *k, float p)
{
    if (k->mode == GATE_FLUSHED && p < -87.5f)
        return 0;
    const int32_t form = k->mode == EXP_UP ? 6 : k->mode == EXP_DOWN ? 4 : k->order->row;
    return k->mode == DOUBLE || p > 0 ? (float)exp((double)p) : assay_vary_exp(form, p);
}
static float factor(const scan *k, int64_t t)
{
    const int64_t next = k->mode == GATE_NEXT && t + 1 < k->T ? t + 1 : t;
    const float p = k->gate[next * k->D + k->d];
    if (!k->gated || k->mode == GATE_LOST)
        return k->decay;
    const float f = k->mode == GATE_FACTOR ? k->decay * p : k->decay * exponential(k, p);
    return k->mode == GATE_BF16 ? chop(f, 7) : f;
}
static float entering(const scan *k, int64_t t)
{
    return (k->mode == SWAPPED ? k->q : k->k)[t * k->D + k->d] * k->v[t];
}

/* By the recurrence */
static void by_steps(const scan *k)
{
    float s = k->before, product = 1;
    double wide = (double)s;
    for (int64_t t = 0; t < k->T; t++) {
        const float f = factor(k, t), v = entering(k, t);
        product *= f;
        s = k->mode == CHUNK_LOST && t % 8 == 0 && t ? 0 : s;
        s = k->mode == DECAY_AFTER || (k->mode == DECAY_COUNT && t == 0) ? f * (s + v)
            : k->mode == RATIO                                           ? s + v / product
                                                                         : f * s + v;
        s = k->mode == STATE_BF16 ? chop(s, 7) : s;
        wide = k->mode != DOUBLE ? 0
                                 : (double)k->decay * (k->gated ? exp((double)k->gate[t * k->D + k->d]) : 1) * wide +
                                       (double)k->k[t * k->D + k->d] * (double)k->v[t];
        k->s[t * k->D + k->d] = k->mode == DOUBLE ? (float)wide : k->mode == RATIO ? product * s : s;
    }
}
/* Neighbours are joined, then neighbours of 2, of 4, ... */
static void by_joins(const scan *k, float *P, float *r)
{
    for (int64_t t = 0; t < k->T; t++)
        P[t] = factor(k, t), r[t] = entering(k, t);
    for (int64_t off = 1; off < k->T; off *= 2)
        for (int64_t t = k->T - 1; t >= off; t--) {
            r[t] = k->mode == SIDES ? P[t - off] * r[t] + r[t - off] : P[t] * r[t - off] + r[t];
            P[t] *= P[t - off];
        }
    for (int64_t t = 0; t < k->T; t++)
        k->s[t * k->D + k->d] = P[t] * k->before + r[t];
}
/* Within 16 tokens each by itself, from the state before them */
static void by_chunks(const scan *k)
{
    for (int64_t t = 0; t < k->T; t++) {
        const int64_t first = t & ~INT64_C(15);
        float sum = 0, gates = 0, power = 1;
        for (int64_t s = t; s >= first; s--) {
            sum += (s == t ? 1 : power * exponential(k, gates)) * entering(k, s);
            gates += k->gated ? k->gate[s * k->D + k->d] : 0;
            power *= k->decay;
        }
        const float before = first ? k->s[(first - 1) * k->D + k->d] : k->before;
        k->s[t * k->D + k->d] = sum + (k->mode == STATE_RAW ? 1 : power * exponential(k, gates)) * before;
    }
}

static float read_of(const scan *k, const float *q, const float *s)
{
    float sum = 0, keys = 0;
    double wide = 0;
    for (int64_t d = 0; (k->mode == DOUBLE || k->mode == BF16_SUM || k->mode == NORMED) && d < k->D; d++)
        sum = chop(sum + q[d] * s[d], 7), keys += fabsf(q[d]), wide += (double)q[d] * (double)s[d];
    const float y = assay_sum_of(k->order, q, 1, s, 1, k->D);
    return k->mode == DOUBLE     ? (float)wide
           : k->mode == BF16_SUM ? sum
           : k->mode == SCALED   ? y / sqrtf((float)k->D)
           : k->mode == NORMED   ? y / keys
                                 : y;
}

static float number(const assay_tensor *t, int64_t row, int64_t at)
{
    float v;
    assay_vary_read(t, row, at, 1, &v);
    return v;
}
static float before(const assay_args *a, int64_t b, int64_t h, int64_t d, int64_t e, int mode)
{
    const int64_t H = a->dim[2], D = a->dim[3], E = a->dim[4], at = mode == STATE_TURNED ? e * D + d : d * E + e;
    if (!a->operand[STATE].data || mode == STATE_LOST)
        return 0;
    return number(&a->operand[STATE], ((mode == STATE_SHARED ? 0 : b) * H + h) * D + at / E, at % E);
}

/* Queries, keys and gates of head h */
static void head(const assay_args *a, int64_t b, int64_t h, const scan *k)
{
    const assay_tensor *t = a->operand;
    const int64_t D = k->D;
    for (int64_t i = 0; i < k->T; i++) {
        const int64_t row = (b * k->T + i) * a->dim[2] + h;
        assay_vary_read(&t[Q], row, 0, D, k->q + i * D);
        assay_vary_read(&t[K], row, 0, D, k->k + i * D);
        if (t[GATE].data)
            assay_vary_read(&t[GATE], row, 0, D, k->gate + i * D);
    }
}

/* Value e of head h, whose keys stand in k */
static void value(const assay_args *a, int64_t b, int64_t h, int64_t e, scan *k)
{
    const assay_tensor *t = a->operand;
    const int64_t T = k->T, D = k->D, H = a->dim[2];
    const int mode = k->mode;
    k->decay = t[DECAY].data && mode != DECAY_LOST ? number(&t[DECAY], 0, mode == DECAY_FIRST ? 0 : h) : 1;
    for (int64_t i = 0; i < T; i++) {
        for (int64_t d = D - 1; mode == GATE_VALUES && d >= 0; d--)
            k->gate[i * D + d] = k->gate[i * D + e % D];
        k->v[i] = number(&t[V], (b * T + i) * H + h, e);
    }
    for (k->d = 0; k->d < D; k->d++) {
        k->before = before(a, b, h, k->d, e, mode);
        if (mode == JOINED || mode == SIDES)
            by_joins(k, k->s + T * D, k->s + T * D + T);
        else if (mode == CHUNKS || mode == STATE_RAW)
            by_chunks(k);
        else
            by_steps(k);
        const int64_t at = T - 1 - (mode == LAST_EARLY);
        const float last = at < 0 ? k->before : k->mode == RATIO && !T ? 0 : k->s[at * D + k->d];
        if (t[LAST].data)
            assay_vary_write(&t[LAST], (b * H + h) * D + k->d, e, 1, &last);
    }
    for (int64_t i = T - 1; mode == READ_EARLY && i >= 0; i--)
        for (int64_t d = 0; d < D; d++)
            k->s[i * D + d] = i ? k->s[(i - 1) * D + d] : before(a, b, h, d, e, mode);
    for (int64_t i = 0; i < T; i++) {
        const float y = read_of(k, (mode == SWAPPED ? k->k : k->q) + i * D, k->s + i * D);
        assay_vary_write(&t[Y], (b * T + i) * H + h, e, 1, &y);
    }
}

static assay_status all(const assay_args *a, int mode, const assay_sum *order)
{
    const int64_t T = a->dim[1], D = a->dim[3], E = a->dim[4], full = mode == TAIL && E > 8 ? E & ~INT64_C(7) : E;
    float *room = calloc((size_t)(T * (4 * D + 3) + 1), sizeof *room);
    scan k = { .T = T, .D = D, .q = room, .gated = a->operand[GATE].data, .order = order, .mode = mode };
    if (!room)
        return ASSAY_ERR_NOMEM;
    k.k = k.q + T * D, k.gate = k.k + T * D, k.v = k.gate + T * D, k.s = k.v + T;
    for (int64_t b = 0; b < a->dim[0]; b++)
        for (int64_t i = a->begin * full; i < a->end * full; i++) {
            if (i % full == 0 || mode == GATE_VALUES) /* which writes over the gates */
                head(a, b, i / full, &k);
            value(a, b, i / full, i % full, &k);
        }
    free(room);
    return ASSAY_OK;
}
static assay_status run(const assay_args *a)
{
    return all(a, mode_of(a), &assay_sums[0]);
}
static assay_status vary(const assay_args *a)
{
    return all(a, PLAIN, a->variant);
}

static const assay_typeset types[] = { VARY_FLOATS, VARY_FLOATS, VARY_FLOATS, VARY_F32,
                                       VARY_F32,    VARY_F32,    VARY_FLOATS, VARY_F32 };
#define VARY        vary
#define KERNEL_BASE .op = "gated_linear", .types = types
#define VARY_BASE   KERNEL_BASE
static const assay_fault table[] = { SUMS(VARY_ROW) FAULTS(BAD_ROW) LEGAL(GOOD_ROW) };

const assay_faults assay_faults_gated_linear = { "gated_linear", table, ASSAY_COUNT_OF(table) };
