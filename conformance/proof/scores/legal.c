/* SPDX-License-Identifier: MIT
 * `assay check --legal`: legal variants in the cases that are made by rule, in each that costs little one of them, in
 * turn.  Faults are scored by the rows alone, but what is right has to be right everywhere. */
#include "../../results/terminal.h"
#include "../../rules/cases.h"
#include "self.h"
#include <stdio.h>
#include <string.h>

enum { PRICE = 1 << 14 }; /* of a case, as covering designs count it */

typedef struct turns {
    assay_pool *pool;
    const assay_filter *filter;
    assay_ledger ledger;
} turns;

/* Variant `at` of an op runs where the case's number says so: skip() sees the ledger alone, so both stand here. */
static int32_t variants;

static bool legal_of(const assay_ledger *l, size_t i, const char *op)
{
    return !strcmp(l->entry[i].kernel->op, op) && l->entry[i].on_cpu && l->entry[i].fault->kind == ASSAY_LEGAL;
}

static bool not_its_turn(const assay_ledger *l, size_t i)
{
    const char *op = l->entry[i].kernel->op;
    int32_t rank = 0;
    for (size_t k = 0; k < i; k++)
        rank += legal_of(l, k, op);
    return !legal_of(l, i, op) || (rank + l->at) % variants != 0;
}

static assay_status visit(const char *line, void *ctx, assay_why *why)
{
    turns *t = ctx;
    assay_case c;
    assay_problem p;
    assay_status st = assay_case_parse(line, &c, why);
    if (st || assay_case_price(&c, PRICE) > PRICE)
        return st;
    if (t->filter->has_seed)
        c.seed = t->filter->seed;
    t->ledger.at++;
    assay_progress_at(t->ledger.cases++, line);
    st = assay_problem_make(&c, &p, why);
    if (!st)
        st = assay_check_problem(t->pool, &t->ledger, &p, t->filter, why);
    assay_problem_free(&p);
    return st;
}

static assay_status run(turns *t, assay_why *why)
{
    const assay_op *op;
    assay_status st = ASSAY_OK;
    for (size_t i = 0; !st && (op = assay_op_at(i)); i++) {
        variants = 0;
        for (size_t k = 0; k < t->ledger.n; k++)
            variants += legal_of(&t->ledger, k, op->name);
        t->ledger.at = 0;
        if (variants)
            st = assay_cases_visit_made(op, t->filter->level, false, visit, t, why);
    }
    return st;
}

/* Returns the exit code. */
static int print(const assay_ledger *l)
{
    int64_t ran = 0, runs = 0, flagged = 0;
    for (size_t i = 0; i < l->n; i++) {
        const assay_entry *e = &l->entry[i];
        ran += e->passed + e->failed > 0;
        runs += e->passed + e->failed;
        flagged += e->failed > 0;
        if (e->failed)
            printf("  FLAGGED legal %s/%s (%s): %s\n    assay check --faults -k '%s' --case '%s'\n", e->kernel->op,
                   e->kernel->name, e->fault->source, e->finding[0].why.text, e->kernel->name, e->line[0]);
    }
    printf("%lld legal variant%s in %lld cases that are made by rule, %lld runs, %lld flagged\n", (long long)ran,
           assay_s(ran), (long long)l->cases, (long long)runs, (long long)flagged);
    return flagged || !runs;
}

int assay_legal_main(assay_pool *pool, const assay_filter *f)
{
    turns t = { .pool = pool, .filter = f, .ledger.skip = not_its_turn };
    assay_why why = { "" };
    int code = 2;
    assay_check_faults(&t.ledger, f);
    assay_progress_begin(0, "cases");
    const assay_status st = run(&t, &why);
    assay_progress_clear();
    if (st)
        fprintf(stderr, "assay check: %s\n", why.text);
    else
        code = print(&t.ledger);
    assay_ledger_free(&t.ledger);
    return code;
}
