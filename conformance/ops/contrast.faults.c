/* SPDX-License-Identifier: MIT
 * contrast: kernels that are wrong on purpose, and legal ones: in any order of the sums, the norms divided by, their
 * reciprocals multiplied with, or both rows made unit vectors first. */
#include "assay/params/contrast.h"
#include "faults.h"
#include "variants.h"
#include <stdlib.h>

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(MEAN, "mean-for-the-largest", "own")                                                                             \
    X(LEAST, "least-for-the-largest", "own")                                                                           \
    X(FROM_ZERO, "largest-begins-at-0", "own: cosines below 0 are lost")                                               \
    X(SIZES, "largest-of-sizes", "own: |cosine|")                                                                      \
    X(NEWEST, "newest-token-left-out", "own: the context ends one row early")                                          \
    X(LAST_ALONE, "newest-token-alone", "own")                                                                         \
    X(NAN_OVER, "nan-passed-over", "vllm-project/vllm#50183")                                                          \
    X(NO_NORM, "product-for-the-cosine", "own: rows taken for unit vectors")                                           \
    X(ONE_NORM, "norm-of-one-side", "own: rows of the context taken for unit vectors")                                 \
    X(STALE_NORM, "norm-of-the-row-before", "own")                                                                     \
    X(ONE_ROOT, "root-of-the-product-of-squares", "own: lost where the norms are small or large")                      \
    X(EPS_NORM, "norms-at-least-1e-8", "pytorch/pytorch: cosine_similarity's eps")                                     \
    X(GUARD, "small-norms-are-zero", "cyberlife-coder/VelesDB#2103")                                                   \
    X(RSQRT12, "norms-12-bits", "ashvardanian/NumKong#153")                                                            \
    X(ZERO_NAN, "zero-row-nan", "own: 0 / 0, as without a guard")                                                      \
    X(ZERO_FIRST, "zero-row-first", "own: of the other nothing is asked, not even NaN")                                \
    X(ZERO_ONE, "zero-row-one", "own: as if it were like all")                                                         \
    X(SUM_BF16, "sum-in-bf16", "pytorch/executorch#20089")                                                             \
    X(NARROW, "unit-vectors-in-f16", "own: normalised once and kept in 16 bits")                                       \
    X(TAIL, "tail-skipped", "slip: tail")                                                                              \
    X(WHOLE_P, "chance-not-scaled", "own: p - alpha cosine")                                                           \
    X(TURNED, "alpha-of-the-other", "own: alpha p - (1 - alpha) cosine")                                               \
    X(ADDED, "likeness-added", "own: (1 - alpha) p + alpha cosine")                                                    \
    X(AMONG, "chances-among-the-candidates", "own: p made to sum to 1")

#define LEGAL(X)                                                                                                       \
    X(CLAMPED, "cosine-clamped", "legal: to -1 .. 1")                                                                  \
    X(FMA, "score-fma", "legal: the difference rounded once")

enum { FAULTS(MODE) LEGAL(MODE) PLAIN };

typedef struct pair { /* of rows */
    const float *a, *b;
    const float *before; /* the context's row before b */
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
    const float size = k->mode == ONE_ROOT ? sqrtf(aa * bb) : na * nb;
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
    return k->mode == SIZES ? fabsf(dot / size) : dot / size;
}

/* One more cosine: the largest so far, or what a mode takes for it */
static float largest(int mode, float most, float like, int64_t s, int64_t S)
{
    if (mode == MEAN)
        return most + like / (float)S;
    if (mode == LAST_ALONE || s == 0)
        return mode == FROM_ZERO && like < 0 ? 0 : like;
    if (mode == NEWEST && s == S - 1)
        return most;
    if (mode == NAN_OVER)
        return fmaxf(most, like);
    if (mode == LEAST)
        return like < most || like != like ? like : most;
    return like <= most || most != most ? most : like;
}

static float score(int mode, float alpha, float p, float most, float all)
{
    switch (mode) {
    case WHOLE_P:
        return p - alpha * most;
    case TURNED:
        return alpha * p - (1 - alpha) * most;
    case ADDED:
        return (1 - alpha) * p + alpha * most;
    case AMONG:
        return (1 - alpha) * (all > 0 ? p / all : p) - alpha * most;
    case FMA:
        return fmaf(-alpha, most, (1 - alpha) * p);
    default:
        return (1 - alpha) * p - alpha * most;
    }
}

static assay_status candidates(const assay_args *a, int mode, const assay_sum *order)
{
    const assay_contrast_params *p = a->params;
    const int64_t K = a->dim[0], S = a->dim[1], D = a->dim[2];
    float *room = malloc((size_t)(5 * D + 1) * sizeof *room), all = 0, chance;
    if (!room)
        return ASSAY_ERR_NOMEM;
    float *x = room, *y = x + D, *before = y + D;
    for (int64_t k = 0; k < K; k++)
        all += *(const float *)(const void *)((const char *)a->operand[0].data + k * a->operand[0].stride[0]);
    for (int64_t k = a->begin; k < a->end; k++) {
        float most = 0;
        assay_vary_read(&a->operand[1], k, 0, D, x);
        for (int64_t s = 0; s < S; s++) {
            assay_vary_read(&a->operand[2], s, 0, D, y);
            assay_vary_read(&a->operand[2], s > 0 ? s - 1 : 0, 0, D, before);
            most = largest(mode, most, cosine(&(pair){ x, y, before, before + D, D, order, mode }), s, S);
        }
        chance = *(const float *)(const void *)((const char *)a->operand[0].data + k * a->operand[0].stride[0]);
        *(float *)(void *)((char *)a->operand[3].data + k * a->operand[3].stride[0]) =
            score(mode, p->alpha, chance, most, all);
    }
    free(room);
    return ASSAY_OK;
}
static assay_status run(const assay_args *a)
{
    return candidates(a, mode_of(a), &assay_sums[0]);
}
static assay_status vary(const assay_args *a)
{
    return candidates(a, PLAIN, a->variant);
}

static const assay_typeset types[] = { VARY_F32, VARY_F32, VARY_F32, VARY_F32 };
#define VARY        vary
#define KERNEL_BASE .op = "contrast", .types = types
#define VARY_BASE   KERNEL_BASE
static const assay_fault table[] = { SUMS(VARY_ROW) FAULTS(BAD_ROW) LEGAL(GOOD_ROW) };

const assay_faults assay_faults_contrast = { "contrast", table, ASSAY_COUNT_OF(table) };
