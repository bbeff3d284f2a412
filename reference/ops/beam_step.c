/* SPDX-License-Identifier: MIT
 * beam_step: one step of beam search, as Hugging Face's `generate` takes it, in sums and quotients rounded to f32.
 *   acc[k,v]    score[k] + logp[k,v]; of equal ones the lower k V + v comes first
 *   candidates  the (1 + E) K best, of which at most E K end by their token: K are left
 *   ends        a candidate whose token is one of eos; v5: every one at length `most`
 *   running     the K best candidates that do not end; where all end the first K, at -inf
 *   finished    the K best, of equal ones the first, of these: the old ones; of the first K candidates those that end,
 *               at acc / length^length_penalty; v4: at length `most` what runs, unless early ends the search
 *   from        of a finished one: i below K: the old i-th; K + k V + v: beam k with token v; -1: an empty slot
 *   go          does the search go on, see goes_on(); -1: a sum is NaN or +inf, and there is no answer
 * (Sutskever et al. 2014; Wu et al. 2016.) */
#include "assay/params/beam_step.h"
#include "ref.h"

enum { BEAMS = 64, ENDS = 16, MOST = BEAMS * (ENDS + 1) };

typedef struct candidate {
    real acc;
    int64_t id; /* k V + v */
    bool ends;
} candidate;
typedef struct search {
    const assay_beam_step_params *p;
    int64_t K, V, E, n;                        /* n: candidates */
    const real *logp, *score, *old, *eos;      /* (K,V) (K) (K) (E) */
    real *parent, *token, *next, *from, *best; /* (K) */
    candidate c[MOST];
} search;

static real rounded(real x)
{
    return (real)(float)x;
}
static real over_length(const search *s, real acc, int64_t length)
{
    return rounded(acc / (real)(float)pow((double)length, (double)s->p->length_penalty));
}
static bool is_last(const search *s)
{
    return s->p->most > 0 && s->p->n + 1 >= s->p->most;
}
static bool is_full(const search *s)
{
    return s->best[s->K - 1] > -INFINITY;
}
static bool ends(const search *s, int64_t v)
{
    for (int64_t e = 0; e < s->E; e++)
        if (v == (int64_t)s->eos[e])
            return true;
    return s->p->stop == ASSAY_STOP_V5 && is_last(s);
}

/* The candidates, in order; false: there is no answer. */
static bool gather(search *s)
{
    const int64_t most = (1 + s->E) * s->K;
    s->n = 0;
    for (int64_t id = 0; id < s->K * s->V; id++) {
        const real acc = rounded(s->score[id / s->V] + s->logp[id]);
        if (!(acc < INFINITY))
            return false;
        int64_t at = s->n < most ? s->n++ : most;
        for (; at > 0 && s->c[at - 1].acc < acc; at--)
            if (at < most)
                s->c[at] = s->c[at - 1];
        if (at < most)
            s->c[at] = (candidate){ acc, id, ends(s, id % s->V) };
    }
    return true;
}

static void run_on(search *s)
{
    int64_t k = 0;
    bool none = true;
    for (int64_t i = 0; i < s->n; i++)
        none = none && s->c[i].ends;
    for (int64_t i = 0; i < s->n && k < s->K; i++)
        if (none || !s->c[i].ends) {
            s->parent[k] = (real)(s->c[i].id / s->V), s->token[k] = (real)(s->c[i].id % s->V);
            s->next[k++] = none ? -INFINITY : s->c[i].acc;
        }
}

/* Into the slots, behind those that are as good. */
static void enter(search *s, real score, int64_t from)
{
    int64_t at = s->K;
    for (; at > 0 && s->best[at - 1] < score; at--)
        if (at < s->K)
            s->best[at] = s->best[at - 1], s->from[at] = s->from[at - 1];
    if (at < s->K)
        s->best[at] = score, s->from[at] = (real)from;
}

static void finish(search *s)
{
    for (int64_t i = 0; i < s->K; i++)
        enter(s, s->old[i], i);
    for (int64_t i = 0; i < s->K; i++)
        if (s->c[i].ends)
            enter(s, over_length(s, s->c[i].acc, s->p->n + 1), s->K + s->c[i].id);
    if (s->p->stop == ASSAY_STOP_V5 || !is_last(s) || (s->p->early == ASSAY_EARLY_TRUE && is_full(s)))
        return;
    for (int64_t i = 0; i < s->K; i++)
        enter(s, over_length(s, s->next[i], s->p->n + 1), s->K + (int64_t)s->parent[i] * s->V + (int64_t)s->token[i]);
}

/* Can the best of what runs (v4: of all candidates) still enter the slots? */
static bool goes_on(const search *s)
{
    const real top = s->p->stop == ASSAY_STOP_V4 ? s->c[0].acc : s->next[0];
    const bool longest = s->p->early == ASSAY_EARLY_NEVER && s->p->length_penalty > 0 && s->p->most > 0;
    if (is_last(s) || !(s->next[0] > -INFINITY))
        return false;
    if (!is_full(s))
        return true;
    return s->p->early != ASSAY_EARLY_TRUE &&
           over_length(s, top, longest ? s->p->most : s->p->n + 1) > s->best[s->K - 1];
}

REFERENCE(beam_step)
{
    const int64_t R = a->dim[0], K = a->dim[1], V = a->dim[2];
    search s = { .p = a->params, .K = K, .V = V, .E = a->dim[3], .eos = a->operand[3] };

    for (int64_t r = 0; r < R; r++) {
        s.logp = (const real *)a->operand[0] + r * K * V;
        s.score = (const real *)a->operand[1] + r * K, s.old = (const real *)a->operand[2] + r * K;
        s.parent = (real *)a->operand[4] + r * K, s.token = (real *)a->operand[5] + r * K;
        s.next = (real *)a->operand[6] + r * K, s.from = (real *)a->operand[7] + r * K;
        s.best = (real *)a->operand[8] + r * K;
        for (int64_t k = 0; k < K; k++) {
            s.parent[k] = s.token[k] = s.from[k] = -1;
            s.next[k] = s.best[k] = -INFINITY;
        }
        real *go = (real *)a->operand[9] + r;
        *go = -1;
        if (!gather(&s))
            continue;
        run_on(&s);
        finish(&s);
        *go = goes_on(&s);
    }
}
