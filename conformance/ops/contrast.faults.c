/* SPDX-License-Identifier: MIT
 * contrast: kernels that are wrong on purpose, and legal ones. */
#include "assay/params/contrast.h"
#include "cosine_modes.h"
#include <stdlib.h>

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    COSINE_FAULTS(X)                                                                                                   \
    X(SIZE, "largest-of-sizes", "own: |cosine|")                                                                       \
    X(NO_NORM, "product-for-the-cosine", "own: rows taken for unit vectors")                                           \
    OWN_FAULTS(X)
#define OWN_FAULTS(X)                                                                                                  \
    X(MEAN, "mean-for-the-largest", "own")                                                                             \
    X(LEAST, "least-for-the-largest", "own")                                                                           \
    X(FROM_ZERO, "largest-begins-at-0", "own: cosines below 0 are lost")                                               \
    X(NEWEST, "newest-token-left-out", "own: the context ends one row early")                                          \
    X(LAST_ALONE, "newest-token-alone", "own")                                                                         \
    X(NAN_OVER, "nan-passed-over", "vllm-project/vllm#50183")                                                          \
    X(WHOLE_P, "chance-not-scaled", "own: p - alpha cosine")                                                           \
    X(TURNED, "alpha-of-the-other", "own: alpha p - (1 - alpha) cosine")                                               \
    X(ADDED, "likeness-added", "own: (1 - alpha) p + alpha cosine")                                                    \
    X(AMONG, "chances-among-the-candidates", "own: p made to sum to 1")

#define OWN_LEGAL(X) X(FMA, "score-fma", "legal: the difference rounded once")

enum { BEFORE_OWN = COSINE_MODES - 1, OWN_FAULTS(MODE) OWN_LEGAL(MODE) };

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
static const assay_fault table[] = { SUMS(VARY_ROW) FAULTS(BAD_ROW) COSINE_LEGAL(GOOD_ROW) OWN_LEGAL(GOOD_ROW) };

const assay_faults assay_faults_contrast = { "contrast", table, ASSAY_COUNT_OF(table) };
