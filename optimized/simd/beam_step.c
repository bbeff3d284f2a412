/* SPDX-License-Identifier: MIT
 * beam_step: the sums are made in scratch, vector by vector, and the candidates come from a heap (best.h); what is
 * left is a matter of a few dozen numbers. */
#include "assay/params/beam_step.h"
#include "../isa/best.h"
#include <math.h>

enum { LOGP, SCORE, OLD, EOS, PARENT, TOKEN, NEXT, FROM, BEST, GO };
typedef struct beams { /* one search */
    const assay_beam_step_params *p;
    int64_t K, V, n;  /* beams, ids, candidates */
    const float *sum; /* by k V + v */
    const int32_t *id;
    bool *ends; /* by candidate */
    float divisor;
    float *best;
    int32_t *from;
} beams;

static int64_t candidates_of(const assay_args *a)
{
    const int64_t wanted = (1 + a->dim[3]) * a->dim[1], all = a->dim[1] * a->dim[2];
    return wanted < all ? wanted : all;
}
static size_t scratch(const assay_args *a)
{
    return sizeof(float) * (size_t)(a->dim[1] * a->dim[2]) + 5 * (size_t)candidates_of(a);
}

static void sums(const assay_tensor *logp, int64_t r, const float *score, int64_t K, int64_t V, float *sum)
{
    for (int64_t k = 0; k < K; k++, sum += V) {
        const float *x =
            (const float *)(const void *)((const char *)logp->data + r * logp->stride[0] + k * logp->stride[1]);
        const vec s = vec_set(score[k]);
        for (int64_t v = 0; v < V; v += LANES) {
            const int64_t n = V - v < LANES ? V - v : LANES;
            vec_store_n(sum + v, vec_add(vec_load_n(x + v, n), s), n);
        }
    }
}

static void enter(const beams *b, float score, int64_t from)
{
    int64_t at = b->K;
    for (; at > 0 && b->best[at - 1] < score; at--)
        if (at < b->K)
            b->best[at] = b->best[at - 1], b->from[at] = b->from[at - 1];
    if (at < b->K)
        b->best[at] = score, b->from[at] = (int32_t)from;
}

/* Can top still enter the slots, which are full? */
static bool can_win(const beams *b, float top)
{
    const assay_beam_step_params *p = b->p;
    const float worst = b->best[b->K - 1];
    if (p->early == ASSAY_EARLY_NEVER && p->length_penalty > 0 && p->most > 0)
        return top / (float)pow((double)p->most, (double)p->length_penalty) > worst;
    return p->early != ASSAY_EARLY_TRUE && top / b->divisor > worst;
}

static void mark_ends(const assay_tensor *eos, int64_t E, const beams *b, bool all)
{
    for (int64_t i = 0; i < b->n; i++) {
        b->ends[i] = all;
        for (int64_t e = 0; e < E; e++)
            b->ends[i] |=
                b->id[i] % b->V == *(const int32_t *)(const void *)((const char *)eos->data + e * eos->stride[0]);
    }
}

static void search(const assay_args *a, int64_t r, beams *b)
{
    const assay_beam_step_params *p = b->p;
    const float *old = tensor_row(&a->operand[OLD], r);
    int32_t *parent = tensor_row(&a->operand[PARENT], r), *token = tensor_row(&a->operand[TOKEN], r);
    int32_t *go = (int32_t *)(void *)((char *)a->operand[GO].data + r * a->operand[GO].stride[0]);
    float *next = tensor_row(&a->operand[NEXT], r);
    const bool last = p->most > 0 && p->n + 1 >= p->most, v4 = p->stop == ASSAY_STOP_V4;
    int64_t k = 0;
    b->best = tensor_row(&a->operand[BEST], r), b->from = tensor_row(&a->operand[FROM], r);
    for (int64_t i = 0; i < b->K; i++) {
        b->best[i] = next[i] = -INFINITY;
        b->from[i] = parent[i] = token[i] = -1;
    }
    *go = -1;
    if (!(b->sum[b->id[0]] < INFINITY)) /* NaN comes before all else */
        return;
    mark_ends(&a->operand[EOS], a->dim[3], b, last && !v4);
    for (int64_t i = 0; i < b->K; i++)
        enter(b, old[i], i);
    for (int64_t i = 0; i < b->K; i++)
        if (b->ends[i])
            enter(b, b->sum[b->id[i]] / b->divisor, b->K + b->id[i]);
    const bool joins = v4 && last && (p->early != ASSAY_EARLY_TRUE || b->best[b->K - 1] == -INFINITY);
    for (int ended = 0; ended < 2; ended++)
        for (int64_t i = 0; i < b->n && k < b->K; i++) {
            if (b->ends[i] != (ended == 1))
                continue;
            parent[k] = (int32_t)(b->id[i] / b->V), token[k] = (int32_t)(b->id[i] % b->V);
            next[k++] = ended ? -INFINITY : b->sum[b->id[i]];
            if (joins && !ended)
                enter(b, b->sum[b->id[i]] / b->divisor, b->K + b->id[i]);
        }
    const bool runs = !last && next[0] > -INFINITY;
    *go = runs && (b->best[b->K - 1] == -INFINITY || can_win(b, v4 ? b->sum[b->id[0]] : next[0]));
}

static assay_status run(const assay_args *a)
{
    const int64_t K = a->dim[1], V = a->dim[2], n = candidates_of(a);
    float *sum = a->scratch;
    int32_t *id = (int32_t *)(void *)(sum + K * V);
    beams b = { .p = a->params, .K = K, .V = V, .n = n, .sum = sum, .id = id, .ends = (bool *)(id + n) };
    b.divisor = (float)pow((double)(b.p->n + 1), (double)b.p->length_penalty);
    for (int64_t r = a->begin; r < a->end; r++) {
        sums(&a->operand[LOGP], r, tensor_row(&a->operand[SCORE], r), K, V, sum);
        best_of(sum, K * V, id, n);
        best_sort(sum, id, n);
        search(a, r, &b);
    }
    return ASSAY_OK;
}

#define F32 ASSAY_TYPES(ASSAY_T(f32))
#define I32 ASSAY_TYPES(ASSAY_T(i32))
static const assay_typeset types[] = { F32, F32, F32, I32, I32, I32, F32, I32, F32, I32 };

SIMD_KERNEL(beam_step) = {
    .op = "beam_step",
    .name = SIMD_TIER,
    .isa = SIMD_ISA,
    .flags = ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .run = run,
    .scratch = scratch,
};
