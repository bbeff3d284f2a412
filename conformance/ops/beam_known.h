/* SPDX-License-Identifier: MIT
 * beam_known.h - whole searches over a table of probabilities of the next token by the last one, whose texts, scores
 * and numbers of steps are those of Hugging Face's transformers 5.23 and, with the other stop, 4.46.3; one of diverse
 * groups, whose log-probabilities are lowered, as penalize does, by what the groups before have just taken. */
#ifndef ASSAY_BEAM_KNOWN_H
#define ASSAY_BEAM_KNOWN_H
#include "../../reference/core/registry.h"
#include "../../reference/core/status.h"
#include "../../reference/core/suite.h"
#include "assay/params/beam_step.h"
#include <math.h>
#include <string.h>

enum { LOGP, SCORE, OLD, EOS, PARENT, TOKEN, NEXT, FROM, BEST, GO, OPERANDS };
enum { IDS = 4, WIDTH = 2, LONGEST = 5, FIRST = 3, GROUPS = 2 };

typedef struct text {
    char of[LONGEST + 1];
} text;
typedef struct group { /* of beams: one search */
    text running[WIDTH], finished[WIDTH];
    double logp[WIDTH * IDS], score[WIDTH], old[WIDTH], eos[1];
    double parent[WIDTH], token[WIDTH], next[WIDTH], from[WIDTH], best[WIDTH], go[1];
} group;
typedef struct search_known {
    assay_beam_step_params p;
    int groups, steps;
    const char *text[GROUPS * WIDTH];
    double score[GROUPS * WIDTH];
} search_known;

#define V5(penalty, when, n, first, second, a, b)                                                                      \
    {                                                                                                                  \
        { .most = LONGEST, .length_penalty = penalty, .early = ASSAY_EARLY_##when }, 1, n, { first, second },          \
        {                                                                                                              \
            a, b                                                                                                       \
        }                                                                                                              \
    }
static const search_known searches[] = {
    V5(1, FALSE, 3, "130", "0", -0.759704245603, -0.7985076962178),
    V5(1, TRUE, 2, "0", "10", -0.7985076962178, -1.329630018466),
    V5(1, NEVER, 5, "13130", "130", -0.75194355548, -0.759704245603),
    V5(0, FALSE, 3, "0", "130", -0.7985076962178, -2.279112736809),
    V5(0, TRUE, 2, "0", "10", -0.7985076962178, -2.659260036933),
    V5(0, NEVER, 3, "0", "130", -0.7985076962178, -2.279112736809),
    V5(2, FALSE, 5, "13130", "13131", -0.150388711096, -0.1604412882272),
    V5(2, TRUE, 2, "10", "0", -0.6648150092332, -0.7985076962178),
    V5(2, NEVER, 5, "13130", "13131", -0.150388711096, -0.1604412882272),
    { { .most = LONGEST, .length_penalty = 1, .stop = ASSAY_STOP_V4 },
      1,
      5,
      { "13130", "130" },
      { -0.75194355548, -0.759704245603 } },
    { { .most = 3, .length_penalty = 1, .stop = ASSAY_STOP_V4 },
      GROUPS,
      3,
      { "130", "0", "0", "130" },
      { -0.759704245603, -0.7985076962178, -0.7985076962178, -1.093037578936 } },
};

static void append(text *t, double token)
{
    const size_t n = strlen(t->of);
    if (n < LONGEST)
        t->of[n] = (char)('0' + (int)token);
}

/* Running texts and finished ones become those of the results. */
static void go_on(group *g)
{
    group was = *g;
    for (int k = 0; k < WIDTH; k++) {
        const int from = (int)g->from[k], id = from - WIDTH;
        g->running[k] = was.running[(int)g->parent[k]];
        append(&g->running[k], g->token[k]);
        memset(&g->finished[k], 0, sizeof g->finished[k]);
        if (from >= 0)
            g->finished[k] = from < WIDTH ? was.finished[from] : was.running[id / IDS];
        if (from >= WIDTH)
            append(&g->finished[k], id % IDS);
    }
    memcpy(g->score, g->next, sizeof g->score);
    memcpy(g->old, g->best, sizeof g->old);
}

/* taken: how often groups before took each token, for each beam again; this one's are added. */
static void step(group *g, assay_beam_step_params *p, double *taken)
{
    static const double chance[IDS][IDS] = {
        { 0.6, 0.15, 0.1, 0.15 }, { 0.2, 0.05, 0.1, 0.65 }, { 0.15, 0.45, 0.05, 0.35 }, { 0.45, 0.35, 0.05, 0.15 }
    };
    void *before[OPERANDS] = { NULL };
    for (int i = 0; i < WIDTH * IDS; i++) {
        const double once = log(chance[p->n ? g->running[i / IDS].of[p->n - 1] - '0' : FIRST][i % IDS]);
        g->logp[i] = (float)(once - 0.5 * taken[i]);
    }
    assay_op_find("beam_step")
        ->oracle(&(assay_dense){
            (void *[]){ g->logp, g->score, g->old, g->eos, g->parent, g->token, g->next, g->from, g->best, g->go },
            before, (int64_t[]){ 1, WIDTH, IDS, 1 }, p });
    for (int k = 0; k < WIDTH * WIDTH; k++)
        taken[k / WIDTH * IDS + (int)g->token[k % WIDTH]]++;
    go_on(g);
}

/* Every finished text of all groups, the best first, of equal ones those of the first group. */
static bool is_found(const search_known *s, const group *g, int at)
{
    const int of = at / WIDTH, k = at % WIDTH;
    int ahead = 0;
    for (int j = 0; j < s->groups * WIDTH; j++) {
        const double other = g[j / WIDTH].best[j % WIDTH];
        ahead += other > g[of].best[k] || (other == g[of].best[k] && j < at);
    }
    return !strcmp(g[of].finished[k].of, s->text[ahead]) && fabs(g[of].best[k] - s->score[ahead]) < 1e-6;
}

static bool searched(const search_known *s, assay_why *why)
{
    group g[GROUPS];
    assay_beam_step_params p = s->p;
    for (int i = 0; i < s->groups; i++)
        g[i] = (group){ .score = { 0, -INFINITY }, .old = { -INFINITY, -INFINITY }, .go = { 1 } };
    for (bool on = true; on && p.n < LONGEST; p.n++) {
        double taken[WIDTH * IDS] = { 0 };
        on = false;
        for (int i = 0; i < s->groups; i++) {
            if (g[i].go[0] > 0)
                step(&g[i], &p, taken);
            on = on || g[i].go[0] > 0;
        }
    }
    bool right = p.n == s->steps;
    for (int at = 0; at < s->groups * WIDTH; at++)
        right = right && is_found(s, g, at);
    if (!right)
        assay_fail(why, ASSAY_ERR_ARG, "beam search, length_penalty=%g early=%d stop=%d: %d steps, %s %.9g and %s %.9g",
                   (double)p.length_penalty, p.early, p.stop, p.n, g[0].finished[0].of, g[0].best[0],
                   g[0].finished[1].of, g[0].best[1]);
    return right;
}

static bool beam_known(assay_why *why)
{
    for (size_t i = 0; i < ASSAY_COUNT_OF(searches); i++)
        if (!searched(&searches[i], why))
            return false;
    return true;
}
#endif
