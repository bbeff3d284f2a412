/* SPDX-License-Identifier: MIT */
#include "model.h"
#include "../reference/core/status.h"
#include "../reference/core/tensor.h"
#include "results/terminal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The oracle of so much takes about half a minute; of so many elements some GiB. */
static const double dear_flops = 4e9, dear_elements = 2e8;

static bool is_part(const char *op)
{
    const assay_op *o;
    for (size_t i = 0; (o = assay_op_at(i)); i++)
        for (int p = 0; p < o->n_parts; p++)
            if (!strcmp(o->parts[p].op, op))
                return true;
    return false;
}

assay_status assay_model_calls(const assay_calls_asked *asked, const assay_filter *f, assay_pool *pool, assay_calls *c,
                               assay_why *why)
{
    assay_calls_asked a = *asked;
    a.isa = f->isa ? f->isa + (f->isa[0] == '=') : NULL;
    for (size_t i = 0; pool && i < assay_pool_plugin_count(pool) && a.n_apart < ASSAY_CALLS_APART; i++) {
        const char *name = assay_pool_plugin_kernel(pool, i)->op;
        const assay_op *op = assay_op_find(name);
        bool known = !op || (!op->n_parts && !is_part(name));
        for (int k = 0; k < a.n_apart; k++)
            known |= !strcmp(a.apart[k], name);
        if (!known)
            a.apart[a.n_apart++] = name;
    }
    const assay_status s = assay_calls_of(&a, c, why);
    int64_t nodes = 0;
    for (size_t i = 0; i < c->n_others; i++)
        nodes += c->other[i].count;
    if (nodes)
        fprintf(stderr, "%s: %lld nodes of the graph are no calls of our ops (assay ops names them)\n", c->name,
                (long long)nodes);
    return s;
}

void assay_model_kernels(const assay_calls *c, assay_ledger *l)
{
    size_t n = 0;
    for (size_t i = 0; i < l->n; i++) {
        bool called = false;
        for (size_t k = 0; k < c->n && !called; k++)
            called = !strcmp(c->call[k].op->name, l->entry[i].kernel->op);
        if (called)
            l->entry[n++] = l->entry[i];
    }
    l->n = n;
}

/* Is there a kernel in this run for it? */
static bool wanted(const assay_ledger *l, const assay_op *op)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->entry[i].on_cpu && !strcmp(l->entry[i].kernel->op, op->name))
            return true;
    return false;
}

static bool too_dear(const assay_model_call *m, double *elements)
{
    assay_case c;
    assay_tensor t[ASSAY_MAX_OPND];
    *elements = 0;
    if (assay_case_parse(m->line, &c, NULL))
        return false; /* who judges it says why */
    assay_case_tensors(&c, t);
    for (int i = 0; i < c.op->n_operands; i++)
        *elements += c.present >> i & 1 ? (double)assay_tensor_count(&t[i]) : 0;
    return m->flops > dear_flops || *elements > dear_elements;
}

static void runs(const assay_ledger *l, int64_t *passed, int64_t *failed)
{
    *passed = *failed = 0;
    for (size_t i = 0; i < l->n; i++)
        *passed += l->entry[i].passed, *failed += l->entry[i].failed + l->entry[i].known;
}

assay_status assay_model_judge(assay_session *s, assay_why *why)
{
    const assay_calls *c = s->calls;
    assay_progress_begin((int64_t)c->n, "calls");
    for (size_t i = 0; i < c->n; i++) {
        const assay_model_call *m = &c->call[i];
        int64_t passed, failed, passed_now, failed_now;
        double elements;
        if (!wanted(&s->ledger, m->op))
            continue;
        if (s->filter->level == ASSAY_QUICK && too_dear(m, &elements)) {
            assay_progress_clear();
            printf("  not judged  %s: %.3g GFLOP and %.3g million elements, more than %.3g and %.3g at --quick; --full "
                   "judges it, --prompt N makes it smaller\n",
                   m->line, m->flops / 1e9, elements / 1e6, dear_flops / 1e9, dear_elements / 1e6);
            continue;
        }
        runs(&s->ledger, &passed, &failed);
        const assay_status st = assay_check_line(m->line, s, why);
        if (st)
            return st;
        runs(&s->ledger, &passed_now, &failed_now);
        const bool judged = passed_now + failed_now > passed + failed;
        for (int p = 0; p < c->n_phases; p++) {
            s->tally[p].judged += judged ? m->count[p] : 0;
            s->tally[p].right += judged && failed_now == failed ? m->count[p] : 0;
        }
    }
    return ASSAY_OK;
}

void assay_model_say(const assay_session *s)
{
    for (int p = 0; s->calls && p < s->calls->n_phases; p++) {
        const assay_calls_phase *phase = &s->calls->phase[p];
        const long long judged = s->tally[p].judged, right = s->tally[p].right, calls = phase->calls;
        printf("%s %s: %lld of %lld calls judged, %lld of them right in every kernel that takes them", s->calls->name,
               phase->name, judged, calls, right);
        if (judged)
            printf(" (%.*f %%)", right < judged, 100.0 * (double)right / (double)judged);
        putchar('\n');
    }
}
