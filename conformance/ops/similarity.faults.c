/* SPDX-License-Identifier: MIT
 * similarity: kernels that are wrong on purpose, and legal ones. */
#include "assay/params/similarity.h"
#include "cosine_modes.h"
#include <stdlib.h>

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    COSINE_FAULTS(X)                                                                                                   \
    X(NORMS_SQUARED, "squares-for-norms", "own")                                                                       \
    X(DISTANCE, "cosine-distance", "own: 1 - cosine")                                                                  \
    OWN_FAULTS(X)
#define OWN_FAULTS(X)                                                                                                  \
    X(BY_SQUARES, "distance-by-squares", "own: a a + b b - 2 a b cancels")                                             \
    X(SQUARE, "distance-without-root", "statement deleted")                                                            \
    X(SIZES, "sizes-for-the-product", "own: |a b| summed")                                                             \
    X(L1, "sum-of-differences", "own: L1 for L2")

enum { BEFORE_OWN = COSINE_MODES - 1, OWN_FAULTS(MODE) };

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
static const assay_fault table[] = { SUMS(VARY_ROW) FAULTS(BAD_ROW) COSINE_LEGAL(GOOD_ROW) };

const assay_faults assay_faults_similarity = { "similarity", table, ASSAY_COUNT_OF(table) };
