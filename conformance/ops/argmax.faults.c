/* SPDX-License-Identifier: MIT
 * argmax: kernels that are wrong on purpose, and legal ones that must pass. */
#include "faults.h"

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(LAST_TIE, "last-of-ties", "ggml_vec_argmax_f32 does this")                                                       \
    X(NAN_IGNORED, "nan-ignored", "slip: docs/museum.md")                                                              \
    X(TAIL_SKIPPED, "tail-skipped", "slip: tail")                                                                      \
    X(SENTINEL, "sentinel-left", "vllm-project/vllm#50183")                                                            \
    X(BITS, "order-of-bits", "tenstorrent/tt-metal#56626")                                                             \
    X(FROM_ZERO, "maximum-starts-at-zero", "own")                                                                      \
    X(LAST_NAN, "last-nan", "slip: docs/museum.md")                                                                    \
    X(ONE_BASED, "one-based", "own")                                                                                   \
    X(FIRST_ROW, "first-row-for-all", "own")                                                                           \
    X(LANES_TIE, "lowest-lane-of-ties", "own")                                                                         \
    X(IN_BF16, "compared-in-bf16", "own")                                                                              \
    X(NAN_LATE, "nan-only-at-the-start", "slip: NaN")

#define LEGAL(X)                                                                                                       \
    X(PLAIN, "plain", "legal: one by one")                                                                             \
    X(BACKWARDS, "backwards", "legal: last to first")                                                                  \
    X(TWO_PASSES, "two-passes", "legal: value, then place")                                                            \
    X(LANES8, "lanes8", "legal: 8 lanes")                                                                              \
    X(LANES16, "lanes16", "legal: 16 lanes")                                                                           \
    X(HALVES, "halves", "legal: two halves that overlap")                                                              \
    X(TOURNAMENT, "tournament", "legal: binary tree")                                                                  \
    X(BLOCKS, "blocks", "legal: blocks of 100")                                                                        \
    X(SORTED_BITS, "integers", "legal: ordered integers, -0 made +0")                                                  \
    X(STRIDED, "lanes3", "legal: 3 lanes")                                                                             \
    X(ROWS_BACKWARDS, "rows-backwards", "legal: order of rows")

enum { FAULTS(MODE) LEGAL(MODE) };

/* i or j, whichever is the answer among the two */
static int64_t better(const float *x, int64_t i, int64_t j)
{
    const int64_t low = i < j ? i : j, high = i < j ? j : i;
    if (x[low] != x[low])
        return low;
    return x[high] != x[high] || x[high] > x[low] ? high : low;
}
/* among first, first + step, ... below end */
static int64_t scan(const float *x, int64_t first, int64_t end, int64_t step)
{
    int64_t best = first;
    for (int64_t v = first; v < end; v += step)
        best = better(x, best, v);
    return best;
}
static int64_t lanes(const float *x, int64_t V, int64_t n)
{
    int64_t best = 0;
    for (int64_t lane = 0; lane < n && lane < V; lane++)
        best = better(x, best, scan(x, lane, V, n));
    return best;
}
static int64_t tournament(const float *x, int64_t first, int64_t end)
{
    const int64_t middle = first + (end - first) / 2;
    return end - first < 2 ? first : better(x, tournament(x, first, middle), tournament(x, middle, end));
}
static int32_t ordered(float f) /* an integer that is ordered as the float: -0 below +0, -NaN below -inf */
{
    int32_t b;
    memcpy(&b, &f, sizeof b);
    return b < 0 ? b ^ 0x7fffffff : b;
}
static int64_t wrong(const float *x, int64_t V, int mode)
{
    int64_t best = 0;
    float top = mode == FROM_ZERO ? 0 : -INFINITY;
    switch (mode) {
    case LAST_TIE:
        for (int64_t v = 0; v < V; v++)
            best = x[v] != x[v] ? scan(x, 0, V, 1) : x[v] >= x[best] ? v : best;
        return best;
    case TAIL_SKIPPED:
        return scan(x, 0, V > 8 ? V & ~INT64_C(7) : V, 1);
    case SENTINEL: /* nothing compares greater than -inf: V stays */
        best = V;
        for (int64_t v = 0; v < V; v++)
            if (x[v] > top)
                top = x[v], best = v;
        return best;
    case BITS:
        for (int64_t v = 1; v < V; v++)
            best = ordered(x[v]) > ordered(x[best]) ? v : best;
        return best;
    case LAST_NAN:
        best = scan(x, 0, V, 1);
        for (int64_t v = best; v < V && x[best] != x[best]; v++)
            best = x[v] != x[v] ? v : best;
        return best;
    case LANES_TIE: /* of equal lanes the lowest lane wins, not the lowest index */
        best = scan(x, 0, V, 8);
        for (int64_t lane = 1; lane < 8 && lane < V; lane++) {
            const int64_t v = scan(x, lane, V, 8);
            best = x[best] == x[best] && (x[v] != x[v] || x[v] > x[best]) ? v : best;
        }
        return best;
    case IN_BF16:
        for (int64_t v = 1; v < V; v++)
            if (x[best] == x[best] && (x[v] != x[v] || as_bf16(x[v]) > as_bf16(x[best])))
                best = v;
        return best;
    case NAN_LATE: /* NaN wins only where it stands before the maximum */
        for (int64_t v = 1; v < V; v++)
            best = x[v] > x[best] ? v : best;
        return best;
    default: /* NAN_IGNORED, FROM_ZERO */
        for (int64_t v = 0; v < V; v++)
            if (x[v] > top)
                top = x[v], best = v;
        return best;
    }
}

static int64_t legal(const float *x, int64_t V, int mode)
{
    int64_t best = V - 1;
    float top = -INFINITY;
    switch (mode) {
    case BACKWARDS:
        for (int64_t v = V - 1; v >= 0; v--)
            best = better(x, v, best);
        return best;
    case TWO_PASSES: /* the value, then its place */
        for (int64_t v = 0; v < V; v++)
            if (x[v] != x[v])
                return v;
            else if (x[v] > top)
                top = x[v];
        for (best = 0; x[best] != top;)
            best++;
        return best;
    case LANES8:
        return lanes(x, V, 8);
    case LANES16:
        return lanes(x, V, 16);
    case HALVES:
        return better(x, scan(x, 0, (V + 1) / 2, 1), scan(x, V / 2, V, 1));
    case TOURNAMENT:
        return tournament(x, 0, V);
    case BLOCKS:
        for (int64_t b = 0; b < V; b += 100)
            best = better(x, best, scan(x, b, b + 100 < V ? b + 100 : V, 1));
        return best;
    case SORTED_BITS: /* integers, once NaNs are out and -0 is 0 */
        for (int64_t v = 0; v < V; v++)
            if (x[v] != x[v])
                return v;
        best = 0;
        for (int64_t v = 1; v < V; v++)
            best = ordered(x[v] + 0.0f) > ordered(x[best] + 0.0f) ? v : best;
        return best;
    case STRIDED:
        return lanes(x, V, 3);
    default:
        return scan(x, 0, V, 1);
    }
}

static assay_status run(const assay_args *a)
{
    const int mode = mode_of(a);
    int32_t *id = a->operand[1].data;
    for (int64_t i = a->begin; i < a->end; i++) {
        const int64_t r = mode == ROWS_BACKWARDS ? a->end - 1 - (i - a->begin) : i;
        const float *x = (const float *)(const void *)((const char *)a->operand[0].data +
                                                       (mode == FIRST_ROW ? 0 : r) * a->operand[0].stride[0]);
        if (mode == ONE_BASED || mode == FIRST_ROW)
            id[r] = (int32_t)(scan(x, 0, a->dim[1], 1) + (mode == ONE_BASED));
        else
            id[r] = (int32_t)(mode < PLAIN ? wrong(x, a->dim[1], mode) : legal(x, a->dim[1], mode));
    }
    return ASSAY_OK;
}

static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(i32)) };
#define KERNEL_BASE .op = "argmax", .types = types
static const assay_fault table[] = { FAULTS(BAD_ROW) LEGAL(GOOD_ROW) };

const assay_faults assay_faults_argmax = { "argmax", table, ASSAY_COUNT_OF(table) };
