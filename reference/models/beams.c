/* SPDX-License-Identifier: MIT */
#include "beams.h"
#include "../core/execute.h"
#include "../core/status.h"
#include "assay/params/beam_step.h"
#include "assay/params/penalize.h"
#include "lone.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BEAMS = 64 };

typedef struct texts { /* K of them */
    int32_t *id;       /* (K, most) */
    int64_t length[BEAMS];
    float score[BEAMS];
} texts;

typedef struct search {
    assay_beams *b;
    int64_t W;                           /* beams of a group: its texts are W g .. W g + W - 1 */
    texts running, finished, next, done; /* now, and behind this step */
    float *logits, *plain, *logp;        /* (V) (V) (W, V) */
    float *taken;                        /* (V): how many beams of the groups before went on by each token */
    int32_t parent[BEAMS], token[BEAMS], from[BEAMS], go[BEAMS];
} search;

/* to's i-th text becomes from's k-th and, if there is one, a token. */
static void copy(const search *s, texts *to, int64_t i, const texts *from, int64_t k, int32_t token)
{
    const int64_t most = s->b->most, n = from->length[k];
    memcpy(to->id + i * most, from->id + k * most, (size_t)n * sizeof *to->id);
    to->length[i] = n + (token >= 0);
    if (token >= 0)
        to->id[i * most + n] = token;
}

/* Log-probabilities of what may come behind each beam of group g; nothing is asked of one that is none. */
static assay_status foretell(search *s, int64_t g, assay_why *why)
{
    const assay_beams *b = s->b;
    const int64_t dim[] = { 1, b->V };
    const assay_penalize_params lower = { .repetition = 1, .frequency = (float)b->diverse };
    assay_status status = ASSAY_OK;
    memset(s->logp, 0, (size_t)(s->W * b->V) * sizeof *s->logp);
    for (int64_t k = 0; k < s->W && !status; k++) {
        const int64_t at = g * s->W + k;
        float *const logp = s->logp + k * b->V;
        void *const plain[] = { s->logits, NULL, g ? s->plain : logp };
        void *const lowered[] = { s->plain, s->taken, NULL, NULL, logp };
        if (!(s->running.score[at] > -INFINITY))
            continue;
        status = b->next(b->ctx, s->running.id + at * b->most, s->running.length[at], s->logits, why);
        if (!status)
            status = assay_lone(b->impl, "log_softmax", dim, NULL, plain, why);
        if (!status && g)
            status = assay_lone(b->impl, "penalize", dim, &lower, lowered, why);
    }
    return status;
}

/* A group that has ended keeps what it found. */
static void stay(search *s, int64_t g)
{
    for (int64_t i = g * s->W; i < (g + 1) * s->W; i++) {
        copy(s, &s->done, i, &s->finished, i, -1);
        s->done.score[i] = s->finished.score[i];
    }
}

static assay_status step(search *s, int64_t g, int64_t n, assay_why *why)
{
    const assay_beams *b = s->b;
    const int64_t first = g * s->W, dim[] = { 1, s->W, b->V, b->E };
    const assay_beam_step_params p = { .n = (int32_t)n,
                                       .most = (int32_t)b->most,
                                       .length_penalty = (float)b->length_penalty,
                                       .early = b->early,
                                       .stop = b->stop };
    int32_t none;
    void *const operand[] = { s->logp,
                              s->running.score + first,
                              s->finished.score + first,
                              b->E ? (void *)(uintptr_t)b->ends : &none,
                              s->parent,
                              s->token,
                              s->next.score + first,
                              s->from,
                              s->done.score + first,
                              &s->go[g] };
    assay_status status = foretell(s, g, why);
    if (!status)
        status = assay_lone(b->impl, "beam_step", dim, &p, operand, why);
    if (!status && s->go[g] < 0)
        status = assay_fail(why, ASSAY_ERR_PARAM, "a score of step %" PRId64 " is NaN or infinite", n);
    if (status)
        return status;
    for (int64_t i = 0; i < s->W; i++) {
        const int64_t to = first + i, at = s->from[i] - s->W; /* k V + v */
        s->done.length[to] = s->next.length[to] = 0;
        if (s->from[i] >= s->W)
            copy(s, &s->done, to, &s->running, first + at / b->V, (int32_t)(at % b->V));
        else if (s->from[i] >= 0)
            copy(s, &s->done, to, &s->finished, first + s->from[i], -1);
        if (s->parent[i] >= 0)
            copy(s, &s->next, to, &s->running, first + s->parent[i], s->token[i]);
        if (s->next.score[to] > -INFINITY)
            s->taken[s->token[i]]++;
    }
    return ASSAY_OK;
}

/* A step of each group, in turn. */
static assay_status steps(search *s, int64_t n, bool *on, assay_why *why)
{
    assay_status status = ASSAY_OK;
    memset(s->taken, 0, (size_t)s->b->V * sizeof *s->taken);
    *on = false;
    for (int64_t g = 0; g * s->W < s->b->K && !status; g++) {
        if (s->go[g])
            status = step(s, g, n, why);
        else
            stay(s, g);
        *on = *on || s->go[g];
    }
    const texts was[] = { s->running, s->finished };
    s->running = s->next, s->finished = s->done;
    s->next = was[0], s->done = was[1];
    return status;
}

/* The results: what all groups found, the best first, of equal ones the first group's. */
static void merge(search *s)
{
    assay_beams *b = s->b;
    int64_t order[BEAMS];
    for (int64_t i = 0, k; i < b->K; i++) {
        for (k = i; k > 0 && s->finished.score[order[k - 1]] < s->finished.score[i]; k--)
            order[k] = order[k - 1];
        order[k] = i;
    }
    for (int64_t i = 0; i < b->K; i++) {
        copy(s, &s->done, i, &s->finished, order[i], -1);
        b->length[i] = s->done.length[i], b->score[i] = s->finished.score[order[i]];
    }
    b->id = s->done.id;
    s->done.id = NULL;
}

assay_status assay_beams_search(assay_beams *b, assay_why *why)
{
    const int64_t groups = b->groups ? b->groups : 1;
    search s = { .b = b };
    texts *const all[] = { &s.running, &s.finished, &s.next, &s.done };
    bool on = true;
    b->steps = 0, b->id = NULL;
    if (b->K < 1 || b->K > BEAMS || b->most < 1)
        return assay_fail(why, ASSAY_ERR_ARG, "%" PRId64 " beams of %" PRId64 " tokens: 1 to %d, of at least one", b->K,
                          b->most, BEAMS);
    if (groups < 1 || b->K % groups)
        return assay_fail(why, ASSAY_ERR_ARG, "%" PRId64 " beams in %" PRId64 " groups: they must be equally large",
                          b->K, groups);
    s.W = b->K / groups;
    s.logits = assay_aligned((size_t)b->V * sizeof *s.logits);
    s.plain = assay_aligned((size_t)b->V * sizeof *s.plain);
    s.taken = assay_aligned((size_t)b->V * sizeof *s.taken);
    s.logp = assay_aligned((size_t)(s.W * b->V) * sizeof *s.logp);
    bool good = s.logits && s.plain && s.taken && s.logp;
    for (int i = 0; i < 4; i++) {
        all[i]->id = calloc((size_t)(b->K * b->most), sizeof *all[i]->id);
        good &= all[i]->id != NULL;
    }
    for (int64_t k = 0; k < b->K; k++) { /* a group's first stands for all: the others would be the same */
        s.running.score[k] = k % s.W ? -INFINITY : 0;
        s.finished.score[k] = -INFINITY;
        s.go[k] = 1;
    }
    assay_status status = good ? ASSAY_OK : assay_fail(why, ASSAY_ERR_NOMEM, "no memory for %" PRId64 " beams", b->K);
    for (; !status && on && b->steps < b->most; b->steps++)
        status = steps(&s, b->steps, &on, why);
    if (good)
        merge(&s);
    for (int i = 0; i < 4; i++)
        free(all[i]->id);
    free(s.logits);
    free(s.plain);
    free(s.taken);
    free(s.logp);
    return status;
}
