/* SPDX-License-Identifier: MIT
 * ssm_scan: kernels that are wrong on purpose, and legal ones that must pass: by steps, by a tree of joins, by chunks.
 */
#include "faults.h"
#include "variants.h"
#include <stdlib.h>

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(ZERO_ORDER, "zero-order-hold", "own: the paper's equation 4, which no implementation has")                       \
    X(NO_SOFTPLUS, "softplus-left-out", "own")                                                                         \
    X(NO_LOG1P, "ln-of-1-plus-e", "own: small steps are lost")                                                         \
    X(BIAS_LOST, "bias-ignored", "own")                                                                                \
    X(BIAS_AFTER, "bias-after-softplus", "own")                                                                        \
    X(SKIP_LOST, "skip-left-out", "own")                                                                               \
    X(SKIP_ONE, "skip-taken-for-1", "own: a residual")                                                                 \
    X(RATE_LOG, "a-taken-for-its-logarithm", "own: A_log of the files")                                                \
    X(RATE_ONE, "a-of-the-first-number", "own: Mamba-2 has one a channel")                                             \
    X(DECAY_AFTER, "decay-after-the-input", "own: e^p (h + v)")                                                        \
    X(DECAY_LINEAR, "decay-by-1-plus-p", "own: Euler for the decay, too")                                              \
    X(DECAY_BF16, "decay-in-bf16", "own")                                                                              \
    X(STEP_TWICE, "input-not-by-the-step", "own: x B for s x B")                                                       \
    X(READ_EARLY, "read-before-the-update", "own")                                                                     \
    X(READ_WRITE, "read-and-write-swapped", "own: B for C")                                                            \
    X(SIXTEEN, "sixteen-numbers-at-most", "own: written for Mamba's N alone")                                          \
    X(STATE_LOST, "state-ignored", "own")                                                                              \
    X(STATE_OF_ONE, "state-of-one-sequence-ignored", "vllm-project/vllm#22034")                                        \
    X(STATE_RAW, "state-not-decayed-within-a-chunk", "vllm-project/vllm#23279")                                        \
    X(SIDES, "sides-of-a-join-swapped", "state-spaces/mamba#716")                                                      \
    X(STATE_SHARED, "state-of-the-first-sequence", "own")                                                              \
    X(STATE_TURNED, "state-transposed", "own: (N, D) for (D, N)")                                                      \
    X(STATE_LEFT, "state-of-the-sequence-before", "own: not cleared between sequences")                                \
    X(STATE_BF16, "state-kept-in-bf16", "own")                                                                         \
    X(LAST_EARLY, "last-without-the-last-token", "off by one")                                                         \
    X(CHUNK_LOST, "chunks-of-8-begin-at-0", "own: nothing carried from chunk to chunk")                                \
    X(BF16_SUM, "sum-in-bf16", "own")                                                                                  \
    X(TAIL, "tail-skipped", "slip: tail")

#define LEGAL(X)                                                                                                       \
    X(DOUBLE, "double", "legal: in double, rounded once")                                                              \
    X(OUTER, "x-write-first", "legal: s (x write)")                                                                    \
    X(SWITCHED, "softplus-by-threshold", "legal: z itself above 20")                                                   \
    X(JOINED, "tree-of-joins", "legal: (P p, P r + q)")                                                                \
    X(CHUNKS, "chunks-of-16", "legal: exponentials of sums of steps")                                                  \
    X(EXP_UP, "exp-up", "legal: 2.9 u too large, and rounded")                                                         \
    X(EXP_DOWN, "exp-down", "legal: 2.9 u too small, and rounded")

enum { PLAIN, FAULTS(MODE) LEGAL(MODE) };
enum { X, DT, A, WRITE, READ, SKIP, BIAS, STATE, Y, LAST };

typedef struct scan { /* of one channel of one sequence */
    int64_t T, N, n;
    float *step, *x, *write, *read, *h; /* (T) (T) (T,N) (T,N) (T,N): all states */
    float rate, before;                 /* of number n: a, and the state before the first token */
    const assay_sum *order;
    int mode;
} scan;

static float exponential(const scan *k, float p)
{
    const int32_t form = k->mode == EXP_UP ? 6 : k->mode == EXP_DOWN ? 4 : k->order->row;
    if (k->mode == DOUBLE || p > 0)
        return (float)exp((double)p);
    const float e = assay_vary_exp(form, p);
    return k->mode == DECAY_BF16 ? chop(e, 7) : k->mode == DECAY_LINEAR ? 1 + p : e;
}
static float softplus(float z, int mode)
{
    const float e = expf(-fabsf(z));
    return mode == NO_SOFTPLUS          ? z
           : mode == NO_LOG1P           ? fmaxf(z, 0) + logf(1 + e)
           : mode == SWITCHED && z > 20 ? z
           : mode == DOUBLE             ? (float)(fmax((double)z, 0) + log1p(exp(-fabs((double)z))))
           : z != z                     ? z
                                        : fmaxf(z, 0) + log1pf(e);
}
static float entering(const scan *k, int64_t t)
{
    const float s = k->step[t], x = k->x[t], w = (k->mode == READ_WRITE ? k->read : k->write)[t * k->N + k->n];
    return k->mode == ZERO_ORDER   ? expm1f(s * k->rate) / k->rate * x * w
           : k->mode == STEP_TWICE ? x * w
           : k->mode == OUTER      ? s * (x * w)
                                   : s * x * w;
}

/* By the recurrence */
static void by_steps(const scan *k)
{
    float h = k->before;
    double wide = (double)h;
    for (int64_t t = 0; t < k->T; t++) {
        const float fall = exponential(k, k->step[t] * k->rate), v = entering(k, t);
        h = k->mode == CHUNK_LOST && t % 8 == 0 && t ? 0 : h;
        h = k->mode == DECAY_AFTER ? fall * (h + v) : fall * h + v;
        h = k->mode == STATE_BF16 ? chop(h, 7) : h;
        wide = k->mode != DOUBLE ? 0
                                 : exp((double)k->step[t] * (double)k->rate) * wide +
                                       (double)k->step[t] * (double)k->x[t] * (double)k->write[t * k->N + k->n];
        k->h[t * k->N + k->n] = k->mode == DOUBLE ? (float)wide : h;
    }
}
/* Neighbours are joined, then neighbours of 2, of 4, ... */
static void by_joins(const scan *k, float *P, float *q)
{
    for (int64_t t = 0; t < k->T; t++)
        P[t] = exponential(k, k->step[t] * k->rate), q[t] = entering(k, t);
    for (int64_t off = 1; off < k->T; off *= 2)
        for (int64_t t = k->T - 1; t >= off; t--)
            q[t] = k->mode == SIDES ? P[t - off] * q[t] + q[t - off] : P[t] * q[t - off] + q[t], P[t] *= P[t - off];
    for (int64_t t = 0; t < k->T; t++)
        k->h[t * k->N + k->n] = P[t] * k->before + q[t];
}
/* Within 16 tokens each by itself, from the state before them */
static void by_chunks(const scan *k)
{
    for (int64_t t = 0; t < k->T; t++) {
        const int64_t first = t & ~INT64_C(15);
        float sum = 0, steps = 0;
        for (int64_t s = t; s >= first; s--) {
            sum += (s < t ? exponential(k, steps * k->rate) : 1) * entering(k, s);
            steps += k->step[s];
        }
        const float before = first ? k->h[(first - 1) * k->N + k->n] : k->before;
        k->h[t * k->N + k->n] = sum + (k->mode == STATE_RAW ? 1 : exponential(k, steps * k->rate)) * before;
    }
}

static float read_of(const scan *k, int64_t t, float skipped)
{
    const float *h = k->h + t * k->N, *read = (k->mode == READ_WRITE ? k->write : k->read) + t * k->N;
    float sum = 0;
    double wide = 0;
    for (int64_t n = 0; (k->mode == DOUBLE || k->mode == BF16_SUM) && n < k->N; n++)
        sum = chop(sum + read[n] * h[n], 7), wide += (double)read[n] * (double)h[n];
    return k->mode == DOUBLE     ? (float)(wide + (double)skipped)
           : k->mode == BF16_SUM ? sum + skipped
                                 : assay_sum_of(k->order, read, 1, h, 1, k->N) + skipped;
}

static float number(const assay_tensor *t, int64_t row, int64_t at)
{
    float v;
    assay_vary_read(t, row, at, 1, &v);
    return v;
}

/* What number n of channel d has before the first token */
static float before(const assay_args *a, int64_t b, int64_t d, int64_t n, float left, int mode)
{
    const int64_t D = a->dim[2], N = a->dim[3], at = mode == STATE_TURNED ? n * D + d : d * N + n;
    if (mode == STATE_LEFT && b && !a->operand[STATE].data)
        return left;
    if (!a->operand[STATE].data || mode == STATE_LOST || (mode == STATE_OF_ONE && a->dim[0] == 1))
        return 0;
    return number(&a->operand[STATE], (mode == STATE_SHARED ? 0 : b) * D + at / N, at % N);
}

static void channel(const assay_args *a, int64_t b, int64_t d, scan *k)
{
    const assay_tensor *t = a->operand;
    const int64_t T = k->T, N = k->N, D = a->dim[2];
    const int mode = k->mode;
    const float bias = t[BIAS].data && mode != BIAS_LOST ? number(&t[BIAS], 0, d) : 0;
    float skip = t[SKIP].data && mode != SKIP_LOST ? mode == SKIP_ONE ? 1 : number(&t[SKIP], 0, d) : 0;
    for (int64_t i = 0; i < T; i++) {
        const float z = number(&t[DT], b * T + i, d);
        k->step[i] = mode == BIAS_AFTER ? softplus(z, mode) + bias : softplus(z + bias, mode);
        k->x[i] = number(&t[X], b * T + i, d);
        assay_vary_read(&t[WRITE], b * T + i, 0, N, k->write + i * N);
        assay_vary_read(&t[READ], b * T + i, 0, N, k->read + i * N);
    }
    for (k->n = 0; k->n < N; k->n++) {
        const float rate = number(&t[A], d, mode == RATE_ONE ? 0 : k->n), left = T ? k->h[(T - 1) * N + k->n] : 0;
        k->rate = mode == RATE_LOG ? -expf(rate) : rate;
        k->before = before(a, b, d, k->n, left, mode);
        for (int64_t i = 0; mode == SIXTEEN && k->n >= 16 && i < T; i++)
            k->h[i * N + k->n] = 0;
        if (mode == JOINED || mode == SIDES)
            by_joins(k, k->h + T * N, k->h + T * N + T);
        else if (mode == CHUNKS || mode == STATE_RAW)
            by_chunks(k);
        else if (mode != SIXTEEN || k->n < 16)
            by_steps(k);
        const int64_t at = T - 1 - (mode == LAST_EARLY);
        const float last = at < 0 ? k->before : k->h[at * N + k->n];
        if (t[LAST].data)
            assay_vary_write(&t[LAST], b * D + d, k->n, 1, &last);
    }
    for (int64_t i = T - 1; mode == READ_EARLY && i >= 0; i--)
        for (int64_t n = 0; n < N; n++)
            k->h[i * N + n] = i ? k->h[(i - 1) * N + n] : before(a, b, d, n, 0, mode);
    for (int64_t i = 0; i < T; i++) {
        const float y = read_of(k, i, t[SKIP].data ? skip * k->x[i] : 0);
        assay_vary_write(&t[Y], b * T + i, d, 1, &y);
    }
}

static assay_status all(const assay_args *a, int mode, const assay_sum *order)
{
    const int64_t T = a->dim[1], D = a->dim[2], N = a->dim[3], full = mode == TAIL && D > 8 ? D & ~INT64_C(7) : D;
    float *room = calloc((size_t)(T * (4 + 3 * N) + 1), sizeof *room);
    scan k = { .T = T, .N = N, .order = order, .mode = mode };
    if (!room)
        return ASSAY_ERR_NOMEM;
    k.step = room, k.x = room + T, k.write = k.x + T, k.read = k.write + T * N, k.h = k.read + T * N;
    for (int64_t i = a->begin * full; i < a->end * full; i++)
        channel(a, i / full, i % full, &k);
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

static const assay_typeset types[] = { VARY_FLOATS, VARY_F32, VARY_F32, VARY_F32,    VARY_F32,
                                       VARY_F32,    VARY_F32, VARY_F32, VARY_FLOATS, VARY_F32 };
#define VARY        vary
#define KERNEL_BASE .op = "ssm_scan", .types = types
#define VARY_BASE   KERNEL_BASE
static const assay_fault table[] = { SUMS(VARY_ROW) FAULTS(BAD_ROW) LEGAL(GOOD_ROW) };

const assay_faults assay_faults_ssm_scan = { "ssm_scan", table, ASSAY_COUNT_OF(table) };
