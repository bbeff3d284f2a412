/* SPDX-License-Identifier: MIT
 * Linked by terms.py with a bound whose every additive term is multiplied by assay_term(n): the legal kernels of an op
 * run once, in the cases that gate its bound (scores/tightness.h), and their outputs are compared with the bound as it
 * is and with each term a thousand times as large.  Prints per term what the gate makes of it, as JSON. */
#include "../../results/gate.h"
#include "../scores/tightness.h"
#include "../../../reference/core/contract.h"
#include "../../../reference/core/tensor.h"
#include "../../check.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TERMS = 512, PLAIN = -1 };

static int larger = PLAIN;     /* the term that is a thousand times as large */
static bool asked[TERMS];      /* evaluated since this was last cleared */
static bool real[TERMS];       /* ever evaluated */
bool assay_term_counts[TERMS]; /* evaluated, and a term of a sum of integers or an address */
static double grown[TERMS] = { 0 }, shrunk[TERMS] = { 0 };

double assay_term(int n)
{
    asked[n] = real[n] = true;
    return n == larger ? 1000 : 1;
}

typedef struct row { /* of the gate: contract and generator, with the share under each bound */
    char contract[256];
    char gen[ASSAY_GATE_ROW];
    double used, typical, with[TERMS], typically[TERMS];
} row;

typedef struct group { /* of kernels: those of one contract */
    const assay_contract *contract;
    char text[256];
    const assay_entry **entry;
    size_t n;
} group;

typedef struct run {
    assay_pool *pool;
    int terms;
    group *group;
    size_t n_groups, n_rows;
    row *row;
    int64_t cases, calls;
} run;

static row *row_of(run *r, const group *g, const char *gen)
{
    size_t i = 0;
    while (i < r->n_rows && (strcmp(r->row[i].contract, g->text) || strcmp(r->row[i].gen, gen)))
        i++;
    if (i == r->n_rows) {
        r->row = realloc(r->row, ++r->n_rows * sizeof *r->row);
        if (!r->row)
            abort();
        memset(&r->row[i], 0, sizeof r->row[i]);
        memcpy(r->row[i].contract, g->text, sizeof g->text);
        snprintf(r->row[i].gen, sizeof r->row[i].gen, "%s", gen);
    }
    return &r->row[i];
}

/* ---- errors of a group's kernels, then shares of bounds ---------------------------------------------------------- */

typedef struct errors { /* per bounded output: |error| of each kernel, one after the other; the bound; the bound as it
                           is */
    double *of[ASSAY_MAX_OPND], *bound[ASSAY_MAX_OPND], *plain[ASSAY_MAX_OPND];
    int64_t n[ASSAY_MAX_OPND], kernels;
} errors;

static double *numbers(int64_t n)
{
    double *x = calloc((size_t)n + 1, sizeof *x);
    if (!x)
        abort();
    return x;
}

static void open_errors(errors *e, const assay_problem *p, size_t kernels)
{
    memset(e, 0, sizeof *e);
    for (int i = 0; i < p->c.op->n_operands; i++)
        if (p->c.op->operands[i].access != ASSAY_IN && p->c.op->operands[i].verdict == ASSAY_BOUNDED &&
            (p->c.present >> i & 1)) {
            e->n[i] = assay_tensor_count(&p->t[i]);
            e->of[i] = numbers(e->n[i] * (int64_t)kernels);
            e->bound[i] = numbers(e->n[i]);
            e->plain[i] = numbers(e->n[i]);
        }
}

static void close_errors(errors *e)
{
    for (int i = 0; i < ASSAY_MAX_OPND; i++) {
        free(e->of[i]);
        free(e->bound[i]);
        free(e->plain[i]);
    }
}

static void add_errors(errors *e, const assay_problem *p, const assay_tensor *out)
{
    for (int i = 0; i < ASSAY_MAX_OPND; i++) {
        double *of = e->of[i] ? e->of[i] + e->kernels * e->n[i] : NULL;
        if (!of || !out[i].data)
            continue;
        assay_tensor_decode(of, &out[i]);
        for (int64_t k = 0; k < e->n[i]; k++) {
            const double off = fabs(of[k] - p->value[i][k]);
            of[k] = isfinite(off) && !(p->open[i] && p->open[i][k]) ? off : 0;
        }
    }
    e->kernels++;
}

/* The largest and the typical share of the bound that any of the kernels used, with the term n as large, of the output
 * that used least. */
static void shares(errors *e, const assay_problem *p, const assay_contract *k, int n, double *used, double *typical)
{
    const assay_dense d = assay_problem_dense(p);
    larger = n;
    if (p->c.op->kappa)
        p->c.op->kappa(&d, (double *const *)p->plane);
    p->c.op->bound(&d, (double *const *)p->plane, k, n == PLAIN ? e->plain : e->bound);
    larger = PLAIN;
    *used = *typical = 0;
    for (int i = 0; i < ASSAY_MAX_OPND; i++) {
        const double *b = (n == PLAIN ? e->plain : e->bound)[i];
        double *share = numbers(e->n[i]);
        for (int64_t j = 0; n != PLAIN && j < e->n[i]; j++) {
            const double times = fabs(b[j] / e->plain[i][j]);
            grown[n] = fmax(grown[n], times - 1);
            shrunk[n] = fmax(shrunk[n], 1 - times);
        }
        double most = 0, usual = 0;
        for (int64_t q = 0; q < e->kernels && e->n[i]; q++) {
            for (int64_t j = 0; j < e->n[i]; j++) {
                share[j] = b[j] > 0 ? e->of[i][q * e->n[i] + j] / b[j] : 0;
                most = fmax(most, share[j]);
            }
            usual = fmax(usual, assay_typical(share, e->n[i]));
        }
        *used = assay_least_used(*used, most);
        *typical = assay_least_used(*typical, usual);
        free(share);
    }
}

static bool takes(const assay_case *c, const assay_entry *e)
{
    assay_tensor t[ASSAY_MAX_OPND];
    assay_case_tensors(c, t);
    return assay_kernel_takes(c->op, e->kernel, &(assay_args){ .operand = t });
}

static void judge_group(run *r, assay_problem *p, const group *g)
{
    const assay_manner plain = assay_manner_of(p, ASSAY_PLACE_PLAIN, 1);
    static const assay_contract strict;
    char name[ASSAY_GATE_ROW];
    errors e;
    if (!assay_gate_row(&p->c, g->contract, name))
        return;
    open_errors(&e, p, g->n);
    for (size_t i = 0; i < g->n; i++) {
        assay_tensor out[ASSAY_MAX_OPND];
        assay_finding f;
        if (!takes(&p->c, g->entry[i]) || (!e.kernels && assay_problem_solve(p, g->contract, NULL)))
            continue;
        if (assay_judge_once(r->pool, p, g->entry[i]->kernel, -1, &plain, &f, out) == ASSAY_PASSED)
            add_errors(&e, p, out), r->calls++;
        assay_outputs_free(out);
    }
    if (e.kernels) {
        row *to = row_of(r, g, name);
        const assay_contract *k = g->contract ? g->contract : &strict;
        double used, typical, a, b;
        memset(asked, 0, sizeof asked);
        shares(&e, p, k, PLAIN, &used, &typical);
        to->used = fmax(to->used, used);
        to->typical = fmax(to->typical, typical);
        for (int n = 0; n < r->terms; n++) {
            a = used, b = typical;
            if (asked[n])
                shares(&e, p, k, n, &a, &b);
            to->with[n] = fmax(to->with[n], a);
            to->typically[n] = fmax(to->typically[n], b);
        }
    }
    close_errors(&e);
}

static assay_status visit(const char *line, void *ctx, assay_why *why)
{
    run *r = ctx;
    assay_case c;
    assay_problem p;
    assay_status s = assay_case_parse(line, &c, why);
    if (s || !assay_gen_gated(c.gen))
        return s;
    r->cases++;
    s = assay_problem_make(&c, &p, why);
    for (size_t g = 0; !s && g < r->n_groups; g++)
        judge_group(r, &p, &r->group[g]);
    assay_problem_free(&p);
    return s;
}

/* The terms of a bound do not depend on how deep a sum is: of contracts that differ in that alone the first will do,
 * and strict before all. */
static bool first_of_its_kind(const run *r, const assay_contract *k)
{
    char text[256], other[256];
    assay_contract bare = { 0 };
    if (k)
        bare = *k;
    memset(&bare.h, 0, sizeof bare.h);
    assay_contract_text(&bare, text, sizeof text);
    bool first = strcmp(text, "strict") || !strcmp(assay_contract_text(k, other, sizeof other), "strict");
    for (size_t g = 0; first && g < r->n_groups; g++) {
        assay_contract have = { 0 };
        if (r->group[g].contract)
            have = *r->group[g].contract;
        memset(&have.h, 0, sizeof have.h);
        first = strcmp(assay_contract_text(&have, other, sizeof other), text) != 0;
    }
    return first;
}

/* ---- the run --------------------------------------------------------------------------------------------------- */

static void make_groups(run *r, const assay_ledger *l)
{
    r->group = calloc(l->n + 1, sizeof *r->group);
    for (size_t i = 0; r->group && i < l->n; i++) {
        char text[256];
        size_t g = 0;
        if (!l->entry[i].on_cpu)
            continue;
        assay_contract_text(l->entry[i].kernel->contract, text, sizeof text);
        while (g < r->n_groups && strcmp(r->group[g].text, text) != 0)
            g++;
        group *to = &r->group[g];
        if (g == r->n_groups && !first_of_its_kind(r, l->entry[i].kernel->contract))
            continue;
        if (g == r->n_groups) {
            r->n_groups++;
            to->contract = l->entry[i].kernel->contract;
            memcpy(to->text, text, sizeof text);
            to->entry = calloc(l->n, sizeof *to->entry);
        }
        to->entry[to->n++] = &l->entry[i];
    }
}

/* A term is noticed where a row of the gate that was green is none any more. */
static void print_term(const run *r, int n)
{
    const row *by = NULL;
    for (size_t i = 0; i < r->n_rows; i++) {
        const row *w = &r->row[i];
        if (assay_gate_good(w->contract, w->used, w->typical) &&
            !assay_gate_good(w->contract, w->with[n], w->typically[n]) && (!by || w->with[n] < by->with[n]))
            by = w;
    }
    printf("  {\"kind\": \"%s\", \"noticed\": %s, \"grown\": %.3g, \"shrunk\": %.3g, \"by\": \"%s, %s\"}",
           real[n]                ? "real"
           : assay_term_counts[n] ? "counts"
                                  : "unreached",
           by && real[n] ? "true" : "false", fmin(grown[n], 1e300), fmin(shrunk[n], 1e300), by ? by->contract : "",
           by ? by->gen : "");
}

static void print(const run *r, const char *op)
{
    printf("{\"op\": \"%s\", \"cases\": %lld, \"calls\": %lld, \"rows\": [", op, (long long)r->cases,
           (long long)r->calls);
    for (size_t i = 0; i < r->n_rows; i++)
        printf("%s\n  {\"contract\": \"%s\", \"gen\": \"%s\", \"used\": %.6g, \"typical\": %.6g}", i ? "," : "",
               r->row[i].contract, r->row[i].gen, r->row[i].used, r->row[i].typical);
    printf("],\n \"terms\": [");
    for (int n = 0; n < r->terms; n++) {
        printf(n ? ",\n" : "\n");
        print_term(r, n);
    }
    printf("]}\n");
}

int main(int argc, char **argv)
{
    assay_why why = { "" };
    assay_filter f = { .op = argc > 2 ? argv[1] : NULL };
    run r = { .terms = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 0 };
    assay_ledger l = { 0 };
    const assay_op *op = f.op ? assay_op_find(f.op) : NULL;
    const assay_suite *suite = op ? assay_suite_of(op) : NULL;
    if (!suite || r.terms > TERMS) {
        fprintf(stderr, "usage: terms OP TERMS, with %d terms at most\n", TERMS);
        return 2;
    }
    if (!(r.pool = assay_pool_open(NULL, &why))) {
        fprintf(stderr, "terms: %s\n", why.text);
        return 2;
    }
    assay_tightness_entries(r.pool, &l, &f);
    make_groups(&r, &l);
    assay_status s = ASSAY_OK;
    for (size_t i = 0; !s && i < suite->n_rows; i++)
        if (suite->rows[i].level == ASSAY_QUICK)
            s = assay_case_expand(op, suite->rows[i].pattern, visit, &r, &why);
    if (s)
        fprintf(stderr, "terms: %s\n", why.text);
    else
        print(&r, f.op);
    assay_pool_close(r.pool);
    return s ? 2 : 0;
}
