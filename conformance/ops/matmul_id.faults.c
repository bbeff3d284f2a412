/* SPDX-License-Identifier: MIT
 * matmul_id: kernels that are wrong on purpose, most in how they gather what an expert has, and legal ones. */
#include "faults.h"
#include "variants.h"
#include <stdlib.h>

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(SHORT_LISTS, "lists-of-one-slot-a-token", "ggml-org/llama.cpp#26310")                                            \
    X(FIRST_MATCH, "slot-of-the-first-match", "ggml-org/llama.cpp#26295")                                              \
    X(SORTED, "results-by-expert", "own: not scattered back")                                                          \
    X(EMPTY_SHIFTS, "experts-without-a-token-counted-out", "own: the n-th list gets the n-th matrix")                  \
    X(EXPERT_0, "first-expert-for-all", "own")                                                                         \
    X(TOKEN_0, "ids-of-the-first-token", "own")                                                                        \
    X(ID_0, "first-id-of-a-token", "own")                                                                              \
    X(NEXT, "next-expert", "off by one")                                                                               \
    X(LAST_SKIPPED, "last-expert-skipped", "slip: docs/museum.md")                                                     \
    X(ROW_OF_CALL, "row-of-the-call", "own: x by call, not by token")                                                  \
    X(TILE_REST, "rest-of-a-tile-lost", "own: lists in whole tiles of 4")                                              \
    X(BIAS_0, "bias-of-the-first-expert", "own")                                                                       \
    X(BIAS_LOST, "bias-lost", "own")                                                                                   \
    X(BF16_SUM, "sum-in-bf16", "own")                                                                                  \
    X(TAIL_K, "tail-skipped", "slip: tail")                                                                            \
    X(TAIL_N, "last-output-of-the-expert-before", "own: rows of w by call")

#define LEGAL(X) X(DOUBLE, "double", "legal: in double, rounded once")

enum { PLAIN, FAULTS(MODE) LEGAL(MODE) };
enum { X, W, IDS, BIAS, Y };

typedef struct calls {      /* T A of them */
    int32_t *expert, *rank; /* rank: how many calls before this one have its expert */
    int64_t n;
} calls;

static int32_t expert_of(const calls *c, const assay_args *a, int64_t i, int mode)
{
    const int32_t e = c->expert[i], last = (int32_t)a->dim[2] - 1;
    int32_t before = 0;
    switch (mode) {
    case SHORT_LISTS: /* what is beyond the list's room stands in that of the next expert, or beyond all */
        return c->rank[i] < a->dim[0] ? e : e < last ? e + 1 : -1;
    case EMPTY_SHIFTS:
        for (int32_t o = 0; o < e; o++) {
            bool any = false;
            for (int64_t j = 0; j < c->n; j++)
                any = any || c->expert[j] == o;
            before += any;
        }
        return before;
    case EXPERT_0:
        return 0;
    case TOKEN_0:
        return c->expert[i % a->dim[1]];
    case ID_0:
        return c->expert[i - i % a->dim[1]];
    case NEXT:
        return e < last ? e + 1 : 0;
    case LAST_SKIPPED:
        return e == last && last > 0 ? -1 : e;
    case FIRST_MATCH:
        for (int64_t j = i - i % a->dim[1]; j < i; j++)
            if (c->expert[j] == e)
                return -1;
        return e;
    case TILE_REST: {
        int32_t all = 0;
        for (int64_t j = 0; j < c->n; j++)
            all += c->expert[j] == e;
        return all > 4 && c->rank[i] >= all / 4 * 4 ? -1 : e;
    }
    default:
        return e;
    }
}

/* Where call i stands in the order of experts */
static int64_t sorted(const calls *c, int64_t i)
{
    int64_t place = c->rank[i];
    for (int64_t j = 0; j < c->n; j++)
        place += c->expert[j] < c->expert[i];
    return place;
}

static float product(const float *x, const float *w, int64_t K, const assay_sum *order, int mode)
{
    const int64_t full = mode == TAIL_K && K > 8 ? K & ~INT64_C(7) : K;
    float s = 0;
    double wide = 0;
    for (int64_t k = 0; k < K && (mode == BF16_SUM || mode == DOUBLE); k++) {
        s = chop(s + x[k] * w[k], 7);
        wide += (double)x[k] * (double)w[k];
    }
    return mode == BF16_SUM ? s : mode == DOUBLE ? (float)wide : assay_sum_of(order, x, 1, w, 1, full);
}

static void call(const assay_args *a, const calls *c, int64_t i, float *room, int mode, const assay_sum *order)
{
    const int64_t A = a->dim[1], N = a->dim[3], K = a->dim[4];
    const int32_t e = expert_of(c, a, i, mode);
    float *x = room, *w = room + K;
    assay_vary_read(&a->operand[X], mode == ROW_OF_CALL ? i % a->dim[0] : i / A, 0, K, x);
    for (int64_t n = 0; n < N; n++) {
        const bool before = mode == TAIL_N && e > 0 && n == N - 1;
        float y = 0, bias = 0;
        if (e >= 0) {
            assay_vary_read(&a->operand[W], e * N + n - (before ? N : 0), 0, K, w);
            if (a->operand[BIAS].data && mode != BIAS_LOST)
                assay_vary_read(&a->operand[BIAS], mode == BIAS_0 ? 0 : e, n, 1, &bias);
            y = product(x, w, K, order, mode) + bias;
        }
        assay_vary_write(&a->operand[Y], mode == SORTED ? sorted(c, i) : i, n, 1, &y);
    }
}

static assay_status products(const assay_args *a, int mode, const assay_sum *order)
{
    const int64_t A = a->dim[1];
    const assay_tensor *ids = &a->operand[IDS];
    calls c = { .n = a->dim[0] * A };
    float *room = malloc((size_t)(2 * a->dim[4] + 1) * sizeof *room);
    c.expert = malloc((size_t)(2 * c.n + 1) * sizeof *c.expert);
    if (room && c.expert) {
        c.rank = c.expert + c.n;
        for (int64_t i = 0; i < c.n; i++) {
            memcpy(&c.expert[i], (const char *)ids->data + i / A * ids->stride[0] + i % A * ids->stride[1], 4);
            c.rank[i] = 0;
            for (int64_t j = 0; j < i; j++)
                c.rank[i] += c.expert[j] == c.expert[i];
        }
        for (int64_t i = 0; i < c.n; i++)
            call(a, &c, i, room, mode, order);
    }
    free(room);
    free(c.expert);
    return ASSAY_OK;
}
static assay_status run(const assay_args *a)
{
    return products(a, mode_of(a), &assay_sums[0]);
}
static assay_status vary(const assay_args *a)
{
    return products(a, PLAIN, a->variant);
}

static const assay_typeset types[] = { VARY_FLOATS, VARY_WEIGHTS_8, VARY_I32, VARY_F32, VARY_FLOATS };
#define VARY        vary
#define KERNEL_BASE .op = "matmul_id", .types = types, .flags = ASSAY_UNSLICED
#define VARY_BASE   .op = "matmul_id", .types = types
static const assay_fault table[] = { SUMS(VARY_ROW) FAULTS(BAD_ROW) LEGAL(GOOD_ROW) };

const assay_faults assay_faults_matmul_id = { "matmul_id", table, ASSAY_COUNT_OF(table) };
