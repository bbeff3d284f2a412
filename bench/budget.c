/* SPDX-License-Identifier: MIT
 * budget.c - rows by a budget of time (--budget): which problems come first, and what was left out. */
#include "../reference/core/status.h"
#include "../reference/core/tensor.h"
#include "bench.h"
#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

bool bench_budget_read(const char *text, double *seconds)
{
    char *end;
    *seconds = strtod(text, &end);
    const double unit = !strcmp(end, "s") ? 1 : !strcmp(end, "m") ? 60 : !strcmp(end, "h") ? 3600 : 0;
    *seconds *= unit;
    return end != text && *seconds >= 1 && *seconds <= 1e6;
}

void bench_budget_begin(bench_session *s)
{
    s->until = s->o->budget > 0 ? now() + s->o->budget : 0;
}

double bench_budget_left(const bench_session *s)
{
    return s->until > 0 ? s->until - now() : INFINITY;
}

void bench_budget_forget(bench_journal *b)
{
    for (cJSON *o = b->known ? b->known->child : NULL, *next; o; o = next) {
        const char *why = cJSON_GetStringValue(cJSON_GetObjectItem(o, "why"));
        next = o->next;
        if (why && !strncmp(why, BENCH_LEFT_OUT, strlen(BENCH_LEFT_OUT)))
            cJSON_Delete(cJSON_DetachItemViaPointer(b->known, o));
    }
}

bool bench_budget_skips(const bench_session *s, const assay_op *op, const assay_args *a, const assay_kernel *k)
{
    uint64_t best = 0;
    const assay_kernel *o;
    int nth;
    if (!s->pass)
        return false;
    for (size_t i = 0; (o = bench_kernel_at(s, i, &nth)); i++)
        if ((nth >= 0 || o->run) && !strcmp(o->op, op->name) && assay_filter_kernel(&s->o->filter, o) == ASSAY_RUNS &&
            assay_kernel_takes(op, o, a) && __builtin_popcountll(o->isa) > __builtin_popcountll(best))
            best = o->isa;
    return (__builtin_popcountll(k->isa) == __builtin_popcountll(best)) != (s->pass == BENCH_BEST);
}

/* ---- the order ------------------------------------------------------------------------------------------------- */

typedef struct problem {
    char *line;
    const char *op, *workload;
    double tokens, intensity; /* operations per byte of all operands, by the lengths */
    int turn, place;          /* in which round of all ops; as the tables have it */
    bool left;                /* it is named as left out */
} problem;

typedef struct problems {
    problem *of;
    int n, room;
    const assay_workload *w;
} problems;

static assay_status take(const char *line, void *ctx, assay_why *why)
{
    problems *p = ctx;
    assay_case c;
    assay_tensor t[ASSAY_MAX_OPND];
    double bytes = 0;
    if (p->n == p->room) {
        p->room = p->room ? 2 * p->room : 256;
        problem *more = realloc(p->of, (size_t)p->room * sizeof *more);
        if (!more)
            abort();
        p->of = more;
    }
    problem *x = &p->of[p->n];
    *x = (problem){ .line = strdup(line), .workload = p->w->name, .tokens = p->w->tokens, .place = p->n };
    if (!x->line)
        return assay_fail(why, ASSAY_ERR_NOMEM, "no memory for the list of problems");
    p->n++;
    if (assay_case_parse(line, &c, why)) { /* bench_rows says it */
        *why = (assay_why){ "" };
        x->op = "";
        return ASSAY_OK;
    }
    x->op = c.op->name;
    assay_case_tensors(&c, t);
    bool by_shape = c.op->flops != NULL; /* of values, as positions and masks, nothing is known before they are made */
    for (int i = 0; i < c.op->n_operands; i++) {
        bytes += (c.present >> i & 1) ? (double)assay_tensor_bytes(&t[i]) : 0;
        by_shape &= !(c.op->operands[i].flags & (ASSAY_INDEX | ASSAY_POSITION | ASSAY_MASK | ASSAY_COUNT));
    }
    const assay_args a = { .operand = t, .dim = c.dim, .params = c.params };
    x->intensity = by_shape && bytes > 0 ? c.op->flops(&a) / bytes : 0;
    return ASSAY_OK;
}

static int by_turn(const void *a, const void *b)
{
    const problem *x = a, *y = b;
    return x->turn != y->turn ? (x->turn > y->turn) - (x->turn < y->turn)
                              : (x->place > y->place) - (x->place < y->place);
}

/* Of the problems of an op, from..to: the one that computes least per byte first, the one that computes most second,
 * the others as the tables have them.  The first of several that are alike. */
static void turns(problem *of, int from, int to)
{
    int least = from, most = from, turn = 2;
    for (int i = from; i < to; i++) {
        least = of[i].intensity < of[least].intensity ? i : least;
        most = of[i].intensity > of[most].intensity ? i : most;
    }
    for (int i = from; i < to; i++)
        of[i].turn = i == least ? 0 : i == most ? 1 : turn++;
}

/* A kernel of this pass takes it; --quick names what is too large for it, and that takes no time. */
static bool wanted(const bench_session *s, const assay_case *c)
{
    assay_tensor t[ASSAY_MAX_OPND];
    const assay_kernel *k;
    int nth;
    assay_case_tensors(c, t);
    const assay_args a = { .operand = t, .dim = c->dim, .params = c->params };
    for (size_t i = 0; (k = bench_kernel_at(s, i, &nth)); i++)
        if ((nth >= 0 || k->run) && !strcmp(k->op, c->op->name) &&
            assay_filter_kernel(&s->o->filter, k) == ASSAY_RUNS && assay_kernel_takes(c->op, k, &a) &&
            !bench_budget_skips(s, c->op, &a, k))
            return s->o->filter.level > ASSAY_QUICK || !bench_too_large(c);
    return false;
}

/* What no time was left for, by name. */
static void leave_out(bench_session *s, problem *x)
{
    assay_case c;
    assay_why why = { "" };
    char name[BENCH_NAME], types[64], reason[160];
    if (x->left || assay_case_parse(x->line, &c, &why) || !bench_in_shard(s, x->workload, &c) || !wanted(s, &c))
        return;
    x->left = true;
    bench_types_of(&c, types, sizeof types);
    snprintf(name, sizeof name, "%s/*/%s/%s", x->op, x->workload, types);
    snprintf(reason, sizeof reason, BENCH_LEFT_OUT "%s: --full, or a longer --budget, measures it",
             s->pass == BENCH_BEST ? "" : " but for the best tier");
    bench_journal_not(&s->journal, name, "workload", reason);
    s->left_out++;
}

assay_status bench_budget_rows(bench_session *s,
                               bool (*means)(const bench_options *, const assay_op *, const assay_workload *))
{
    problems p = { 0 };
    assay_status st = ASSAY_OK;
    for (size_t i = 0; !st && assay_op_at(i); i++) {
        const int from = p.n;
        for (size_t k = 0; !st && (p.w = assay_workload_of(assay_op_at(i), k)); k++)
            if (means(s->o, assay_op_at(i), p.w))
                st = assay_case_expand(assay_op_at(i), p.w->line, take, &p, &s->why);
        turns(p.of, from, p.n);
    }
    if (p.n)
        qsort(p.of, (size_t)p.n, sizeof *p.of, by_turn);
    for (s->pass = BENCH_BEST; s->pass <= BENCH_OTHERS; s->pass++)
        for (int i = 0; !st && i < p.n && !*s->interrupted; i++) {
            if (bench_budget_left(s) > 0)
                st = bench_rows(s, p.of[i].line, p.of[i].workload, p.of[i].tokens);
            else
                leave_out(s, &p.of[i]);
        }
    for (int i = 0; i < p.n; i++)
        free(p.of[i].line);
    free(p.of);
    return st;
}
