/* SPDX-License-Identifier: MIT
 * moe_combine: kernels that are wrong on purpose, and legal ones that must pass. */
#include "faults.h"
#include "variants.h"
#include <stdlib.h>

/* X(mode, name, where it comes from) */
#define FAULTS(X)                                                                                                      \
    X(DROPPED_0, "dropped-times-0", "own: NaN times 0")                                                                \
    X(DROPPED_KEPT, "dropped-kept", "own: slots not asked")                                                            \
    X(SLOT_0_LOST, "slot-0-dropped", "own: > for >=")                                                                  \
    X(RENORMALISED, "renormalised-after-the-drop", "own: torchscale and fairseq by default")                           \
    X(SHARED_LOST, "shared-left-out", "own")                                                                           \
    X(SHARED_SCALED, "shared-times-the-weights", "own: shared is not scaled by the routing")                           \
    X(GATE_LOST, "gate-ignored", "own")                                                                                \
    X(GATE_RAW, "gate-without-sigmoid", "own")                                                                         \
    X(GATE_ALL, "gate-on-all", "own: on the routed experts, too")                                                      \
    X(GATE_BF16, "gate-in-bf16", "own")                                                                                \
    X(FIRST_ONLY, "first-expert-only", "own: duplicates taken for one")                                                \
    X(LAST_LOST, "last-expert-lost", "off by one")                                                                     \
    X(WEIGHT_0, "first-weight-for-all", "own")                                                                         \
    X(MEAN, "mean-of-the-experts", "own")                                                                              \
    X(BF16_SUM, "sum-in-bf16", "own")                                                                                  \
    X(F16_WEIGHT, "weights-in-f16", "own")                                                                             \
    X(TAIL, "tail-skipped", "slip: tail")

#define LEGAL(X)                                                                                                       \
    X(SHARED_FIRST, "shared-first", "legal: the sum starts with it")                                                   \
    X(DOUBLE, "double", "legal: in double, rounded once")                                                              \
    X(EXP_UP, "exp-up", "legal: 2.9 u too large, and rounded")                                                         \
    X(EXP_DOWN, "exp-down", "legal: 2.9 u too small, and rounded")

enum { PLAIN, FAULTS(MODE) LEGAL(MODE) };
enum { W, SLOTS, X, SHARED, GATE, Y };

typedef struct token {
    int64_t K;
    float *w, *x, shared, share; /* the terms that count, their number K */
    bool has;                    /* the shared term */
    const assay_sum *order;
    int mode;
} token;

static float sigmoid(float z, int32_t form, int mode)
{
    const int32_t exponential = mode == EXP_UP ? 6 : mode == EXP_DOWN ? 4 : form;
    const float e = mode == DOUBLE ? (float)exp(-fabs((double)z)) : assay_vary_exp(exponential, -fabsf(z));
    const float s = (z < 0 ? e : 1) / (1 + e);
    return mode == GATE_BF16 ? chop(s, 7) : mode == GATE_RAW ? z : mode == GATE_LOST ? 1 : s;
}

static float sum_of(const token *k)
{
    const float shared = k->has ? k->share * k->shared : 0;
    float sum = k->mode == SHARED_FIRST ? shared : 0;
    double wide = 0;
    for (int64_t i = 0; i < k->K; i++) {
        const float term = k->w[i] * k->x[i];
        sum = k->mode == BF16_SUM ? chop(sum + term, 7) : sum + term;
        wide += (double)k->w[i] * (double)k->x[i];
    }
    if (k->mode == DOUBLE)
        return (float)(wide + (k->has ? (double)k->share * (double)k->shared : 0));
    if (k->mode == SHARED_FIRST || k->mode == BF16_SUM)
        return k->mode == BF16_SUM ? chop(sum + shared, 7) : sum;
    return assay_sum_of(k->order, k->w, 1, k->x, 1, k->K) + shared;
}

/* Weights and places of the terms of token t that count; how many they are */
static int64_t terms(const assay_args *a, int64_t t, float *w, int64_t *place, int mode)
{
    const int64_t K = a->dim[1];
    float all = 0, kept = 0;
    int64_t n = 0;
    for (int64_t k = 0; k < K; k++) {
        float weight;
        int32_t slot = 0;
        assay_vary_read(&a->operand[W], t, k, 1, &weight);
        const assay_tensor *slots = &a->operand[SLOTS];
        if (slots->data)
            memcpy(&slot, (const char *)slots->data + t * slots->stride[0] + k * slots->stride[1], sizeof slot);
        weight = mode == F16_WEIGHT ? chop(weight, 10) : mode == MEAN ? 1 / (float)K : weight;
        const bool dropped = mode == SLOT_0_LOST && slots->data ? slot <= 0 : slot < 0;
        all += weight;
        if (dropped && mode == DROPPED_0)
            weight = 0;
        else if ((dropped && mode != DROPPED_KEPT) || (mode == LAST_LOST && K > 1 && k == K - 1) ||
                 (mode == FIRST_ONLY && n > 0))
            continue;
        kept += weight;
        w[n] = mode == WEIGHT_0 && n > 0 ? w[0] : weight, place[n++] = k;
    }
    for (int64_t k = 0; mode == RENORMALISED && k < n; k++)
        w[k] *= all / kept;
    return n;
}

static assay_status combine(const assay_args *a, int mode, const assay_sum *order)
{
    const int64_t K = a->dim[1], D = a->dim[2], full = mode == TAIL && D > 8 ? D & ~INT64_C(7) : D;
    float *w = malloc((size_t)(2 * K + 1) * sizeof *w);
    int64_t *place = malloc((size_t)(K + 1) * sizeof *place);
    const assay_tensor *shared = &a->operand[SHARED], *gate = &a->operand[GATE];
    for (int64_t t = a->begin; w && place && t < a->end; t++) {
        token k = { terms(a, t, w, place, mode), w, w + K, 0, 1, shared->data && mode != SHARED_LOST, order, mode };
        float z, s = 1;
        if (gate->data) {
            memcpy(&z, (const char *)gate->data + t * gate->stride[0], sizeof z);
            s = sigmoid(z, order->row, mode);
        }
        k.share = s * (mode == SHARED_SCALED && k.K ? w[0] : 1);
        for (int64_t i = 0; mode == GATE_ALL && i < k.K; i++)
            w[i] *= s;
        for (int64_t d = 0; d < full; d++) {
            for (int64_t i = 0; i < k.K; i++)
                assay_vary_read(&a->operand[X], t * K + place[i], d, 1, &k.x[i]);
            if (shared->data)
                assay_vary_read(shared, t, d, 1, &k.shared);
            const float y = sum_of(&k);
            assay_vary_write(&a->operand[Y], t, d, 1, &y);
        }
    }
    free(w);
    free(place);
    return ASSAY_OK;
}
static assay_status run(const assay_args *a)
{
    return combine(a, mode_of(a), &assay_sums[0]);
}
static assay_status vary(const assay_args *a)
{
    return combine(a, PLAIN, a->variant);
}

static const assay_typeset types[] = { VARY_F32, VARY_I32, VARY_FLOATS, VARY_FLOATS, VARY_F32, VARY_FLOATS };
#define VARY        vary
#define KERNEL_BASE .op = "moe_combine", .types = types
#define VARY_BASE   KERNEL_BASE
static const assay_fault table[] = { SUMS(VARY_ROW) FAULTS(BAD_ROW) LEGAL(GOOD_ROW) };

const assay_faults assay_faults_moe_combine = { "moe_combine", table, ASSAY_COUNT_OF(table) };
