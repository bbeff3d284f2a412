/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "../reference/core/clock.h"
#include "../reference/core/contract.h"
#include "../reference/core/status.h"
#include "certificate/certificate.h"
#include "proof/scores/coverage.h"
#include "results/hash.h"
#include "results/record.h"
#include "explain/remedy.h"
#include "explain/words.h"
#include "rules/cases.h"
#include "known.h"
#include "model.h"
#include "second.h"
#include "results/terminal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SEEDS = 8 }; /* of a case of an exhaustive run */

void assay_check_kernels(assay_pool *pool, assay_ledger *l, const assay_filter *f)
{
    const assay_kernel *k;
    for (size_t i = 0; (k = assay_kernel_at(i)); i++) {
        const assay_state s = assay_filter_kernel(f, k);
        if (s != ASSAY_FILTERED && !f->plugin)
            assay_ledger_add(l, k, -1)->on_cpu = s == ASSAY_RUNS;
    }
    for (size_t i = 0; i < assay_pool_plugin_count(pool); i++) {
        k = assay_pool_plugin_kernel(pool, i);
        const assay_state s = assay_filter_kernel(f, k);
        if (s != ASSAY_FILTERED)
            assay_ledger_add(l, k, (int)i)->on_cpu = s == ASSAY_RUNS;
    }
}

void assay_check_faults(assay_ledger *l, const assay_filter *f)
{
    const assay_faults *all;
    for (size_t i = 0; (all = assay_faults_at(i)); i++)
        for (size_t k = 0; k < all->n; k++) {
            const assay_state s = assay_filter_kernel(f, &all->fault[k].kernel);
            if (s == ASSAY_FILTERED)
                continue;
            assay_entry *e = assay_ledger_add(l, &all->fault[k].kernel, -1);
            e->on_cpu = s == ASSAY_RUNS;
            e->fault = &all->fault[k];
        }
}

static bool caught_often(const assay_entry *e)
{
    return e->fault && e->fault->kind == ASSAY_FAULT && e->failed >= 3;
}

/* Of a kernel's first failure: the contract under which it is none. */
static void add_remedy(assay_pool *pool, assay_problem *p, assay_entry *e, const assay_finding *f)
{
    char declares[120], *words = e->words[0];
    const size_t at = strlen(words);
    if (assay_remedy(pool, p, e->kernel, e->plugin, f, declares, sizeof declares))
        snprintf(words + at, sizeof e->words[0] - at, "%sright if the kernel declares: %s (docs/contracts.md)",
                 at ? "; " : "", declares);
}

/* Of a product's first failure by its numbers: the weaker model of errors that the kernel obeys, if it obeys one. */
static void add_model(assay_pool *pool, const assay_problem *p, assay_entry *e, const assay_finding *f)
{
    char model[160], *words = e->words[0];
    const size_t at = strlen(words);
    if (f->by >= ASSAY_BY_CLASS && f->by <= ASSAY_BY_DISCRETE && assay_errors_asked(e->kernel) &&
        assay_errors_explain(pool, &p->c, e->kernel, e->plugin, model, sizeof model))
        snprintf(words + at, sizeof e->words[0] - at, "%s%s", at ? "; " : "", model);
}

/* Words for a failure that counts, and the smallest case that fails alike for a kernel's first. */
static void explain(assay_pool *pool, assay_ledger *l, assay_problem *p, assay_entry *e, const assay_finding *f)
{
    assay_progress_clear();
    if (e->failed <= (e->fault ? 1 : ASSAY_LEDGER_FAILURES))
        assay_explain(pool, p, e->kernel, e->plugin, f, l->detail, e->words[e->failed - 1], sizeof *e->words);
    if (e->failed == 1 && l->shrink) {
        add_model(pool, p, e, f);
        add_remedy(pool, p, e, f);
        assay_shrink(pool, &p->c, e->kernel, e->plugin, f->threads, f, &e->shrunk);
    }
}

static void judge_entry(assay_pool *pool, assay_ledger *l, assay_problem *p, assay_entry *e, int threads, bool promises)
{
    assay_finding finding;
    const double begin = assay_seconds();
    assay_outcome out = assay_judge(pool, p, e->kernel, e->plugin, threads, &finding);
    if (out == ASSAY_PASSED && promises && !assay_promises(pool, p, e->kernel, e->plugin, &finding))
        out = ASSAY_FAILED;
    e->at = l->at;
    if (assay_ledger_count(l, e, &p->c, out, &finding) == ASSAY_FAILED && out == ASSAY_FAILED)
        explain(pool, l, p, e, &finding);
    e->took = assay_seconds() - begin;
    e->seconds += e->took;
    assay_record_run(l->record, l, e, out, &finding);
    assay_ledger_say(l);
}

assay_status assay_check_problem(assay_pool *pool, assay_ledger *l, assay_problem *p, const assay_filter *f,
                                 assay_why *why)
{
    const assay_args a = { .operand = p->t, .dim = p->c.dim, .params = p->c.params };
    const assay_contract *solved = NULL;
    bool fresh = true;
    for (size_t i = 0; i < l->n; i++) {
        assay_entry *e = &l->entry[i];
        if (!e->on_cpu || strcmp(e->kernel->op, p->c.op->name) || !assay_kernel_takes(p->c.op, e->kernel, &a))
            continue;
        if (e->given_up || (l->skip ? l->skip(l, i) : caught_often(e)))
            continue;
        if (fresh || !assay_contract_rounds_alike(solved, e->kernel->contract)) {
            const assay_status s = assay_problem_solve(p, e->kernel->contract, why);
            if (s)
                return s;
            solved = e->kernel->contract;
            fresh = false;
        }
        for (int t = 0; t < (f->n_threads ? f->n_threads : 1); t++)
            judge_entry(pool, l, p, e, f->n_threads ? f->threads[t] : 2, t == 0);
    }
    return ASSAY_OK;
}

/* By what the case is, not by where it stands: a case that is added moves no other to another shard. */
static bool in_shard(const assay_filter *f, const assay_case *c)
{
    char line[ASSAY_CASE_LINE];
    if (f->shards <= 1)
        return true;
    assay_case_print(c, line, sizeof line);
    return assay_shard_of(line, f->shards) == f->shard;
}

static void fail_known(assay_session *s, const assay_op *op, const char *what, const assay_why *why)
{
    assay_progress_clear();
    printf("  FAIL %s: %s: %s\n", op->name, what, why->text);
    assay_ledger_op_of(&s->ledger, op->name)->known = strdup(why->text);
    s->ledger.holes++;
}

/* Reference and second derivation, until they differ once. */
static void derive_again(assay_session *s, assay_problem *p)
{
    const assay_suite *suite = assay_suite_of(p->c.op);
    assay_why why = { "" };
    if (s->faults || s->ledger.mutants || !suite || !suite->second || !assay_second_affords(&p->c) ||
        assay_ledger_op_of(&s->ledger, p->c.op->name)->known)
        return;
    if (!assay_second_agrees(p, suite->second, &why))
        fail_known(s, p->c.op, "its second derivation", &why);
}

assay_status assay_check_case(assay_session *s, const assay_case *c, assay_why *why)
{
    assay_problem p;
    s->ledger.cases++;
    assay_ledger_op_of(&s->ledger, c->op->name)->cases++;
    const bool offered = assay_ledger_offer(&s->ledger, c);
    if (assay_record_replay(s->ledger.record, &s->ledger, c)) {
        assay_ledger_say(&s->ledger);
        return ASSAY_OK;
    }
    if (!offered && !assay_implied_has(s->implied, c->op))
        return assay_record_case(s->ledger.record, c, c, why);
    assay_status st = assay_problem_make(c, &p, why);
    if (!st)
        st = assay_check_problem(s->pool, &s->ledger, &p, s->filter, why);
    if (!st)
        derive_again(s, &p);
    if (!st && s->implied)
        st = assay_implied_problem(s->implied, s->pool, &p, why);
    if (!st)
        st = assay_record_case(s->ledger.record, c, &p.c, why);
    assay_problem_free(&p);
    if (!st && s->after)
        s->after(s->after_ctx, c);
    return st;
}

assay_status assay_check_line(const char *line, void *ctx, assay_why *why)
{
    assay_session *s = ctx;
    assay_case c;
    if (s->turns && s->met++ % s->turns != s->turn)
        return ASSAY_OK;
    assay_status st = assay_case_parse(line, &c, why);
    if (st)
        return st;
    s->ledger.at++;
    if (!in_shard(s->filter, &c))
        return ASSAY_OK;
    if (s->filter->has_seed)
        c.seed = s->filter->seed;
    assay_progress_at(s->ledger.cases, line);
    if (s->coverage)
        assay_coverage_add(s->coverage, &c);
    for (int n = s->filter->level == ASSAY_EXHAUSTIVE ? SEEDS : 1; !st && n > 0; n--, c.seed++)
        st = assay_check_case(s, &c, why);
    return st;
}

/* Seeded faults, legal variants and mutants are scored by the rows: their known list is a regression test. */
static bool rows_only(const assay_session *s)
{
    return s->faults || s->ledger.mutants || s->filter->rows_only;
}

static bool wanted(const assay_session *s, const assay_op *op)
{
    for (size_t i = 0; i < s->ledger.n; i++)
        if (s->ledger.entry[i].on_cpu && !strcmp(s->ledger.entry[i].kernel->op, op->name))
            return true;
    return assay_implied_has(s->implied, op);
}

typedef struct hole_sink {
    assay_session *s;
    const assay_op *op;
} hole_sink;

/* A shard keeps what it lacks for `assay merge`; a whole run says it. */
static void on_hole(void *ctx, const char *what)
{
    const hole_sink *to = ctx;
    assay_ledger_missing(assay_ledger_op_of(&to->s->ledger, to->op->name), what);
    if (assay_ledger_shard(&to->s->ledger))
        return;
    assay_progress_clear();
    printf("  coverage hole  %s: %s\n", to->op->name, what);
    to->s->ledger.holes++;
}

/* What the rows do not catch of the implied slips meets the cases that are made by rule; at quick until none is left
 * but those that are known to escape, and those first in which one that is left is likely to show, the longest before
 * all: what is caught in them is caught for all that is shorter. */
static assay_status visit_implied(const char *line, void *ctx, assay_why *why)
{
    assay_session *s = ctx;
    assay_case c;
    assay_problem p;
    assay_status st = assay_case_parse(line, &c, why);
    const bool quick = s->filter->level == ASSAY_QUICK;
    if (st || (quick && assay_implied_settled(s->implied, c.op)) || (s->likely && !assay_implied_seeks(s->implied, &c)))
        return st;
    st = assay_problem_make(&c, &p, why);
    if (!st)
        st = assay_implied_problem(s->implied, s->pool, &p, why);
    assay_problem_free(&p);
    return st;
}

static assay_status check_op(assay_session *s, const assay_op *op, assay_why *why)
{
    const assay_suite *suite = assay_suite_of(op);
    const assay_filter *f = s->filter;
    assay_coverage coverage = { 0 };
    if (!suite || !wanted(s, op))
        return ASSAY_OK;
    if (!s->faults && !s->ledger.mutants) {
        assay_why known = { "" };
        if (!assay_known_holds(op, suite, &known))
            fail_known(s, op, "known answers of the reference", &known);
    }
    s->coverage = s->faults || f->plugin ? NULL : &coverage;
    for (s->turn = 0; s->turn == 0 || s->turn < s->turns; s->turn++) {
        s->met = s->ledger.at = 0;
        const assay_status st = assay_cases_visit(op, f->level, rows_only(s), assay_check_line, s, why);
        if (st)
            return st;
    }
    if (s->implied && !s->filter->rows_only && assay_implied_has(s->implied, op)) {
        s->likely = f->level == ASSAY_QUICK;
        assay_status st = s->likely ? assay_cases_visit_made(op, f->level, true, visit_implied, s, why) : ASSAY_OK;
        s->likely = false;
        st = st ? st : assay_cases_visit_made(op, f->level, false, visit_implied, s, why);
        if (st)
            return st;
    }
    const assay_status related = assay_check_related(s, op, why);
    if (related)
        return related;
    if (s->coverage) {
        assay_ledger_op_of(&s->ledger, op->name)->covered = true;
        assay_coverage_holes(s->coverage, op, on_hole, &(hole_sink){ s, op });
    }
    return ASSAY_OK;
}

typedef struct gathering { /* of the cases of an op, in the order in which the ledger counts them */
    const assay_entry *e;
    assay_caused *all;
    size_t n;
    int64_t at;
} gathering;

/* Would most wrong kernels be seen in it?  Not where nothing is computed, or only zeros are, or values are so special
 * that nothing may be asked of the result. */
static bool tells(const assay_case *c)
{
    bool any = false;
    for (int i = 0; i < c->op->n_operands; i++)
        any |=
            c->op->operands[i].access != ASSAY_IN && assay_op_shape(c->op, c->op->operands[i].shape, c->dim, NULL) > 0;
    return any && !c->gen_at && c->gen->tag != ASSAY_TAG_CLASS && strcmp(c->gen->name, "zero") != 0 &&
           strcmp(c->gen->name, "signed-zero") != 0;
}

static assay_status gather(const char *line, void *ctx, assay_why *why)
{
    gathering *g = ctx;
    assay_case c;
    const assay_status s = assay_case_parse(line, &c, why);
    if (s)
        return s;
    const assay_traced none = { 0 }, t = ++g->at < g->e->n_trace ? g->e->trace[g->at] : none;
    if (t.failed || (t.passed && tells(&c))) {
        g->all = assay_grown(g->all, g->n, sizeof *g->all);
        g->all[g->n++] = (assay_caused){ c, t, false };
    }
    return ASSAY_OK;
}

/* Every kernel's failures by what they share.  The cases are made anew: none was kept. */
static void find_causes(assay_session *s)
{
    for (size_t i = 0; s->ledger.live && i < s->ledger.n; i++) {
        assay_entry *e = &s->ledger.entry[i];
        const assay_op *op = assay_op_find(e->kernel->op);
        const assay_suite *suite = op ? assay_suite_of(op) : NULL;
        gathering g = { .e = e };
        if (e->failed < 2 || !suite)
            continue;
        if (s->line)
            assay_case_expand(op, s->line + strcspn(s->line, " "), gather, &g, NULL);
        else
            assay_cases_visit(op, s->filter->level, rows_only(s), gather, &g, NULL);
        assay_causes(g.all, g.n, e->cause);
        free(g.all);
    }
}

static assay_status parses(const char *line, void *ctx, assay_why *why)
{
    assay_case c;
    ++*(int64_t *)ctx;
    return assay_case_parse(line, &c, why);
}

/* How many cases there will be: for the line of progress alone. */
static int64_t total(const assay_session *s)
{
    int64_t n = 0;
    const assay_op *op;
    const assay_filter *f = s->filter;
    for (size_t i = 0; (op = assay_op_at(i)); i++) {
        const assay_cases *c = isatty(STDERR_FILENO) && wanted(s, op) ? assay_cases_of(op, f->level) : NULL;
        n += !c ? 0 : (int64_t)(rows_only(s) ? c->n_rows : c->n);
    }
    return n * (f->level == ASSAY_EXHAUSTIVE ? SEEDS : 1) / (f->shards > 1 ? f->shards : 1);
}

assay_status assay_check_run(assay_session *s, assay_why *why)
{
    int64_t n = 0;
    if (s->calls)
        return assay_model_judge(s, why);
    if (s->line) {
        char name[64] = "";
        sscanf(s->line, "%63s", name);
        const assay_op *op = assay_op_find(name);
        if (!op)
            return assay_no_op(name, why);
        const assay_status wrong = assay_case_expand(op, s->line + strcspn(s->line, " "), parses, &n, why);
        if (wrong) /* before anything is run */
            return wrong;
        assay_progress_begin(n, "cases");
        const assay_status st = assay_case_expand(op, s->line + strcspn(s->line, " "), assay_check_line, s, why);
        if (!st)
            find_causes(s);
        return st;
    }
    assay_progress_begin(total(s), "cases");
    for (size_t i = 0; assay_op_at(i); i++) {
        const assay_status st = check_op(s, assay_op_at(i), why);
        if (st)
            return st;
    }
    find_causes(s);
    return ASSAY_OK;
}
