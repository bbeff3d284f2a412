/* SPDX-License-Identifier: MIT
 * similarity: kernels that are wrong on purpose, and legal ones: in any order of all sums, the norms divided by, their
 * reciprocals multiplied with, or both vectors made unit vectors first. */
#include "assay/params/similarity.h"
#include "faults.h"
#include "variants.h"
#include <stdlib.h>

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(BY_SQUARES, "distance-by-squares", "own: a a + b b - 2 a b cancels")                                             \
    X(SQUARE, "distance-without-root", "statement deleted")                                                            \
    X(EPS_NORM, "norms-at-least-1e-8", "pytorch/pytorch: cosine_similarity's eps")                                     \
    X(GUARD, "small-norms-are-zero", "cyberlife-coder/VelesDB#2103")                                                   \
    X(RSQRT12, "norms-12-bits", "ashvardanian/NumKong#153")                                                            \
    X(ONE_ROOT, "root-of-the-product-of-squares", "own: lost where the norms are small or large")                      \
    X(ZERO_NAN, "zero-vector-nan", "own: 0 / 0")                                                                       \
    X(ZERO_FIRST, "zero-vector-first", "own: of the other nothing is asked, not even NaN")                             \
    X(ZERO_ONE, "zero-vector-one", "own: as if it were like all")                                                      \
    X(ONE_NORM, "norm-of-one-side", "own: rows of b taken for unit vectors")                                           \
    X(NO_NORM_ROOT, "squares-for-norms", "own")                                                                        \
    X(DISTANCE, "cosine-distance", "own: 1 - cosine")                                                                  \
    X(STALE_NORM, "norm-of-the-row-before", "own")                                                                     \
    X(SUM_BF16, "sum-in-bf16", "pytorch/executorch#20089")                                                             \
    X(TAIL, "tail-skipped", "slip: tail")                                                                              \
    X(SIZES, "sizes-for-the-product", "own: |a b| summed")                                                             \
    X(L1, "sum-of-differences", "own: L1 for L2")                                                                      \
    X(NARROW, "unit-vectors-in-f16", "own: normalised once and kept in 16 bits")

#define LEGAL(X) X(CLAMPED, "cosine-clamped", "legal: to -1 .. 1")

enum { FAULTS(MODE) LEGAL(MODE) PLAIN };

typedef struct pair {            /* of rows */
    const float *a, *b, *before; /* before: the row of b before this */
    float *room;                 /* 2 D */
    int64_t D;
    const assay_sum *order;
    int mode;
} pair;

static float sum(const pair *k, const float *x, const float *y)
{
    const int64_t full = k->mode == TAIL && k->D > 8 ? k->D & ~INT64_C(7) : k->D;
    float s = 0;
    for (int64_t d = 0; k->mode == SUM_BF16 && d < k->D; d++)
        s = chop(s + x[d] * y[d], 7);
    return k->mode == SUM_BF16 ? s : assay_sum_of(k->order, x, 1, y, 1, full);
}

static float l2(const pair *k)
{
    float *d = k->room, far = 0;
    if (k->mode == BY_SQUARES)
        return sqrtf(fmaxf(sum(k, k->a, k->a) + sum(k, k->b, k->b) - 2 * sum(k, k->a, k->b), 0));
    for (int64_t i = 0; i < k->D; i++) {
        d[i] = k->a[i] - k->b[i];
        far += fabsf(d[i]);
    }
    const float square = sum(k, d, d);
    if (k->mode == SQUARE || k->mode == L1)
        return k->mode == L1 ? far : square;
    return k->order->row % 3 == 1 && square > 0 && isfinite(square) ? square * assay_vary_rsqrt(k->order->row, square)
                                                                    : sqrtf(square);
}

/* Both made unit vectors first */
static float of_units(const pair *k, float na, float nb)
{
    float *x = k->room, *y = x + k->D;
    for (int64_t d = 0; d < k->D; d++) {
        x[d] = k->a[d] / na, y[d] = k->b[d] / nb;
        if (k->mode == NARROW)
            x[d] = chop(x[d], 10), y[d] = chop(y[d], 10);
    }
    return sum(k, x, y);
}

static float cosine(const pair *k)
{
    const float aa = sum(k, k->a, k->a), bb = k->mode == STALE_NORM ? sum(k, k->before, k->before) : sum(k, k->b, k->b);
    float na = sqrtf(aa), nb = k->mode == ONE_NORM ? 1 : sqrtf(bb);
    const int form = k->order->row % 4;
    if (k->mode == EPS_NORM)
        na = fmaxf(na, 1e-8f), nb = fmaxf(nb, 1e-8f);
    if (k->mode == RSQRT12)
        na = 1 / chop(1 / na, 12), nb = 1 / chop(1 / nb, 12);
    const float size = k->mode == ONE_ROOT ? sqrtf(aa * bb) : k->mode == NO_NORM_ROOT ? aa * bb : na * nb;
    if (k->mode == GUARD && aa * bb < 1e-14f)
        return 0;
    if (k->mode == ZERO_FIRST && (na == 0 || nb == 0))
        return 0;
    if (size == 0 && k->mode != ZERO_NAN)
        return k->mode == ZERO_ONE;
    if (k->mode == NARROW || (k->mode == PLAIN && form == 1))
        return of_units(k, na, nb);
    const float dot = sum(k, k->a, k->b);
    if (k->mode == PLAIN && form > 1)
        return form == 2 ? dot * (assay_vary_rsqrt(k->order->row, aa) * assay_vary_rsqrt(k->order->row, bb))
                         : dot / na / nb;
    if (k->mode == CLAMPED && dot / size == dot / size)
        return fminf(fmaxf(dot / size, -1), 1);
    return k->mode == DISTANCE ? 1 - dot / size : dot / size;
}

static float dot(const pair *k)
{
    float *x = k->room, *y = x + k->D;
    for (int64_t d = 0; k->mode == SIZES && d < k->D; d++)
        x[d] = fabsf(k->a[d]), y[d] = fabsf(k->b[d]);
    return k->mode == SIZES ? sum(k, x, y) : sum(k, k->a, k->b);
}

static assay_status pairs(const assay_args *a, int mode, const assay_sum *order)
{
    const assay_similarity_params *p = a->params;
    const assay_tensor *s = &a->operand[2];
    const int64_t T = a->dim[0], D = a->dim[2];
    float *room = malloc((size_t)(5 * D + 1) * sizeof *room);
    if (!room)
        return ASSAY_ERR_NOMEM;
    float *x = room, *y = x + D, *before = y + D;
    for (int64_t t = 0; t < T; t++) {
        assay_vary_read(&a->operand[0], t, 0, D, x);
        for (int64_t n = a->begin; n < a->end; n++) {
            assay_vary_read(&a->operand[1], n, 0, D, y);
            assay_vary_read(&a->operand[1], n > 0 ? n - 1 : 0, 0, D, before);
            const pair k = { x, y, before, before + D, D, order, mode };
            *(float *)(void *)((char *)s->data + t * s->stride[0] + n * s->stride[1]) =
                p->form == ASSAY_SIMILARITY_L2       ? l2(&k)
                : p->form == ASSAY_SIMILARITY_COSINE ? cosine(&k)
                                                     : dot(&k);
        }
    }
    free(room);
    return ASSAY_OK;
}
static assay_status run(const assay_args *a)
{
    return pairs(a, mode_of(a), &assay_sums[0]);
}
static assay_status vary(const assay_args *a)
{
    return pairs(a, PLAIN, a->variant);
}

static const assay_typeset types[] = { VARY_F32, VARY_KEYS, VARY_F32 };
#define VARY        vary
#define KERNEL_BASE .op = "similarity", .types = types
#define VARY_BASE   KERNEL_BASE
static const assay_fault table[] = { SUMS(VARY_ROW) FAULTS(BAD_ROW) LEGAL(GOOD_ROW) };

const assay_faults assay_faults_similarity = { "similarity", table, ASSAY_COUNT_OF(table) };
