/* SPDX-License-Identifier: MIT */
#include "self.h"
#include "../../results/hash.h"
#include "../../../reference/core/status.h"
#include "contracts.h"
#include "../../results/faults_print.h"
#include "../../results/terminal.h"
#include "tightness.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SHAPES = 80 };           /* of an op, with each peer's kind of input */
enum { ALWAYS = 6, TURNS = 8 }; /* legal variants of an op in every case; of the others each runs in one case of 8 */

const assay_ledger *assay_self_ledger(const assay_self *s, int input)
{
    return input ? &s->ledger[input] : &s->session.ledger;
}

static const assay_self *running;

/* On a peer's inputs a fault has done its part once we and every rule that has these inputs caught it. */
static bool told(const assay_ledger *l, size_t i)
{
    bool all = l->entry[i].failed > 0;
    for (int r = 0; all && r < ASSAY_RULES; r++) {
        const assay_tally *t = &running->subject[i].rule[running->input][r];
        all = assay_self_own(running, r) != running->input || !t->runs || t->told;
    }
    return all;
}

/* By the op alone, so that an op's run by itself is the same as among others. */
static bool sits_out(const assay_ledger *l, size_t i)
{
    const bool peer = running->input > 0;
    const assay_seeded *u = &running->subject[i];
    if (!l->entry[i].fault)
        return peer;
    if (l->entry[i].fault->kind == ASSAY_FAULT)
        return peer && told(l, i);
    return u->rank >= (peer ? ALWAYS / 3 : ALWAYS) && (u->nth + l->at) % (peer ? 2 * TURNS : TURNS) != 0;
}

static bool stays(const assay_ledger *l, size_t i)
{
    (void)l, (void)i;
    return false;
}

/* Each call that was answered: the rules see its outputs.  A crash is what any harness notices; guard pages and the
 * machine's state after the call are what ours looks at. */
static void watch(void *ctx, const assay_problem *p, const assay_kernel *k, assay_by by, const assay_tensor *got)
{
    assay_self *s = ctx;
    const assay_ledger *l = &s->session.ledger;
    assay_opinion is[ASSAY_RULES];
    size_t i = 0;
    while (i < l->n && l->entry[i].kernel != k)
        i++;
    if (i == l->n || !l->entry[i].fault || by == ASSAY_BY_MEMORY || by == ASSAY_BY_ABI)
        return;
    if (s->every && !s->input && sits_out(l, i))
        return;
    const bool died = by == ASSAY_BY_CRASH || by == ASSAY_BY_TIMEOUT || by == ASSAY_BY_STATUS;
    assay_rules_judge(p, died ? NULL : got, is);
    for (int r = 0; r < ASSAY_RULES; r++) {
        assay_tally *t = &s->subject[i].rule[s->input][r];
        t->runs += is[r] != ASSAY_NO_RULE;
        t->rejected += is[r] >= ASSAY_REJECTS;
        s->subject[i].rejected[r] |= is[r] >= ASSAY_REJECTS;
        s->spoiled[r] |= is[r] == ASSAY_BLIND || (is[r] == ASSAY_REJECTS && l->entry[i].fault->kind == ASSAY_LEGAL);
    }
}

/* A case is over: rejecting a fault counts where the rule rejected nothing that is right. */
static void settle(assay_self *s)
{
    for (size_t i = 0; i < s->session.ledger.n; i++)
        for (int r = 0; r < ASSAY_RULES; r++) {
            bool *rejected = &s->subject[i].rejected[r];
            s->subject[i].rule[s->input][r].told += *rejected && !s->spoiled[r];
            *rejected = false;
        }
    memset(s->spoiled, 0, sizeof s->spoiled);
}

static void note_generators(assay_self *s, const assay_case *c)
{
    for (size_t i = 0; i < s->session.ledger.n; i++) {
        const assay_entry *e = &s->session.ledger.entry[i];
        assay_seeded *u = &s->subject[i];
        const bool caught = e->failed > u->failed;
        int g = 0;
        u->failed = e->failed;
        while (caught && g < u->n_gens && strcmp(u->gen[g], c->gen->name) != 0)
            g++;
        if (caught && g == u->n_gens && g < ASSAY_SELF_GENS)
            snprintf(u->gen[u->n_gens++], sizeof *u->gen, "%s", c->gen->name);
    }
}

static uint64_t hash_of(const assay_case *c)
{
    assay_case bare = *c;
    char line[ASSAY_CASE_LINE];
    bare.gen = &assay_gen_ggml, bare.gen_at = 0;
    bare.seed = 0;
    assay_case_print(&bare, line, sizeof line);
    return assay_hash(line, strlen(line));
}

static void note_shape(assay_self *s, const assay_case *c)
{
    const uint64_t h = hash_of(c);
    for (size_t i = 0; i < s->n_shapes; i++)
        if (s->seen[i] == h)
            return;
    if (s->n_shapes == s->room) {
        s->room = s->room ? 2 * s->room : 1024;
        s->shape = realloc(s->shape, s->room * sizeof *s->shape);
        s->seen = realloc(s->seen, s->room * sizeof *s->seen);
        if (!s->shape || !s->seen)
            abort();
    }
    s->seen[s->n_shapes] = h;
    s->shape[s->n_shapes++] = *c;
}

/* What a variant did in a case that it sits out is no part of the table. */
static void note_apart(assay_self *s)
{
    const assay_ledger *l = &s->session.ledger;
    for (size_t i = 0; i < l->n; i++) {
        const int64_t runs = l->entry[i].passed + l->entry[i].failed;
        s->subject[i].apart += sits_out(l, i) ? runs - s->subject[i].runs : 0;
        s->subject[i].runs = runs;
    }
}

static void after_case(void *ctx, const assay_case *c)
{
    note_apart(ctx);
    settle(ctx);
    note_generators(ctx, c);
    note_shape(ctx, c);
}

/* The op's shapes, evenly chosen, with the values of one peer. */
static assay_status run_peer(assay_self *s, int input, assay_why *why)
{
    s->input = input;
    for (size_t from = 0, to; from < s->n_shapes; from = to) {
        for (to = from; to < s->n_shapes && s->shape[to].op == s->shape[from].op;)
            to++;
        const size_t n = to - from, m = n < SHAPES ? n : SHAPES;
        for (size_t i = 0; i < m; i++) {
            assay_case c = s->shape[from + i * n / m];
            assay_problem p;
            c.gen = s->gen[input], c.gen_at = 0;
            s->ledger[input].at = (int64_t)i;
            assay_status st = assay_problem_make(&c, &p, why);
            if (!st)
                st = assay_check_problem(s->session.pool, &s->ledger[input], &p, s->session.filter, why);
            assay_problem_free(&p);
            settle(s);
            if (st)
                return st;
            s->peer_cases += input == 1;
        }
    }
    return ASSAY_OK;
}

static assay_status run_all(assay_self *s, assay_why *why)
{
    assay_session again = { .filter = s->session.filter, .pool = s->session.pool };
    assay_judge_watch(watch, s);
    assay_status st = assay_check_run(&s->session, why);
    for (int i = 1; !st && i < s->n_inputs; i++)
        st = run_peer(s, i, why);
    assay_judge_watch(NULL, NULL);
    if (!st)
        st = assay_contracts_run(&again, why);
    s->again = again.ledger;
    return st;
}

static int is_line(const struct dirent *d)
{
    const char *end = strrchr(d->d_name, '.');
    return end && !strcmp(end, ".txt");
}

/* What other parts of the test found, a line each, as they left it in the build folder: self.d/NAME.txt. */
static void print_elsewhere(void)
{
    char dir[4096], path[8192], line[512];
    struct dirent **name = NULL;
    const ssize_t len = readlink("/proc/self/exe", dir, sizeof dir - 16);
    char *end = len > 0 ? memrchr(dir, '/', (size_t)len) : NULL;
    if (!end)
        return;
    memcpy(end, "/self.d", sizeof "/self.d");
    const int n = scandir(dir, &name, is_line, alphasort);
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, name[i]->d_name);
        FILE *f = fopen(path, "r");
        if (f && fgets(line, sizeof line, f))
            printf("  %.*s: %s%s", (int)strcspn(name[i]->d_name, "."), name[i]->d_name, line,
                   strchr(line, '\n') ? "" : "\n");
        if (f)
            fclose(f);
        free(name[i]);
    }
    free(name);
}

static bool anything_implied(const assay_self *s)
{
    const assay_op *op;
    bool any = false;
    for (size_t i = 0; (op = assay_op_at(i)); i++)
        any |= assay_implied_has(s->session.implied, op);
    return any;
}

/* An entry for every fault and variant that the filter means, with each kind of input and under each contract. */
static bool set_up(assay_self *s, const assay_self_how *how)
{
    assay_ledger *l = &s->session.ledger;
    const assay_filter *f = s->session.filter;
    for (int r = 0; r < ASSAY_RULES; r++)
        if (!assay_self_own(s, r))
            s->gen[s->n_inputs++] = assay_rules[r].gen;
    assay_check_faults(l, f);
    assay_self_leave_out(s, l);
    for (int i = 1; i < s->n_inputs; i++) {
        s->ledger[i].skip = sits_out;
        assay_check_faults(&s->ledger[i], f);
        assay_self_leave_out(s, &s->ledger[i]);
    }
    if (how->tightness)
        assay_check_kernels(s->session.pool, l, f);
    l->skip = s->every ? stays : sits_out;
    s->subject = calloc(l->n + 1, sizeof *s->subject);
    for (size_t i = 0; s->subject && i < l->n; i++)
        for (size_t k = 0; k < i; k++)
            if (l->entry[i].fault && !strcmp(l->entry[k].kernel->op, l->entry[i].kernel->op)) {
                s->subject[i].nth++;
                s->subject[i].rank += l->entry[k].fault->kind == ASSAY_LEGAL;
            }
    return (l->n || anything_implied(s)) && s->subject;
}

static bool known(const char *ops, assay_why *why)
{
    char name[ASSAY_SELF_GEN_NAME];
    while ((ops = assay_self_name(ops, name)))
        if (!assay_op_find(name)) {
            assay_no_op(name, why);
            return false;
        }
    return true;
}

/* All tables; in this order: the score is the end.  Returns the exit code. */
static int print_all(assay_self *s, const assay_self_how *how)
{
    bool good = !how->faults || !s->session.ledger.n || !assay_faults_print(&s->session.ledger);
    assay_implied_print(s->session.implied, how->faults);
    good = assay_self_print_bounds(s) && good;
    good = assay_self_print(s) && good;
    print_elsewhere();
    return good ? 0 : 1;
}

int assay_self_main(assay_pool *pool, const assay_filter *f, const assay_self_how *how)
{
    assay_self s = { .session = { .filter = f, .faults = true, .pool = pool, .implied = assay_implied_open(f->level) },
                     .n_inputs = 1,
                     .without = how->without,
                     .every = how->faults };
    assay_why why = { "" };
    struct timespec a, b;
    int code = 2;
    running = &s;
    s.session.after = after_case;
    s.session.after_ctx = &s;
    clock_gettime(CLOCK_MONOTONIC, &a);
    if (!known(how->without, &why))
        fprintf(stderr, "assay check: --without %s\n", why.text);
    else if (!set_up(&s, how))
        fprintf(stderr, "assay check: no kernel matches the filter\n");
    else if (how->parts ? assay_self_read_parts(&s, how->parts, &why) : run_all(&s, &why))
        fprintf(stderr, "assay check: %s\n", why.text);
    else
        code = 0;
    clock_gettime(CLOCK_MONOTONIC, &b);
    s.seconds += how->parts ? 0 : (double)(b.tv_sec - a.tv_sec) + 1e-9 * (double)(b.tv_nsec - a.tv_nsec);
    assay_progress_clear();
    if (!code)
        code = print_all(&s, how);
    if (code != 2 && ((f->json && assay_self_json(&s, f->json, &why)) ||
                      (how->part && assay_self_write_part(&s, how->part, &why)))) {
        fprintf(stderr, "assay check: %s\n", why.text);
        code = 2;
    }
    for (int i = 0; i < s.n_inputs; i++)
        assay_ledger_free(i ? &s.ledger[i] : &s.session.ledger);
    assay_ledger_free(&s.again);
    assay_implied_free(s.session.implied);
    free(s.subject);
    free(s.shape);
    free(s.seen);
    return code;
}
