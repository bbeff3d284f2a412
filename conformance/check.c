/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "../reference/core/status.h"
#include "assay_build.h"
#include "coverage.h"
#include <argp.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef struct options {
    assay_filter filter;
    const char *repro, *line;
    bool faults, verbose;
} options;

typedef struct session {
    const options *o;
    assay_lab *lab;
    assay_ledger ledger;
    assay_coverage *coverage; /* NULL: filtered runs do not judge it */
    time_t last;
} session;

void assay_check_kernels(assay_lab *lab, assay_ledger *l, const assay_filter *f)
{
    const assay_kernel *k;
    for (size_t i = 0; (k = assay_kernel_at(i)); i++) {
        const assay_state s = assay_filter_kernel(f, k);
        if (s != ASSAY_FILTERED && !f->plugin)
            assay_ledger_add(l, k, -1)->on_cpu = s == ASSAY_RUNS;
    }
    for (size_t i = 0; i < assay_lab_plugin_count(lab); i++) {
        k = assay_lab_plugin_kernel(lab, i);
        const assay_state s = assay_filter_kernel(f, k);
        if (s != ASSAY_FILTERED)
            assay_ledger_add(l, k, (int)i)->on_cpu = s == ASSAY_RUNS;
    }
}

static void add_faults(assay_ledger *l, const assay_filter *f)
{
    for (size_t i = 0; assay_op_at(i); i++) {
        const assay_faults *all = assay_faults_of(assay_op_at(i));
        for (size_t k = 0; all && k < all->n; k++) {
            const assay_state s = assay_filter_kernel(f, &all->fault[k].kernel);
            if (s == ASSAY_FILTERED)
                continue;
            assay_entry *e = assay_ledger_add(l, &all->fault[k].kernel, -1);
            e->on_cpu = s == ASSAY_RUNS;
            e->fault = &all->fault[k];
        }
    }
}

/* Kernels that round operands alike share one golden. */
static bool same_rounding(const assay_contract *a, const assay_contract *b)
{
    static const assay_contract none;
    a = a ? a : &none;
    b = b ? b : &none;
    for (size_t i = 0; i < ASSAY_COUNT_OF(a->round); i++) {
        const assay_round *x = &a->round[i], *y = &b->round[i];
        if (!x->operand != !y->operand || (x->operand && (strcmp(x->operand, y->operand) || x->to != y->to)))
            return false;
    }
    return true;
}

assay_status assay_check_problem(assay_lab *lab, assay_ledger *l, assay_problem *p, const assay_filter *f,
                                 assay_why *why)
{
    const assay_args a = { .operand = p->t, .dim = p->c.dim, .params = p->c.params };
    const assay_contract *solved = NULL;
    bool fresh = true;
    for (size_t i = 0; i < l->n; i++) {
        assay_entry *e = &l->entry[i];
        if (!e->on_cpu || strcmp(e->kernel->op, p->c.op->name) || !assay_kernel_takes(p->c.op, e->kernel, &a))
            continue;
        if (e->fault && e->fault->kind == ASSAY_FAULT && e->failed >= 3)
            continue; /* caught often enough */
        if (fresh || !same_rounding(solved, e->kernel->contract)) {
            const assay_status s = assay_problem_solve(p, e->kernel->contract, why);
            if (s)
                return s;
            solved = e->kernel->contract;
            fresh = false;
        }
        for (int t = 0; t < (f->n_threads ? f->n_threads : 1); t++) {
            assay_finding finding;
            const assay_outcome out =
                assay_judge(lab, p, e->kernel, e->plugin, f->n_threads ? f->threads[t] : 2, &finding);
            assay_ledger_record(e, &p->c, out, &finding);
        }
    }
    return ASSAY_OK;
}

static void progress(session *s, const char *line)
{
    const time_t now = time(NULL);
    if (!isatty(STDERR_FILENO) || now == s->last)
        return;
    s->last = now;
    fprintf(stderr, "\r\033[K%lld cases  %.100s", (long long)s->ledger.cases, line);
}

static assay_status visit(const char *line, void *ctx, assay_why *why)
{
    session *s = ctx;
    assay_case c;
    assay_problem p;
    assay_status st = assay_case_parse(line, &c, why);
    if (st)
        return st;
    if (s->o->filter.has_seed)
        c.seed = s->o->filter.seed;
    progress(s, line);
    if (s->coverage)
        assay_coverage_add(s->coverage, &c);
    s->ledger.cases++;
    st = assay_problem_make(&c, &p, why);
    if (!st)
        st = assay_check_problem(s->lab, &s->ledger, &p, &s->o->filter, why);
    assay_problem_free(&p);
    return st;
}

static bool wanted(const session *s, const assay_op *op)
{
    for (size_t i = 0; i < s->ledger.n; i++)
        if (s->ledger.entry[i].on_cpu && !strcmp(s->ledger.entry[i].kernel->op, op->name))
            return true;
    return false;
}

static assay_status check_op(session *s, const assay_op *op, assay_why *why)
{
    const assay_suite *suite = assay_suite_of(op);
    const assay_filter *f = &s->o->filter;
    assay_coverage coverage = { 0 };
    if (!suite || !wanted(s, op))
        return ASSAY_OK;
    if (suite->known && !s->o->faults) {
        assay_why known = { "" };
        if (!suite->known(&known)) {
            printf("  FAIL %s: known answers of the reference: %s\n", op->name, known.text);
            s->ledger.holes++;
        }
    }
    s->coverage = s->o->faults || f->plugin ? NULL : &coverage;
    for (size_t i = 0; i < suite->n_rows; i++) {
        if (suite->rows[i].full && !f->full)
            continue;
        const assay_status st = assay_case_expand(op, suite->rows[i].pattern, visit, s, why);
        if (st)
            return st;
    }
    if (s->coverage)
        s->ledger.holes += assay_coverage_holes(s->coverage, op);
    return ASSAY_OK;
}

static int print_faults(const assay_ledger *l)
{
    int64_t caught = 0, faults = 0, legal = 0, flagged = 0, runs = 0;
    for (size_t i = 0; i < l->n; i++) {
        const assay_entry *e = &l->entry[i];
        if (!e->on_cpu) {
            printf("  not on this CPU  %s/%s\n", e->kernel->op, e->kernel->name);
            continue;
        }
        runs += e->passed + e->failed;
        if (e->fault->kind == ASSAY_LEGAL) {
            legal++;
            const bool good = assay_entry_good(e) && e->passed;
            flagged += !good;
            printf("  %s legal %s/%s: %lld runs, worst %.3f of bound (%s)\n", good ? "ok  " : "FLAGGED", e->kernel->op,
                   e->kernel->name, (long long)(e->passed + e->failed), e->used, e->fault->source);
            for (int k = 0; k < e->failed && k < 3; k++)
                printf("    %s: %s\n      %s\n", assay_by_name(e->finding[k].by), e->finding[k].why.text, e->line[k]);
        } else {
            faults++;
            caught += e->failed > 0;
            printf("  %s fault %s/%s: by %s (%s)\n", e->failed ? "ok  " : "MISSED", e->kernel->op, e->kernel->name,
                   e->failed ? assay_by_name(e->finding[0].by) : "nothing", e->fault->source);
            if (e->failed)
                printf("    %s\n      %s\n", e->finding[0].why.text, e->line[0]);
        }
    }
    printf("%lld faults seeded, %lld caught; %lld legal variants, %lld flagged; %lld runs\n", (long long)faults,
           (long long)caught, (long long)legal, (long long)flagged, (long long)runs);
    return runs && caught == faults && !flagged ? 0 : 1;
}

/* ---- command line ------------------------------------------------------------------------------------------ */

enum { KEY_REPRO = 256, KEY_CASE, KEY_FAULTS };

static const struct argp_option option_table[] = {
    { "repro", KEY_REPRO, "LINE", 0, "run the one case that LINE describes, as a failure prints it", 0 },
    { "case", KEY_CASE, "PATTERN", 0,
      "run cases of your own: a line, braces allowed: 'matmul T={1,7} N=64 K=64 w=q4_0'", 0 },
    { "faults", KEY_FAULTS, NULL, 0, "judge the seeded faults (must fail) and legal variants (must pass)", 0 },
    { "verbose", 'v', NULL, 0, "print each kernel's worst case", 0 },
    { 0 },
};

static const struct argp_child children[] = { { &assay_filter_argp, 0, "Which:", 1 },
                                              { &assay_effort_argp, 0, "How much:", 2 },
                                              { 0 } };

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = state->child_inputs[1] = &o->filter;
        break;
    case 'v':
        o->verbose = true;
        break;
    case KEY_REPRO:
        o->repro = arg;
        break;
    case KEY_CASE:
        o->repro = arg;
        break;
    case KEY_FAULTS:
        o->faults = true;
        break;
    case ARGP_KEY_ARG:
        argp_error(state, "%s: no argument is expected", arg);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static assay_status run_cases(session *s, assay_why *why)
{
    if (s->o->repro) {
        char name[64] = "";
        sscanf(s->o->repro, "%63s", name);
        const assay_op *op = assay_op_find(name);
        if (!op)
            return assay_fail(why, ASSAY_ERR_ARG, "%s: no such op (assay list ops)", name);
        return assay_case_expand(op, s->o->repro + strcspn(s->o->repro, " "), visit, s, why);
    }
    for (size_t i = 0; assay_op_at(i); i++) {
        const assay_status st = check_op(s, assay_op_at(i), why);
        if (st)
            return st;
    }
    return ASSAY_OK;
}

int assay_cmd_check(int argc, char **argv)
{
    static const struct argp argp = { option_table,
                                      parse_option,
                                      "",
                                      "Judge kernels against the double-precision reference.\v"
                                      "Exit status: 0 all right; 1 a kernel failed, or one could run and no case did; "
                                      "2 wrong use; 77 no matching kernel has its CPU.",
                                      children,
                                      NULL,
                                      NULL };
    options o = { 0 };
    assay_why why = { "" };
    argp_err_exit_status = 2;
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    char named[64] = "";
    if (o.repro && !o.filter.op && sscanf(o.repro, "%63s", named) == 1 && assay_op_find(named))
        o.filter.op = named;
    session s = { .o = &o, .ledger.partial = o.repro != NULL };
    if (assay_filter_check(&o.filter, &why) || !(s.lab = assay_lab_open(o.filter.plugin, &why))) {
        fprintf(stderr, "assay check: %s\n", why.text);
        return 2;
    }
    if (o.faults)
        add_faults(&s.ledger, &o.filter);
    else
        assay_check_kernels(s.lab, &s.ledger, &o.filter);
    s.ledger.plugin = o.filter.plugin ? assay_lab_plugin_name(s.lab) : NULL;
    int code = 2;
    if (!s.ledger.n)
        fprintf(stderr, "assay check: no kernel matches the filter (assay list kernels)\n");
    else if (run_cases(&s, &why))
        fprintf(stderr, "assay check: %s\n", why.text);
    else
        code = o.faults ? print_faults(&s.ledger) : assay_ledger_print(&s.ledger, o.verbose);
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K");
    if (code != 2 && o.filter.json && assay_ledger_json(&s.ledger, o.filter.json, &why)) {
        fprintf(stderr, "assay check: %s\n", why.text);
        code = 2;
    }
    assay_lab_close(s.lab);
    assay_ledger_free(&s.ledger);
    return code;
}
