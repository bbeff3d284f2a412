/* SPDX-License-Identifier: MIT
 * model.c - bench --model: rows for the calls of a user's model, and what they sum up to: a phase's time by op, and
 * what the roofs allow. */
#include "../conformance/results/terminal.h"
#include "../reference/core/status.h"
#include "bench.h"
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

static void name_row(const assay_calls *c, int phase, const char *line, char *name, size_t n)
{
    char workload[100];
    assay_calls_workload(c, phase, workload, sizeof workload);
    bench_name_case(workload, true, line, name, n);
}

assay_status bench_model_rows(bench_session *s)
{
    const assay_calls *c = s->model;
    const assay_filter *f = &s->o->filter;
    const bool pairs = f->kernel_b || s->build_b;
    assay_status st = ASSAY_OK;
    for (s->phase = 0; s->phase < c->n_phases; s->phase++)
        for (size_t i = 0; i < c->n && !st; i++) {
            const assay_model_call *m = &c->call[i];
            char name[192];
            if (!m->count[s->phase] || (f->op && strcmp(f->op, m->op->name) != 0))
                continue;
            name_row(c, s->phase, m->line, name, sizeof name);
            s->call = m;
            st = pairs ? bench_pairs(s, m->line, name) : bench_rows(s, m->line, name, 0);
        }
    s->call = NULL;
    return st;
}

bool bench_model_means(const bench_session *s, const assay_kernel *k)
{
    return !s->call || s->pool || s->o->filter.kernel || !strcmp(k->name, s->call->kernel);
}

/* ---- what a phase costs ------------------------------------------------------------------------------------------ */

enum { OPS = 64, SAID = 6 };

typedef struct cost { /* of an op, or of all */
    const char *op;
    int64_t calls, measured;
    double ns, roof_ns;
    bool no_roof;     /* of some of it none is known */
    int rows, marked; /* marked: those whose time is to be read with care (marks.h) */
} cost;

static double number(const cJSON *row, const char *key)
{
    const cJSON *x = cJSON_GetObjectItem(row, key);
    return cJSON_IsNumber(x) ? x->valuedouble : 0;
}

static bool is(const cJSON *row, const char *key, const char *text)
{
    const char *s = cJSON_GetStringValue(cJSON_GetObjectItem(row, key));
    return s && !strcmp(s, text);
}

/* The fastest kernel's row of this workload. */
static const cJSON *fastest(const bench_session *s, const char *workload, const char *op, int threads, bool cold)
{
    const cJSON *best = NULL, *o;
    cJSON_ArrayForEach(o, s->journal.known)
    {
        if (is(o, "line", "row") && is(o, "workload", workload) && is(o, "op", op) &&
            is(o, "cache", cold ? "cold" : "hot") && number(o, "threads") == threads && number(o, "real_time") > 0 &&
            (!best || number(o, "real_time") < number(best, "real_time")))
            best = o;
    }
    return best;
}

static cost *of_op(cost *list, int *n, const char *op)
{
    int i = 0;
    while (i < *n && strcmp(list[i].op, op) != 0)
        i++;
    if (i == *n)
        list[(*n)++] = (cost){ .op = op };
    return &list[i];
}

static void count(cost *to, int64_t calls, const cJSON *row)
{
    const double ns = number(row, "real_time"), share = number(row, "share");
    to->calls += calls;
    if (!row)
        return;
    to->measured += calls;
    to->rows++;
    to->marked += cJSON_GetArraySize(cJSON_GetObjectItem(row, "marks")) > 0;
    to->ns += (double)calls * ns;
    to->roof_ns += (double)calls * ns * share; /* the longer of flops / peak and bytes / bandwidth */
    to->no_roof |= share <= 0;
}

static int by_time(const void *a, const void *b)
{
    const cost *x = a, *y = b;
    return (x->ns < y->ns) - (x->ns > y->ns);
}

static const char *duration(double ns, char text[24])
{
    const double x = ns < 1e6 ? ns / 1e3 : ns < 1e9 ? ns / 1e6 : ns / 1e9;
    snprintf(text, 24, "%.*f %s", x < 10 ? 2 : x < 100 ? 1 : 0, x, ns < 1e6 ? "us" : ns < 1e9 ? "ms" : "s");
    return text;
}

static void print(const bench_session *s, int phase, int threads, bool cold, const cost *all, const cost *op, int n)
{
    const assay_calls_phase *p = &s->model->phase[phase];
    char text[24], each[24], what[32] = "a pass"; /* of a graph whose tokens nobody knows */
    if (p->tokens)
        snprintf(what, sizeof what, "%lld token%s", (long long)p->tokens, assay_s(p->tokens));
    printf("%s.%s, %d thread%s, %s: %s cost%s %s", s->model->name, p->name, threads, assay_s(threads),
           cold ? "cold" : "hot", what, p->tokens < 2 ? "s" : "", duration(all->ns, text));
    if (p->tokens > 1)
        printf(" (%s each)", duration(all->ns / (double)p->tokens, each));
    if (all->no_roof)
        printf(", the roofs n/a (not measured for all calls)");
    else
        printf(", the roofs allow %s (%.0f %%)", duration(all->roof_ns, text), 100 * all->roof_ns / all->ns);
    for (int i = 0; i < n && i < SAID && op[i].measured; i++) {
        printf("%s%s %s", i ? ", " : ": ", op[i].op, duration(op[i].ns, text));
        if (!op[i].no_roof)
            printf(" (roof %s)", duration(op[i].roof_ns, each));
    }
    if (n > SAID && op[SAID].measured)
        printf(", others");
    if (all->measured < all->calls) {
        printf("; NOT MEASURED: %lld of %lld calls", (long long)(all->calls - all->measured), (long long)all->calls);
        for (int i = 0, said = 0; i < n; i++)
            if (op[i].measured < op[i].calls)
                printf("%s%s", said++ ? ", " : ": ", op[i].op);
    }
    if (all->marked)
        printf("; %d of its %d rows bear a mark", all->marked, all->rows);
    putchar('\n');
}

static void write_cost(assay_json *j, const cost *x)
{
    assay_json_int(j, "calls", x->calls);
    assay_json_int(j, "measured", x->measured);
    if (x->measured)
        assay_json_num(j, "ns", x->ns);
    if (x->measured && !x->no_roof)
        assay_json_num(j, "roof_ns", x->roof_ns);
}

static void write(bench_session *s, int phase, int threads, bool cold, const cost *all, const cost *op, int n)
{
    const assay_calls_phase *p = &s->model->phase[phase];
    assay_json j = { 0 };
    char name[128];
    snprintf(name, sizeof name, "%s.%s/%dt/%s", s->model->name, p->name, threads, cold ? "cold" : "hot");
    assay_json_open(&j, NULL, '{');
    assay_json_str(&j, "line", "phase");
    assay_json_str(&j, "name", name);
    assay_json_str(&j, "model", s->model->name);
    assay_json_str(&j, "phase", p->name);
    assay_json_int(&j, "tokens", p->tokens);
    assay_json_int(&j, "threads", threads);
    assay_json_str(&j, "cache", cold ? "cold" : "hot");
    write_cost(&j, all);
    assay_json_int(&j, "rows", all->rows);
    assay_json_int(&j, "marked", all->marked);
    assay_json_open(&j, "ops", '[');
    for (int i = 0; i < n; i++) {
        assay_json_open(&j, NULL, '{');
        assay_json_str(&j, "op", op[i].op);
        write_cost(&j, &op[i]);
        assay_json_close(&j);
    }
    assay_json_close(&j);
    assay_json_close(&j);
    bench_journal_add(&s->journal, &j, s->why.text[0] ? NULL : &s->why);
    assay_json_free(&j);
}

static void sum_up(bench_session *s, int phase, int threads, bool cold)
{
    const assay_calls *c = s->model;
    cost all = { 0 }, op[OPS];
    int n = 0;
    for (size_t i = 0; i < c->n; i++) {
        const assay_model_call *m = &c->call[i];
        char name[192];
        if (!m->count[phase])
            continue;
        name_row(c, phase, m->line, name, sizeof name);
        const cJSON *row = fastest(s, name, m->op->name, threads, cold);
        count(&all, m->count[phase], row);
        count(of_op(op, &n, m->op->name), m->count[phase], row);
    }
    if (!all.measured)
        return;
    qsort(op, (size_t)n, sizeof *op, by_time);
    print(s, phase, threads, cold, &all, op, n);
    write(s, phase, threads, cold, &all, op, n);
}

void bench_model_sum(bench_session *s)
{
    for (int p = 0; s->model && p < s->model->n_phases; p++)
        for (int cold = 0; cold < 2; cold++)
            for (int n = 0; n < s->n_threads; n++)
                sum_up(s, p, s->threads[n], cold);
}

void bench_model_json(const bench_session *s, assay_json *j)
{
    const assay_calls *c = s->model;
    if (!c)
        return;
    assay_json_open(j, "model", '{');
    assay_json_str(j, "name", c->name);
    assay_json_str(j, "family", c->family);
    assay_json_num(j, "parameters", c->parameters);
    assay_json_str(j, "kv", c->kv);
    assay_json_open(j, "phases", '[');
    for (int p = 0; p < c->n_phases; p++) {
        assay_json_open(j, NULL, '{');
        assay_json_str(j, "name", c->phase[p].name);
        assay_json_int(j, "tokens", c->phase[p].tokens);
        assay_json_int(j, "calls", c->phase[p].calls);
        assay_json_close(j);
    }
    assay_json_close(j);
    assay_json_close(j);
}
