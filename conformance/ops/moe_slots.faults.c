/* SPDX-License-Identifier: MIT
 * moe_slots: kernels that are wrong on purpose, and legal ones that reach the same integers by other ways. */
#include "assay/params/moe_slots.h"
#include "faults.h"
#include "variants.h"
#include <stdlib.h>

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(NO_CAPACITY, "nobody-is-dropped", "deepspeedai/DeepSpeed#1658")                                                  \
    X(ONE_MORE, "one-more-than-the-capacity", "own: <= for <")                                                         \
    X(ONE_LESS, "one-less-than-the-capacity", "own: a count with oneself in it, <")                                    \
    X(NONE_KEPT, "capacity-0-keeps-nobody", "own: 0 is as many as there are")                                          \
    X(FOR_ALL, "one-capacity-for-all-experts", "own")                                                                  \
    X(FROM_ONE, "slots-from-1", "own: a running sum with oneself in it")                                               \
    X(LAST_SLOT, "dropped-into-the-last-slot", "own: cut to the capacity, two in one slot")                            \
    X(RING, "slots-start-again", "own: modulo the capacity")                                                           \
    X(PACKED, "place-in-the-sorted-list", "own: the expert's first place is not taken off")                            \
    X(OTHER_ORDER, "tokens-for-choices-and-back", "own")                                                               \
    X(EACH_CHOICE, "each-choice-from-0", "own: second choices are not put behind the first ones")                      \
    X(LAST_FIRST, "last-token-first", "own")                                                                           \
    X(UNSTABLE, "odd-tokens-last", "own: a sort that does not keep the order")                                         \
    X(FIRST_MATCH, "slot-of-the-first-match", "ggml-org/llama.cpp#26295")                                              \
    X(GROUPS_ON, "counts-of-the-group-before", "own: not cleared between groups")                                      \
    X(TOP_1, "first-choice-only", "own: Switch's, where K experts were chosen")                                        \
    X(BITS_8, "counts-of-8-bits", "own")                                                                               \
    X(BITS_16, "counts-of-16-bits", "own")                                                                             \
    X(LAST_TOKEN, "last-token-dropped", "off by one")                                                                  \
    X(LAST_EXPERT, "last-expert-skipped", "slip: tail")                                                                \
    X(NONE_IS_LAST, "none-is-the-last-expert", "own: an index of -1 counts from the end")                              \
    X(NONE_IS_FIRST, "none-is-the-first-expert", "own: cut to 0")                                                      \
    X(COUNT_KEPT, "kept-counted", "own: count without the dropped")                                                    \
    X(COUNT_FIRST, "first-choices-counted", "own: count of the first choice alone")

#define LEGAL(X)                                                                                                       \
    X(PLAIN, "counters", "legal: one counter an expert")                                                               \
    X(STOPS, "counters-that-stop", "legal: at the capacity; who was dropped is counted apart")                         \
    X(COMPARED, "all-pairs", "legal: each choice with all before it")                                                  \
    X(BY_EXPERT, "expert-by-expert", "legal: a running sum over all choices for each")                                 \
    X(SORTED, "counting-sort", "legal: places in the sorted list, less the expert's first")                            \
    X(BACKWARDS, "groups-backwards", "legal: order of groups")

enum { FAULTS(MODE) LEGAL(MODE) };
enum { IDS, SLOTS, COUNT };
enum { PAIRS = 2000 }; /* choices that are compared with all before them: the square of it is quick enough */

typedef struct call {
    const assay_args *a;
    int64_t b, T, X, K, capacity; /* capacity: with what the mode does to it */
    bool by_choice;
    int mode;
    int32_t *chosen, *before; /* X and X + 1 numbers: how often each was; how often all below it are */
} call;

static int32_t *at(const call *k, int i, int64_t b, int64_t t)
{
    const assay_tensor *x = &k->a->operand[i];
    return (int32_t *)(void *)((char *)x->data + b * x->stride[0] + t * x->stride[1]);
}

/* The i-th choice in order: whose, and its which. */
static void nth(const call *k, int64_t i, int64_t *t, int64_t *c)
{
    *t = k->by_choice ? i % k->T : i / k->K, *c = k->by_choice ? i / k->T : i % k->K;
    if (k->mode == LAST_FIRST)
        *t = k->T - 1 - *t;
    if (k->mode == UNSTABLE)
        *t = 2 * *t < k->T ? 2 * *t : 2 * (*t - (k->T + 1) / 2) + 1;
}

/* The expert of a choice; -1: it takes no slot. */
static int64_t expert(const call *k, int64_t b, int64_t t, int64_t c)
{
    const int64_t e = at(k, IDS, b, t)[c];
    if (e < 0)
        return k->mode == NONE_IS_LAST ? k->X - 1 : k->mode == NONE_IS_FIRST ? 0 : -1;
    const bool skipped = (k->mode == TOP_1 && c > 0) || (k->mode == LAST_TOKEN && k->T > 1 && t == k->T - 1) ||
                         (k->mode == LAST_EXPERT && k->X > 1 && e == k->X - 1);
    return skipped ? -1 : e;
}

/* How many of the choices before the i-th, that of c by t, have its expert e. */
static int64_t ahead(const call *k, int64_t i, int64_t e)
{
    int64_t n = 0, t, c;
    for (int64_t j = 0; j < i; j++) {
        nth(k, j, &t, &c);
        n += expert(k, k->b, t, c) == e;
    }
    return n;
}

static int32_t slot(const call *k, int64_t n, int64_t i, int64_t e)
{
    const bool late = k->mode == FOR_ALL ? i >= k->capacity : n >= k->capacity;
    if (k->mode == BITS_8 || k->mode == BITS_16)
        n %= k->mode == BITS_8 ? 256 : 65536;
    if (k->mode == PACKED)
        return late ? -1 : (int32_t)(n + k->before[e]);
    if (k->mode == LAST_SLOT || k->mode == RING)
        return (int32_t)(!late ? n : k->mode == RING ? n % k->capacity : k->capacity - 1);
    return late ? -1 : (int32_t)(n + (k->mode == FROM_ONE));
}

/* Of a token's earlier choices one with the same expert; c: none */
static int64_t match(const call *k, int64_t t, int64_t c, int64_t e)
{
    int64_t j = 0;
    while (j < c && expert(k, k->b, t, j) != e)
        j++;
    return j;
}

/* chosen and before of group b */
static void census(const call *k, int64_t b)
{
    for (int64_t e = 0; e < k->X; e++)
        k->chosen[e] = 0;
    for (int64_t t = 0; b >= 0 && t < k->T; t++)
        for (int64_t c = 0; c < (k->mode == COUNT_FIRST && k->K > 1 ? 1 : k->K); c++) {
            const int64_t e = expert(k, b, t, c);
            if (e >= 0)
                k->chosen[e]++;
        }
    k->before[0] = 0;
    for (int64_t e = 0; e < k->X; e++)
        k->before[e + 1] = k->before[e] + k->chosen[e];
}

static void write_count(const call *k)
{
    for (int64_t e = 0; e < k->X; e++) {
        const int64_t n = k->chosen[e];
        const bool less = k->mode == COUNT_KEPT && n > k->capacity;
        at(k, COUNT, k->b, 0)[e] = (int32_t)(less ? k->capacity : k->mode == BITS_16 ? n % 65536 : n);
    }
}

/* By one counter an expert, in every mode that has no other way. */
static void counted(const call *k)
{
    int64_t t, c;
    if (k->mode == SORTED || k->mode == PACKED)
        census(k, k->b);
    for (int64_t e = 0; e < k->X; e++)
        k->chosen[e] = k->mode == SORTED ? k->before[e] : 0;
    if (k->mode == GROUPS_ON)
        census(k, k->b - 1);
    for (int64_t i = 0; i < k->T * k->K; i++) {
        nth(k, i, &t, &c);
        const int64_t e = expert(k, k->b, t, c), j = k->mode == FIRST_MATCH ? match(k, t, c, e) : c;
        int32_t *s = at(k, SLOTS, k->b, t);
        for (int64_t x = 0; k->mode == EACH_CHOICE && k->by_choice && i % k->T == 0 && x < k->X; x++)
            k->chosen[x] = 0;
        if (e < 0 || j < c) {
            s[c] = e < 0 ? -1 : s[j];
            continue;
        }
        const int64_t n = k->mode == COMPARED && i < PAIRS ? ahead(k, i, e)
                          : k->mode == SORTED              ? k->chosen[e] - k->before[e]
                                                           : k->chosen[e];
        s[c] = slot(k, n, i, e);
        if (k->mode != STOPS || n < k->capacity)
            k->chosen[e]++;
    }
}

static void by_expert(const call *k)
{
    for (int64_t t = 0; t < k->T; t++)
        for (int64_t c = 0; c < k->K; c++)
            at(k, SLOTS, k->b, t)[c] = -1;
    for (int64_t e = 0; e < k->X; e++)
        for (int64_t i = 0, n = 0, t, c; i < k->T * k->K; i++) {
            nth(k, i, &t, &c);
            if (expert(k, k->b, t, c) == e)
                at(k, SLOTS, k->b, t)[c] = slot(k, n++, i, e);
        }
}

static int64_t capacity_of(const assay_moe_slots_params *p, int64_t all, int mode)
{
    if (mode == NO_CAPACITY || p->capacity == 0)
        return mode == NONE_KEPT ? 0 : all;
    return p->capacity + (mode == ONE_MORE) - (mode == ONE_LESS);
}

static assay_status run(const assay_args *a)
{
    const assay_moe_slots_params *p = a->params;
    const int64_t T = a->dim[1], X = a->dim[2], K = a->dim[3];
    const int mode = mode_of(a);
    int32_t *room = malloc((size_t)(2 * X + 1) * sizeof *room);
    for (int64_t i = a->begin; room && i < a->end; i++) {
        const int64_t b = mode == BACKWARDS ? a->end - 1 - (i - a->begin) : i;
        const bool by_choice = (p->order == ASSAY_SLOTS_CHOICES) != (mode == OTHER_ORDER);
        const call k = { a, b, T, X, K, capacity_of(p, T * K, mode), by_choice, mode, room, room + X };
        if (mode == BY_EXPERT)
            by_expert(&k);
        else
            counted(&k);
        if (a->operand[COUNT].data) {
            census(&k, b);
            write_count(&k);
        }
    }
    free(room);
    return room ? ASSAY_OK : ASSAY_ERR_NOMEM;
}

static const assay_typeset types[] = { VARY_I32, VARY_I32, VARY_I32 };
#define KERNEL_BASE .op = "moe_slots", .types = types
static const assay_fault table[] = { FAULTS(BAD_ROW) LEGAL(GOOD_ROW) };

const assay_faults assay_faults_moe_slots = { "moe_slots", table, ASSAY_COUNT_OF(table) };
