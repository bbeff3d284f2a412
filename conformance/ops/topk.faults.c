/* SPDX-License-Identifier: MIT
 * topk: kernels that are wrong on purpose, and legal ones that must pass: most by the order in which they sort. */
#include "faults.h"
#include <stdlib.h>

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(LAST_TIE, "last-of-ties", "ggml_vec_argmax_f32 does this")                                                       \
    X(LANES_TIE, "lowest-lane-of-ties", "own")                                                                         \
    X(NAN_LOW, "nan-comes-last", "slip: docs/museum.md")                                                               \
    X(BITS, "order-of-bits", "tenstorrent/tt-metal#56626")                                                             \
    X(ASCENDING, "smallest-first", "own: the k smallest, as of distances")                                             \
    X(BY_SIZE, "largest-by-size", "own: |x|")                                                                          \
    X(IN_BF16, "compared-in-bf16", "own")                                                                              \
    X(UNSORTED, "in-the-order-of-ids", "own: the right set, not sorted")                                               \
    X(REVERSED, "worst-first", "own: the right set, ascending, as a heap gives it back")                               \
    X(DISTINCT, "equal-scores-once", "own: a score that was taken is struck out everywhere")                           \
    X(STRUCK, "taken-ones-become-minus-infinity", "own: where all others are -inf, one is taken again")                \
    X(BUCKETS, "best-of-each-bucket", "own: approximate, as on accelerators")                                          \
    X(FROM_LOW, "search-starts-at-minus-1", "vllm-project/vllm#31478 (review)")                                        \
    X(TAIL_SKIPPED, "tail-skipped", "slip: tail")                                                                      \
    X(ONE_LESS, "last-place-repeats-the-one-before", "own: k - 1")                                                     \
    X(ZERO_REST, "zeros-where-k-exceeds-the-row", "own")                                                               \
    X(ROW_REST, "row-repeated-where-k-exceeds-it", "own")                                                              \
    X(ONE_BASED, "one-based", "own")                                                                                   \
    X(FIRST_ROW, "first-row-for-all", "own")                                                                           \
    X(OTHER_VALUES, "values-in-the-order-of-ids", "own: ids sorted, values not")

#define LEGAL(X)                                                                                                       \
    X(PLAIN, "sorted", "legal: the whole row sorted")                                                                  \
    X(SELECT, "one-by-one", "legal: K times the best that is left")                                                    \
    X(BACKWARDS, "one-by-one-backwards", "legal: last to first")                                                       \
    X(INSERT, "inserted", "legal: each element into the list of the best")                                             \
    X(BLOCKS, "blocks", "legal: the best of blocks of 100, and of these")                                              \
    X(INTEGERS, "integers", "legal: ordered integers, NaN the largest, -0 made +0")                                    \
    X(ROWS_BACKWARDS, "rows-backwards", "legal: order of rows")

enum { FAULTS(MODE) LEGAL(MODE) };

static int32_t ordered(float f) /* an integer that is ordered as the float: -0 below +0, -NaN below -inf */
{
    int32_t b;
    memcpy(&b, &f, sizeof b);
    return b < 0 ? b ^ 0x7fffffff : b;
}
static float key(float x, int mode)
{
    return mode == ASCENDING ? -x : mode == BY_SIZE ? fabsf(x) : mode == IN_BF16 ? chop(x, 7) : x;
}

/* Does element i come before j? */
static bool before(const float *x, int64_t i, int64_t j, int mode)
{
    const float p = key(x[i], mode), q = key(x[j], mode);
    if (mode == BITS && ordered(p) != ordered(q))
        return ordered(p) > ordered(q);
    if (mode == INTEGERS && p == p && q == q && ordered(p + 0.0f) != ordered(q + 0.0f))
        return ordered(p + 0.0f) > ordered(q + 0.0f);
    if (p != p || q != q) {
        if ((p != p) != (q != q))
            return (p != p) == (mode != NAN_LOW);
        return i < j;
    }
    if (p != q)
        return p > q;
    if (mode == LANES_TIE && i % 8 != j % 8)
        return i % 8 < j % 8;
    return mode == LAST_TIE ? i > j : i < j;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The first `most` of n in order, at the beginning: merges those of either half; room for n */
static void sort(const float *x, int32_t *id, int32_t *room, int64_t n, int64_t most, int mode)
{
    const int64_t half = n / 2, left = least(half, most), right = half + least(n - half, most), kept = least(n, most);
    if (n < 2)
        return;
    sort(x, id, room, half, most, mode);
    sort(x, id + half, room, n - half, most, mode);
    for (int64_t i = 0, j = half, k = 0; k < kept; k++)
        room[k] = j == right || (i < left && before(x, id[i], id[j], mode)) ? id[i++] : id[j++];
    memcpy(id, room, (size_t)kept * sizeof *id);
}

/* K times the best of those that are left; from the last to the first: what is no worse is better */
static int64_t one_by_one(const float *x, int64_t V, int32_t *id, int64_t K, int mode)
{
    bool *taken = calloc((size_t)V + 1, sizeof *taken);
    int64_t n = 0;
    for (; taken && n < K && n < V; n++) {
        int64_t best = -1;
        for (int64_t i = 0; i < V; i++) {
            const int64_t v = mode == BACKWARDS ? V - 1 - i : i;
            if (!taken[v] && (best < 0 || before(x, v, best, PLAIN)))
                best = v;
        }
        taken[best] = true;
        id[n] = (int32_t)best;
    }
    free(taken);
    return n;
}
static int64_t inserted(const float *x, int64_t V, int32_t *id, int64_t K)
{
    int64_t n = 0;
    for (int64_t v = 0; v < V; v++) {
        int64_t at = n;
        while (at > 0 && before(x, v, id[at - 1], PLAIN))
            at--;
        if (at >= K)
            continue;
        n = n < K ? n + 1 : n;
        memmove(id + at + 1, id + at, (size_t)(n - 1 - at) * sizeof *id);
        id[at] = (int32_t)v;
    }
    return n;
}

/* The ids of a row in order, in id, which has room for 2 V; how many they are */
static int64_t order(const float *x, int64_t V, int64_t K, int32_t *id, int mode)
{
    const int64_t all = mode == TAIL_SKIPPED && V > 8 ? V & ~INT64_C(7) : V;
    int64_t n = 0;
    if (mode == SELECT || mode == BACKWARDS)
        return one_by_one(x, V, id, K, mode);
    if (mode == INSERT && V > 0)
        return inserted(x, V, id, K < V ? K : V);
    for (int64_t v = 0; v < all; v++)
        if (!(mode == FROM_LOW && x[v] <= -1))
            id[n++] = (int32_t)v;
    for (int64_t b = 0, from = n; mode == BLOCKS && b < from; b += 100) { /* what is no block's best falls out */
        const int64_t len = from - b < 100 ? from - b : 100;
        int32_t block[100];
        memcpy(block, id + b, (size_t)len * sizeof *block);
        sort(x, block, id + V, len, K, PLAIN);
        n = b == 0 ? 0 : n;
        memcpy(id + n, block, (size_t)(len < K ? len : K) * sizeof *id);
        n += len < K ? len : K;
    }
    for (int64_t v = 0; mode == BUCKETS && K > 0 && v < n; v++) /* bucket v mod K */
        if (v < K || before(x, v, id[v % K], PLAIN))
            id[v % K] = (int32_t)v;
    n = mode == BUCKETS && n > K ? K : n;
    sort(x, id, id + V, n, mode == DISTINCT ? n : K, mode == BLOCKS || mode == BUCKETS ? PLAIN : mode);
    for (int64_t k = 1, left = n; mode == DISTINCT && k < left; k++) {
        if (k == 1)
            n = 1;
        if (x[id[k]] != x[id[n - 1]])
            id[n++] = id[k];
    }
    return n;
}

static void row(const float *x, int64_t V, int64_t K, int32_t *ids, float *values, int mode)
{
    int32_t *id = malloc((size_t)(2 * V + 1) * sizeof *id);
    int64_t n = id ? order(x, V, K, id, mode) : 0;
    n = n < K ? n : K;
    for (int64_t k = 1; mode == STRUCK && k < n; k++) /* all that is left, taken or not, is -inf: the first of all */
        id[k] = x[id[k]] == -INFINITY ? 0 : id[k];
    for (int64_t k = 0; mode == UNSORTED && k < n; k++)
        for (int64_t j = k + 1; j < n; j++)
            if (id[j] < id[k]) {
                const int32_t t = id[k];
                id[k] = id[j], id[j] = t;
            }
    for (int64_t k = 0; k < K; k++) {
        const int64_t from = mode == REVERSED && k < n                 ? n - 1 - k
                             : mode == ONE_LESS && k > 0 && k == n - 1 ? k - 1
                             : mode == ROW_REST && n > 0               ? k % n
                                                                       : k;
        const bool rest = from >= n;
        ids[k] = rest ? (mode == ZERO_REST ? 0 : -1) : id[from] + (mode == ONE_BASED);
        if (values)
            values[k] = rest ? (mode == ZERO_REST ? 0 : -INFINITY) : x[id[from]];
    }
    for (int64_t k = 0; values && mode == OTHER_VALUES && k < n; k++) {
        int64_t place = 0;
        for (int64_t j = 0; j < n; j++)
            place += id[j] < id[k];
        values[place] = x[id[k]];
    }
    free(id);
}

static assay_status run(const assay_args *a)
{
    const int mode = mode_of(a);
    const assay_tensor *x = &a->operand[0], *ids = &a->operand[1], *values = &a->operand[2];
    for (int64_t i = a->begin; i < a->end; i++) {
        const int64_t r = mode == ROWS_BACKWARDS ? a->end - 1 - (i - a->begin) : i;
        row((const float *)(const void *)((const char *)x->data + (mode == FIRST_ROW ? 0 : r) * x->stride[0]),
            a->dim[1], a->dim[2], (int32_t *)(void *)((char *)ids->data + r * ids->stride[0]),
            values->data ? (float *)(void *)((char *)values->data + r * values->stride[0]) : NULL, mode);
    }
    return ASSAY_OK;
}

static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(i32)),
                                       ASSAY_TYPES(ASSAY_T(f32)) };
#define KERNEL_BASE .op = "topk", .types = types
static const assay_fault table[] = { FAULTS(BAD_ROW) LEGAL(GOOD_ROW) };

const assay_faults assay_faults_topk = { "topk", table, ASSAY_COUNT_OF(table) };
