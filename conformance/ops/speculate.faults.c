/* SPDX-License-Identifier: MIT
 * speculate: kernels that are wrong on purpose, and legal ones that must pass. */
#include "faults.h"
#include "variants.h"
#include <stdlib.h>

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(ALL, "everything-accepted", "own")                                                                               \
    X(GREEDY, "accepted-if-p-is-larger", "own: u is not asked")                                                        \
    X(UPSIDE_DOWN, "q-over-p", "own")                                                                                  \
    X(BY_P, "u-below-p", "own: q is left out")                                                                         \
    X(BY_W, "one-draw-for-all", "own: u[0] at every place")                                                            \
    X(ZERO, "chance-of-0-accepted", "own: u <= p / q, at u = 0")                                                       \
    X(ZERO_Q, "q-of-0-rejected", "own: p / 0 is not a number for it")                                                  \
    X(GOES_ON, "accepted-behind-a-rejected", "own: all that are accepted are counted")                                 \
    X(COUNTS_ONE_MORE, "rejected-one-counted", "own")                                                                  \
    X(FROM_P, "drawn-from-p", "own: the draft's part is drawn again")                                                  \
    X(FROM_Q, "drawn-from-q-less-p", "own: the rest of the draft")                                                     \
    X(SIZES, "drawn-from-the-distance", "own: |p - q|")                                                                \
    X(NOT_CUT, "negative-rest", "own: p - q where q is more, too")                                                     \
    X(NEXT_ROW, "next-place", "own: the row behind the rejected one")                                                  \
    X(NO_LAST, "last-place-for-last", "own: p of the last drafted id where all are accepted")                          \
    X(AS_IF_ONE, "sum-taken-for-1", "own: w < the sum up to an id")                                                    \
    X(NOT_LEFT, "nothing-left-is-no-answer", "own: q is p, or more, everywhere")                                       \
    X(AT_LEAST, "first-at-w-sum", "own: <= for <: at w = 0 an id without a chance")                                    \
    X(BEST, "best-of-the-rest", "own: its largest, whatever w")                                                        \
    X(FROM_END, "from-the-last-id", "own: sums from the end")                                                          \
    X(U_AGAIN, "drawn-by-the-u-that-rejected", "own: it is large")                                                     \
    X(NAN_LOST, "nan-passed-over", "vllm-project/vllm#50183")                                                          \
    X(MINUS, "negative-chances", "own: they are taken as they are")                                                    \
    X(IN_BF16, "chances-in-bf16", "own")                                                                               \
    X(TAIL, "tail-skipped", "slip: tail")

#define LEGAL(X)                                                                                                       \
    X(PLAIN, "product", "legal: u q <= p")                                                                             \
    X(QUOTIENT, "quotient", "legal: u <= p / q")                                                                       \
    X(BELOW, "below-the-quotient", "legal: u < p / q")                                                                 \
    X(TO_ONE, "rest-over-its-sum", "legal: what is left made to sum to 1")                                             \
    X(DOUBLE, "double", "legal: all sums in double")                                                                   \
    X(BACKWARDS, "sequences-backwards", "legal: order of sequences")                                                   \
    X(SUMMED, "sum-by-lanes", "legal: eight sums")

enum { FAULTS(MODE) LEGAL(MODE) };
enum { P, Q, LAST, DRAFT, U, W, COUNT, TOKEN };

typedef struct call {
    const assay_args *a;
    int64_t r, T, V;
    int mode;
    const assay_sum *order; /* of all sums; NULL: as the mode says */
    float *room;            /* what is left of each id, where there is an order */
} call;

static float *at(const call *k, int i, int64_t t)
{
    const assay_tensor *x = &k->a->operand[i];
    return (float *)(void *)((char *)x->data + k->r * x->stride[0] + (x->rank > 1 ? t * x->stride[1] : 0));
}
static bool is_chance(const call *k, float x)
{
    return (x >= 0 || (k->mode == MINUS && x < 0) || (k->mode == NAN_LOST && isnan(x))) && x != INFINITY;
}
static bool is_uniform(float u)
{
    return u >= 0 && u < 1;
}
static float kept(const call *k, float x)
{
    return k->mode == IN_BF16 ? as_bf16(x) : x;
}

static bool accepts(const call *k, float p, float q, float u)
{
    const bool some = p > 0 || k->mode == ZERO;
    switch (k->mode) {
    case ALL:
        return true;
    case GREEDY:
        return p >= q;
    case UPSIDE_DOWN:
        return some && u * p <= q;
    case BY_P:
        return some && u <= p;
    case ZERO_Q:
        return some && q > 0 && u * q <= p;
    case QUOTIENT:
        return some && u <= p / q;
    case BELOW:
        return some && u < p / q;
    default:
        return some && u * q <= p;
    }
}

/* What is left of id v. */
static double rest(const call *k, const float *p, const float *q, int64_t v)
{
    const float x = kept(k, p[v]), y = q ? kept(k, q[v]) : 0, d = x - y;
    if (!q || k->mode == FROM_P || k->mode == NOT_CUT || k->mode == SIZES)
        return k->mode == NOT_CUT ? (double)d : k->mode == SIZES ? fabs((double)d) : (double)x;
    const float left = k->mode == FROM_Q ? y - x : d;
    return left > 0 ? (double)left : 0;
}
static double add(const call *k, double sum, double x)
{
    return k->mode == DOUBLE ? sum + x : (double)((float)sum + (float)x);
}

/* The first id whose sum and that of all before it passes aim, in an order of its own; one that has a chance. */
static int64_t passes(const assay_sum *s, const float *x, int64_t V, float aim)
{
    int64_t from = 0, n = V;
    while (from < n) {
        const int64_t i = from + (n - from) / 2;
        if (aim < assay_sum_of(s, x, 1, NULL, 0, i + 1))
            n = i;
        else
            from = i + 1;
    }
    while (n < V && !(x[n] > 0))
        n++;
    for (n -= n == V; !(x[n] > 0); n--)
        ;
    return n;
}
static int64_t draw_in_order(const call *k, const float *p, const float *q, float w)
{
    for (int64_t v = 0; v < k->V; v++)
        k->room[v] = (float)rest(k, p, q, v);
    return passes(k->order, k->room, k->V, w * assay_sum_of(k->order, k->room, 1, NULL, 0, k->V));
}

static int64_t draw(const call *k, const float *p, const float *q, float w)
{
    const int64_t V = k->mode == TAIL && k->V > 8 ? k->V & ~INT64_C(7) : k->V;
    double sum = 0, upto = 0, lane[8] = { 0 };
    int64_t best = 0, last = -1;
    for (int64_t v = 0; v < V; v++) {
        if (!is_chance(k, p[v]) || (q && !is_chance(k, q[v])))
            return -1;
        const double x = rest(k, p, q, v);
        lane[v % 8] = add(k, lane[v % 8], x), sum = add(k, sum, x);
        best = x > rest(k, p, q, best) ? v : best, last = x > 0 ? v : last;
    }
    if (k->mode == SUMMED)
        sum = (double)((((float)lane[0] + (float)lane[4]) + ((float)lane[2] + (float)lane[6])) +
                       (((float)lane[1] + (float)lane[5]) + ((float)lane[3] + (float)lane[7])));
    if (q && !(sum > 0) && k->mode != NOT_LEFT)
        return draw(k, p, NULL, w);
    if (!(sum > 0) || !is_uniform(w))
        return -1;
    if (k->mode == BEST)
        return best;
    if (k->order)
        return draw_in_order(k, p, q, w);
    const double whole = k->mode == AS_IF_ONE || k->mode == TO_ONE ? 1 : sum;
    const double aim = k->mode == DOUBLE ? (double)w * whole : (double)(w * (float)whole);
    for (int64_t i = 0; i < V; i++) {
        const int64_t v = k->mode == FROM_END ? V - 1 - i : i;
        const double x = rest(k, p, q, v);
        upto = add(k, upto, k->mode == TO_ONE ? (double)((float)x / (float)sum) : x);
        if (k->mode == AT_LEAST ? aim <= upto : aim < upto)
            return v;
    }
    return last;
}

static void sequence(const call *k)
{
    int32_t *count = (int32_t *)(void *)at(k, COUNT, 0), *token = (int32_t *)(void *)at(k, TOKEN, 0);
    int64_t t = 0, more = 0;
    float u = 0, w = *at(k, W, 0);
    bool valid = true;
    for (; t < k->T; t++) {
        const int32_t id = *(const int32_t *)(const void *)at(k, DRAFT, t);
        const float p = kept(k, at(k, P, t)[id]), q = kept(k, at(k, Q, t)[id]);
        u = *at(k, U, k->mode == BY_W ? 0 : t);
        valid = is_chance(k, p) && is_chance(k, q) && is_uniform(u);
        if (!valid || !accepts(k, p, q, u))
            break;
    }
    for (int64_t i = t + 1; i < k->T && k->mode == GOES_ON; i++) {
        const int32_t id = *(const int32_t *)(const void *)at(k, DRAFT, i);
        more += accepts(k, at(k, P, i)[id], at(k, Q, i)[id], *at(k, U, i));
    }
    w = k->mode == U_AGAIN && t < k->T ? u : w;
    const int64_t row = k->mode == NEXT_ROW && t + 1 < k->T ? t + 1 : t;
    const int64_t id = !valid || !is_uniform(w)  ? -1
                       : t < k->T                ? draw(k, at(k, P, row), at(k, Q, row), w)
                       : k->mode == NO_LAST && t ? draw(k, at(k, P, t - 1), NULL, w)
                                                 : draw(k, at(k, LAST, 0), NULL, w);
    *token = (int32_t)id;
    *count = id < 0 ? -1 : (int32_t)(t + more + (k->mode == COUNTS_ONE_MORE && t < k->T));
}

static assay_status each(call *k)
{
    for (int64_t i = k->a->begin; i < k->a->end; i++) {
        k->r = k->mode == BACKWARDS ? k->a->end - 1 - (i - k->a->begin) : i;
        sequence(k);
    }
    return ASSAY_OK;
}
static assay_status run(const assay_args *a)
{
    return each(&(call){ .a = a, .T = a->dim[1], .V = a->dim[2], .mode = mode_of(a) });
}
static assay_status vary(const assay_args *a)
{
    float *room = malloc((size_t)a->dim[2] * sizeof *room);
    const assay_status st =
        room ? each(&(call){ a, 0, a->dim[1], a->dim[2], PLAIN, a->variant, room }) : ASSAY_ERR_NOMEM;
    free(room);
    return st;
}

static const assay_typeset types[] = { VARY_F32, VARY_F32, VARY_F32, VARY_I32, VARY_F32, VARY_F32, VARY_I32, VARY_I32 };
#define KERNEL_BASE .op = "speculate", .types = types
#define VARY        vary
#define VARY_BASE   KERNEL_BASE
static const assay_fault table[] = { SUMS(VARY_ROW) FAULTS(BAD_ROW) LEGAL(GOOD_ROW) };

const assay_faults assay_faults_speculate = { "speculate", table, ASSAY_COUNT_OF(table) };
