/* SPDX-License-Identifier: MIT */
#include "beams.h"
#include "../core/execute.h"
#include "../core/status.h"
#include "assay/params/beam_step.h"
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
    texts running, finished, next, done; /* now, and behind this step */
    float *logits, *logp;                /* (V) (K, V) */
    int32_t parent[BEAMS], token[BEAMS], from[BEAMS], go;
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

/* Log-probabilities of what may come behind each beam; nothing is asked of one that is none. */
static assay_status foretell(search *s, assay_why *why)
{
    const assay_beams *b = s->b;
    const int64_t dim[] = { 1, b->V };
    memset(s->logp, 0, (size_t)(b->K * b->V) * sizeof *s->logp);
    for (int64_t k = 0; k < b->K; k++) {
        void *const operand[] = { s->logits, NULL, s->logp + k * b->V };
        if (!(s->running.score[k] > -INFINITY))
            continue;
        assay_status status = b->next(b->ctx, s->running.id + k * b->most, s->running.length[k], s->logits, why);
        if (!status)
            status = assay_lone(b->impl, "log_softmax", dim, NULL, operand, why);
        if (status)
            return status;
    }
    return ASSAY_OK;
}

static assay_status step(search *s, int64_t n, assay_why *why)
{
    const assay_beams *b = s->b;
    const int64_t dim[] = { 1, b->K, b->V, b->E };
    const assay_beam_step_params p = { .n = (int32_t)n,
                                       .most = (int32_t)b->most,
                                       .length_penalty = (float)b->length_penalty,
                                       .early = b->early,
                                       .stop = b->stop };
    int32_t none;
    void *const operand[] = { s->logp,           s->running.score,
                              s->finished.score, b->E ? (void *)(uintptr_t)b->ends : &none,
                              s->parent,         s->token,
                              s->next.score,     s->from,
                              s->done.score,     &s->go };
    assay_status status = foretell(s, why);
    if (!status)
        status = assay_lone(b->impl, "beam_step", dim, &p, operand, why);
    if (!status && s->go < 0)
        status = assay_fail(why, ASSAY_ERR_PARAM, "a score of step %" PRId64 " is NaN or infinite", n);
    if (status)
        return status;
    for (int64_t i = 0; i < b->K; i++) {
        const int64_t at = s->from[i] - b->K; /* k V + v */
        s->done.length[i] = s->next.length[i] = 0;
        if (s->from[i] >= b->K)
            copy(s, &s->done, i, &s->running, at / b->V, (int32_t)(at % b->V));
        else if (s->from[i] >= 0)
            copy(s, &s->done, i, &s->finished, s->from[i], -1);
        if (s->parent[i] >= 0)
            copy(s, &s->next, i, &s->running, s->parent[i], s->token[i]);
    }
    const texts was[] = { s->running, s->finished };
    s->running = s->next, s->finished = s->done;
    s->next = was[0], s->done = was[1];
    return ASSAY_OK;
}

assay_status assay_beams_search(assay_beams *b, assay_why *why)
{
    search s = { .b = b, .go = 1 };
    texts *const all[] = { &s.running, &s.finished, &s.next, &s.done };
    if (b->K < 1 || b->K > BEAMS || b->most < 1)
        return assay_fail(why, ASSAY_ERR_ARG, "%" PRId64 " beams of %" PRId64 " tokens: 1 to %d, of at least one", b->K,
                          b->most, BEAMS);
    s.logits = assay_aligned((size_t)b->V * sizeof *s.logits);
    s.logp = assay_aligned((size_t)(b->K * b->V) * sizeof *s.logp);
    bool good = s.logits && s.logp;
    for (int i = 0; i < 4; i++) {
        all[i]->id = calloc((size_t)(b->K * b->most), sizeof *all[i]->id);
        good &= all[i]->id != NULL;
    }
    for (int64_t k = 0; k < b->K; k++) { /* the first stands for all: the others would be the same */
        s.running.score[k] = k ? -INFINITY : 0;
        s.finished.score[k] = -INFINITY;
    }
    assay_status status = good ? ASSAY_OK : assay_fail(why, ASSAY_ERR_NOMEM, "no memory for %" PRId64 " beams", b->K);
    for (b->steps = 0; !status && s.go && b->steps < b->most; b->steps++)
        status = step(&s, b->steps, why);
    memcpy(b->length, s.finished.length, sizeof b->length);
    memcpy(b->score, s.finished.score, sizeof b->score);
    b->id = s.finished.id;
    s.finished.id = NULL;
    for (int i = 0; i < 4; i++)
        free(all[i]->id);
    free(s.logits);
    free(s.logp);
    return status;
}
