/* SPDX-License-Identifier: MIT
 * beam_step: kernels that are wrong on purpose, and legal ones that must pass. */
#include "assay/params/beam_step.h"
#include "faults.h"
#include "variants.h"
#include <stdlib.h>

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(FIRST_FINISHED, "ends-at-the-first-finished", "neulab/xnmt#572")                                                 \
    X(WITH_PROMPT, "prompt-in-the-length", "huggingface/transformers#26624")                                           \
    X(WITHOUT_END, "end-not-in-the-length", "own: n, not n + 1")                                                       \
    X(NO_PENALTY, "length-penalty-ignored", "own")                                                                     \
    X(TIMES, "times-length", "own: a product for a quotient")                                                          \
    X(NEXT_SCALED, "running-scores-over-length", "own: what runs keeps its sum")                                       \
    X(ENDED_RUNS, "ended-beam-runs-on", "own")                                                                         \
    X(RUNS_AS_IS, "ended-beam-keeps-its-score", "own: where nothing else is left")                                     \
    X(BEYOND_K, "finished-beyond-the-kth", "own: every candidate that ends finishes")                                  \
    X(FEW, "k-candidates", "own: not 2 K")                                                                             \
    X(TWO_K, "2k-candidates-for-any-ends", "own: ids that end fill them all")                                          \
    X(TIES_HIGH, "highest-index-of-ties", "own")                                                                       \
    X(TIES_NEW, "new-one-first-of-ties", "own: of finished ones")                                                      \
    X(TRANSPOSED, "beam-and-token-swapped", "own: v K + k for k V + v")                                                \
    X(ONE_END, "first-end-alone", "own")                                                                               \
    X(LENGTH_IGNORED, "limit-ignored", "own: at length `most` nothing ends")                                           \
    X(LIMIT_LATE, "limit-one-late", "own")                                                                             \
    X(STOP_SWAPPED, "other-stop", "own: transformers 4 for 5")                                                         \
    X(EARLY_FALSE, "early-is-false", "own")                                                                            \
    X(EARLY_TRUE, "early-is-true", "own")                                                                              \
    X(NEVER_NEGATIVE, "never-whatever-the-penalty", "own: `most` for lengths that are not favoured, too")              \
    X(BEST_FINISHED, "against-the-best-finished", "own: the best slot for the worst")                                  \
    X(NOT_FULL, "ends-with-slots-empty", "own: an empty slot counts as the worst")                                     \
    X(NONE_RUNS, "goes-on-with-nothing", "own: all that runs is at -inf")                                              \
    X(JOINS_DONE, "joined-by-what-runs", "own: transformers 4 has done with a search that early ends")                 \
    X(OLD_LOST, "old-ones-lost", "own")                                                                                \
    X(SLOTS_UNSORTED, "slots-in-order-of-arrival", "own")                                                              \
    X(WIDE_SUMS, "sums-not-rounded", "own: double, rounded after the choice")                                          \
    X(IN_BF16, "scores-in-bf16", "own")                                                                                \
    X(NAN_LOST, "nan-passed-over", "vllm-project/vllm#50183")                                                          \
    X(TAIL, "tail-skipped", "slip: tail")

#define LEGAL(X)                                                                                                       \
    X(PLAIN, "sorted", "legal: all sums sorted")                                                                       \
    X(BY_BEAM, "beam-by-beam", "legal: the best of each beam, and of these")                                           \
    X(INSERTED, "inserted", "legal: each sum into the list of the best")                                               \
    X(DOUBLE, "double", "legal: sums and quotients in double, rounded (Figueroa)")                                     \
    X(SEARCHES_BACKWARDS, "searches-backwards", "legal: order of searches")

enum { FAULTS(MODE) LEGAL(MODE) };
enum { LOGP, SCORE, OLD, EOS, PARENT, TOKEN, NEXT, FROM, BEST, GO };

typedef struct item {
    double acc;
    int64_t id;
    bool ends;
} item;
typedef struct call {
    const assay_args *a;
    const assay_beam_step_params *p;
    int64_t r, K, V, E;
    int mode;
    bool v4;
} call;

static const float *floats(const call *k, int i)
{
    const assay_tensor *t = &k->a->operand[i];
    return (const float *)(const void *)((const char *)t->data + k->r * t->stride[0]);
}
static void *out(const call *k, int i)
{
    const assay_tensor *t = &k->a->operand[i];
    return (char *)t->data + k->r * t->stride[0];
}
static float logp_at(const call *k, int64_t b, int64_t v)
{
    const assay_tensor *t = &k->a->operand[LOGP];
    return *(const float *)(const void *)((const char *)t->data + k->r * t->stride[0] + b * t->stride[1] + v * 4);
}

static int before(const item *a, const item *b, int mode)
{
    return a->acc != b->acc ? a->acc > b->acc : mode == TIES_HIGH ? a->id > b->id : a->id < b->id;
}
/* The first `most` of n in order; what is behind them is spoilt. */
static void sort(item *x, item *room, int64_t n, int64_t most, int mode)
{
    const int64_t half = n / 2, m = n < most ? n : most;
    if (n < 2)
        return;
    sort(x, room, half, most, mode);
    sort(x + half, room, n - half, most, mode);
    for (int64_t i = 0, j = half, k = 0; k < m; k++)
        room[k] = j == n || (i < half && before(&x[i], &x[j], mode)) ? x[i++] : x[j++];
    memcpy(x, room, (size_t)m * sizeof *x);
}

static bool limit(const call *k)
{
    const int32_t late = k->mode == LIMIT_LATE;
    return k->mode != LENGTH_IGNORED && k->p->most > 0 && k->p->n + 1 - late >= k->p->most;
}
static bool ends(const call *k, int64_t v)
{
    const int64_t all = k->mode == ONE_END && k->E > 1 ? 1 : k->E;
    for (int64_t e = 0; e < all; e++)
        if (((const int32_t *)k->a->operand[EOS].data)[e * k->a->operand[EOS].stride[0] / 4] == v)
            return true;
    return !k->v4 && limit(k);
}
static double over_length(const call *k, double acc, int32_t length)
{
    const int32_t n = k->mode == WITH_PROMPT ? length + 10 : k->mode == WITHOUT_END && length > 1 ? length - 1 : length;
    const float by = (float)pow(n, k->mode == NO_PENALTY ? 0 : (double)k->p->length_penalty);
    return k->mode == TIMES    ? (double)((float)acc * by)
           : k->mode == DOUBLE ? (float)(acc / (double)by)
                               : (float)acc / by;
}

/* All sums; how many, 0: no answer. */
static int64_t gather(const call *k, item *all)
{
    const int64_t V = k->mode == TAIL && k->V > 8 ? k->V & ~INT64_C(7) : k->V;
    int64_t n = 0;
    for (int64_t b = 0; b < k->K; b++)
        for (int64_t v = 0; v < V; v++) {
            const float x = logp_at(k, b, v), s = floats(k, SCORE)[b];
            const double wide = (double)x + (double)s;
            double acc = k->mode == WIDE_SUMS ? wide : k->mode == DOUBLE ? (float)wide : x + s;
            if (k->mode == IN_BF16)
                acc = chop((float)acc, 7);
            if (!(acc < INFINITY) && k->mode != NAN_LOST)
                return 0;
            acc = acc < INFINITY ? acc : -INFINITY;
            all[n++] = (item){ acc, k->mode == TRANSPOSED ? v * k->K + b : b * k->V + v, ends(k, v) };
        }
    return n;
}

/* The best `wanted` of n to the front, in order. */
static int64_t best_of(const call *k, item *all, item *room, int64_t n, int64_t wanted)
{
    int64_t kept = 0;
    if (k->mode == BY_BEAM && n) {
        for (int64_t b = 0; b < k->K; b++) {
            sort(all + b * k->V, room, k->V, wanted, PLAIN);
            const int64_t few = k->V < wanted ? k->V : wanted;
            memmove(all + kept, all + b * k->V, (size_t)few * sizeof *all);
            kept += few;
        }
        n = kept;
    } else if (k->mode == INSERTED) {
        for (int64_t i = 0; i < n; i++) {
            int64_t at = kept;
            for (; at > 0 && before(&all[i], &room[at - 1], PLAIN); at--)
                if (at < wanted)
                    room[at] = room[at - 1];
            if (at < wanted)
                room[at] = all[i];
            kept = kept < wanted && at <= kept ? kept + 1 : kept;
        }
        memcpy(all, room, (size_t)kept * sizeof *all);
        return kept;
    }
    sort(all, room, n, wanted, k->mode);
    return n < wanted ? n : wanted;
}

typedef struct slots {
    double score[3 * 64 * 17 + 64];
    int64_t from[3 * 64 * 17 + 64], n;
} slots;
static void put(const call *k, slots *s, double score, int64_t from)
{
    int64_t at = s->n;
    if (!(score > -INFINITY))
        return;
    while (k->mode != SLOTS_UNSORTED && at > 0 &&
           (s->score[at - 1] < score || (k->mode == TIES_NEW && s->score[at - 1] == score)))
        at--;
    memmove(s->score + at + 1, s->score + at, (size_t)(s->n - at) * sizeof *s->score);
    memmove(s->from + at + 1, s->from + at, (size_t)(s->n - at) * sizeof *s->from);
    s->score[at] = score, s->from[at] = from, s->n++;
}

static bool goes_on(const call *k, float top, float next, const slots *s)
{
    const bool full = s->n >= k->K, never = k->p->early == ASSAY_EARLY_NEVER;
    const bool favoured = k->p->length_penalty > 0 || k->mode == NEVER_NEGATIVE;
    const bool longest = never && favoured && k->p->most > 0 && k->mode != EARLY_FALSE;
    if (limit(k) || (next == -INFINITY && k->mode != NONE_RUNS) || (k->mode == FIRST_FINISHED && full))
        return false;
    if (!full && (k->mode != NOT_FULL || s->n == 0))
        return true;
    if (k->mode == EARLY_TRUE || (k->p->early == ASSAY_EARLY_TRUE && k->mode != EARLY_FALSE))
        return false;
    const double worst = s->score[k->mode == BEST_FINISHED ? 0 : (full ? k->K : s->n) - 1];
    return over_length(k, (double)top, longest ? k->p->most : k->p->n + 1) > worst;
}

static void search(const call *k, item *all, item *room, slots *s)
{
    const int64_t K = k->K, found = gather(k, all);
    const int64_t wide = k->mode == FEW ? 1 : k->E > 1 && k->mode != TWO_K ? 1 + k->E : 2;
    const int64_t n = best_of(k, all, room, found, wide * K);
    int32_t *parent = out(k, PARENT), *token = out(k, TOKEN), *from = out(k, FROM), *go = out(k, GO);
    float *next = out(k, NEXT), *best = out(k, BEST);
    const item *run[64] = { NULL };
    int64_t running = 0;
    s->n = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int64_t i = 0; i < n && running < K; i++)
            if (k->mode == ENDED_RUNS ? !pass : all[i].ends == (pass == 1))
                run[running++] = &all[i];
    for (int64_t i = 0; n && i < K && k->mode != OLD_LOST; i++)
        put(k, s, (double)floats(k, OLD)[i], i);
    for (int64_t i = 0; i < n && (i < K || k->mode == BEYOND_K); i++)
        if (all[i].ends)
            put(k, s, over_length(k, all[i].acc, k->p->n + 1), K + all[i].id);
    const bool joins = k->v4 && limit(k) && (k->p->early != ASSAY_EARLY_TRUE || s->n < K || k->mode == JOINS_DONE);
    for (int64_t i = 0; i < K; i++) {
        const bool there = i < running, ended = there && run[i]->ends && k->mode != RUNS_AS_IS && k->mode != ENDED_RUNS;
        parent[i] = there ? (int32_t)(run[i]->id / k->V) : -1, token[i] = there ? (int32_t)(run[i]->id % k->V) : -1;
        next[i] = !there || ended ? -INFINITY : (float)run[i]->acc;
        if (joins && there && !run[i]->ends)
            put(k, s, over_length(k, run[i]->acc, k->p->n + 1), K + run[i]->id);
        if (k->mode == NEXT_SCALED && there)
            next[i] = (float)over_length(k, next[i], k->p->n + 1);
    }
    for (int64_t i = 0; i < K; i++)
        from[i] = i < s->n ? (int32_t)s->from[i] : -1, best[i] = i < s->n ? (float)s->score[i] : -INFINITY;
    *go = n ? goes_on(k, k->v4 ? (float)all[0].acc : next[0], next[0], s) : -1;
}

static assay_status run(const assay_args *a)
{
    const assay_beam_step_params *p = a->params;
    call k = { a, p, 0, a->dim[1], a->dim[2], a->dim[3], mode_of(a), 0 };
    const size_t N = (size_t)(k.K * k.V) + 1;
    item *all = malloc(2 * N * sizeof *all);
    slots *s = malloc(sizeof *s);
    k.v4 = (p->stop == ASSAY_STOP_V4) != (k.mode == STOP_SWAPPED);
    for (int64_t i = a->begin; all && s && i < a->end; i++) {
        k.r = k.mode == SEARCHES_BACKWARDS ? a->end - 1 - (i - a->begin) : i;
        search(&k, all, all + N, s);
    }
    free(all);
    free(s);
    return all && s ? ASSAY_OK : ASSAY_ERR_NOMEM;
}

static const assay_typeset types[] = { VARY_F32, VARY_F32, VARY_F32, VARY_I32, VARY_I32,
                                       VARY_I32, VARY_F32, VARY_I32, VARY_F32, VARY_I32 };
#define KERNEL_BASE .op = "beam_step", .types = types
static const assay_fault table[] = { FAULTS(BAD_ROW) LEGAL(GOOD_ROW) };

const assay_faults assay_faults_beam_step = { "beam_step", table, ASSAY_COUNT_OF(table) };
