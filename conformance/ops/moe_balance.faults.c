/* SPDX-License-Identifier: MIT
 * moe_balance: kernels that are wrong on purpose, and legal ones that must pass. */
#include "assay/params/moe_balance.h"
#include "faults.h"
#include "variants.h"
#include <stdlib.h>

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(TOP_1, "first-choice-only", "own: Switch's count where K experts were chosen")                                   \
    X(OTHER_SHARE, "shares-of-the-other-rule", "own: Mixtral's loss is K times Switch's")                              \
    X(NO_X, "experts-not-counted-in", "own: 1/X where all is even")                                                    \
    X(CHOSEN_P, "probabilities-of-the-chosen-alone", "own: P over the tokens that chose e")                            \
    X(SQUARED, "shares-squared", "own: f for P")                                                                       \
    X(ALL_LAYERS, "shares-of-the-first-layer", "own")                                                                  \
    X(LAST_EXPERT, "last-expert-skipped", "slip: tail")                                                                \
    X(LAST_TOKEN, "last-token-skipped", "off by one")                                                                  \
    X(SUM, "sum-for-mean", "own")                                                                                      \
    X(BF16_SUM, "sum-in-bf16", "own")                                                                                  \
    X(LSE_PLAIN, "lse-not-squared", "own")                                                                             \
    X(LSE_MEAN, "square-of-the-mean", "own")                                                                           \
    X(LSE_SUM, "squares-not-divided", "own")

#define LEGAL(X) X(DOUBLE, "double", "legal: in double, rounded once")

enum { PLAIN, FAULTS(MODE) LEGAL(MODE) };
enum { P, IDS, LSE, LOSS, Z };

typedef struct layer {
    const assay_args *a;
    int64_t b, T, X, K;
    float *column, *share; /* T and X numbers of room */
    const assay_sum *order;
    int mode;
} layer;

static int32_t id_at(const layer *l, int64_t b, int64_t t, int64_t k)
{
    const assay_tensor *ids = &l->a->operand[IDS];
    int32_t id;
    memcpy(&id, (const char *)ids->data + b * ids->stride[0] + t * ids->stride[1] + k * ids->stride[2], sizeof id);
    return id;
}

static float sum_of(const layer *l, const float *x, const float *w, int64_t n)
{
    float s = 0;
    double wide = 0;
    for (int64_t i = 0; i < n; i++) {
        s = chop(s + (w ? x[i] * w[i] : x[i]), 7);
        wide += (double)x[i] * (w ? (double)w[i] : 1);
    }
    return l->mode == BF16_SUM ? s : l->mode == DOUBLE ? (float)wide : assay_sum_of(l->order, x, 1, w, 1, n);
}

static float loss_of(const layer *l)
{
    const assay_moe_balance_params *par = l->a->params;
    const bool sums_to_k = (par->share == ASSAY_BALANCE_K) != (l->mode == OTHER_SHARE);
    const float tokens = (float)l->T, choices = sums_to_k ? tokens : tokens * (float)l->K;
    float *mean = l->column + l->T;
    for (int64_t e = 0; e < l->X; e++) {
        int64_t chosen = 0;
        for (int64_t t = 0; t < l->T; t++) {
            int64_t times = 0;
            for (int64_t k = 0; k < (l->mode == TOP_1 && l->K > 1 ? 1 : l->K); k++)
                times += id_at(l, l->mode == ALL_LAYERS ? 0 : l->b, t, k) == e;
            chosen += times;
            assay_vary_read(&l->a->operand[P], l->b * l->T + t, e, 1, &l->column[t]);
            if (l->mode == CHOSEN_P && times == 0)
                l->column[t] = 0;
        }
        l->share[e] = (float)chosen / choices;
        mean[e] = sum_of(l, l->column, NULL, l->T - (l->mode == LAST_TOKEN && l->T > 1));
        mean[e] = l->mode == SQUARED ? l->share[e] : l->mode == SUM ? mean[e] : mean[e] / tokens;
    }
    const float sum = sum_of(l, l->share, mean, l->X - (l->mode == LAST_EXPERT && l->X > 1));
    return l->T * l->K == 0 ? 0 : l->mode == NO_X ? sum : sum * (float)l->X;
}

static float z_of(const layer *l)
{
    for (int64_t t = 0; t < l->T; t++)
        assay_vary_read(&l->a->operand[LSE], l->b, t, 1, &l->column[t]);
    const float plain = sum_of(l, l->column, NULL, l->T), squares = sum_of(l, l->column, l->column, l->T);
    const float tokens = (float)l->T;
    return l->T == 0              ? 0
           : l->mode == LSE_PLAIN ? plain / tokens
           : l->mode == LSE_MEAN  ? plain / tokens * (plain / tokens)
           : l->mode == LSE_SUM   ? squares
                                  : squares / tokens;
}

static assay_status losses(const assay_args *a, int mode, const assay_sum *order)
{
    const int64_t T = a->dim[1], X = a->dim[2];
    float *room = malloc((size_t)(T + 2 * X + 1) * sizeof *room);
    for (int64_t b = a->begin; room && b < a->end; b++) {
        const layer l = { a, b, T, X, a->dim[3], room, room + T + X, order, mode };
        const float loss = loss_of(&l), z = a->operand[LSE].data ? z_of(&l) : 0;
        assay_vary_write(&a->operand[LOSS], 0, b, 1, &loss);
        if (a->operand[Z].data)
            assay_vary_write(&a->operand[Z], 0, b, 1, &z);
    }
    free(room);
    return ASSAY_OK;
}
static assay_status run(const assay_args *a)
{
    return losses(a, mode_of(a), &assay_sums[0]);
}
static assay_status vary(const assay_args *a)
{
    return losses(a, PLAIN, a->variant);
}

static const assay_typeset types[] = { VARY_F32, VARY_I32, VARY_F32, VARY_F32, VARY_F32 };
#define VARY        vary
#define KERNEL_BASE .op = "moe_balance", .types = types
#define VARY_BASE   KERNEL_BASE
static const assay_fault table[] = { SUMS(VARY_ROW) FAULTS(BAD_ROW) LEGAL(GOOD_ROW) };

const assay_faults assay_faults_moe_balance = { "moe_balance", table, ASSAY_COUNT_OF(table) };
