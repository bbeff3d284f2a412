/* SPDX-License-Identifier: MIT
 * cosine_modes.h - the cosine of two rows, for the wrong and the legal kernels of similarity and contrast: in any order
 * of the sums, the norms divided by, their reciprocals multiplied with, or both rows made unit vectors first. */
#ifndef ASSAY_OPS_COSINE_MODES_H
#define ASSAY_OPS_COSINE_MODES_H
#include "faults.h"
#include "variants.h"

/* X(mode, name, where it comes from) */
#define COSINE_FAULTS(X)                                                                                               \
    X(EPS_NORM, "norms-at-least-1e-8", "pytorch/pytorch: cosine_similarity's eps")                                     \
    X(GUARD, "small-norms-are-zero", "cyberlife-coder/VelesDB#2103")                                                   \
    X(RSQRT12, "norms-12-bits", "ashvardanian/NumKong#153")                                                            \
    X(ONE_ROOT, "root-of-the-product-of-squares", "own: lost where the norms are small or large")                      \
    X(ZERO_NAN, "zero-vector-nan", "own: 0 / 0, as without a guard")                                                   \
    X(ZERO_FIRST, "zero-vector-first", "own: of the other nothing is asked, not even NaN")                             \
    X(ZERO_ONE, "zero-vector-one", "own: as if it were like all")                                                      \
    X(ONE_NORM, "norm-of-one-side", "own: rows of the other side taken for unit vectors")                              \
    X(STALE_NORM, "norm-of-the-row-before", "own")                                                                     \
    X(SUM_BF16, "sum-in-bf16", "pytorch/executorch#20089")                                                             \
    X(TAIL, "tail-skipped", "slip: tail")                                                                              \
    X(NARROW, "unit-vectors-in-f16", "own: normalised once and kept in 16 bits")
#define COSINE_LEGAL(X) X(CLAMPED, "cosine-clamped", "legal: to -1 .. 1")

/* Then those of one of the ops alone; its modes of other things follow.  PLAIN is right, in the order of the sum. */
enum { COSINE_FAULTS(MODE) COSINE_LEGAL(MODE) NO_NORM, NORMS_SQUARED, DISTANCE, SIZE, PLAIN, COSINE_MODES };

typedef struct pair { /* of rows */
    const float *a, *b;
    const float *before; /* the row before b */
    float *room;         /* 2 D */
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
    const float size = k->mode == ONE_ROOT ? sqrtf(aa * bb) : k->mode == NORMS_SQUARED ? aa * bb : na * nb;
    if (k->mode == GUARD && aa * bb < 1e-14f)
        return 0;
    if (k->mode == ZERO_FIRST && (na == 0 || nb == 0))
        return 0;
    if (size == 0 && k->mode != ZERO_NAN)
        return k->mode == ZERO_ONE;
    if (k->mode == NARROW || (k->mode == PLAIN && form == 1))
        return of_units(k, na, nb);
    const float dot = sum(k, k->a, k->b);
    if (k->mode == NO_NORM)
        return dot;
    if (k->mode == PLAIN && form > 1)
        return form == 2 ? dot * (assay_vary_rsqrt(k->order->row, aa) * assay_vary_rsqrt(k->order->row, bb))
                         : dot / na / nb;
    if (k->mode == CLAMPED && dot / size == dot / size)
        return fminf(fmaxf(dot / size, -1), 1);
    return k->mode == DISTANCE ? 1 - dot / size : k->mode == SIZE ? fabsf(dot / size) : dot / size;
}
#endif
