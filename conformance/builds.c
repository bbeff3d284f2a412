/* SPDX-License-Identifier: MIT */
#include "builds.h"
#include "modes.h"
#include "../reference/core/secret.h"
#include "../reference/core/status.h"
#include "explain/words.h"
#include "results/terminal.h"
#include "rules/cases.h"
#include <stdio.h>
#include <string.h>

enum { STEM = 20, SHOWN = 5 };

/* Its file's name without folder and what begins with a point. */
static void stem_of(const char *path, char stem[STEM + 1])
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const int n = (int)strcspn(name, ".");
    snprintf(stem, STEM + 1, "%.*s", n, name);
}

void assay_builds_close(assay_pool *pool[2])
{
    for (int i = 1; i >= 0; i--) { /* the later one's processes hold the earlier one's sockets */
        assay_pool_close(pool[i]);
        pool[i] = NULL;
    }
}

bool assay_builds_open(const assay_filter *f, assay_pool *pool[2], assay_why *why)
{
    const char *const path[2] = { f->plugin, f->plugin_b };
    char stem[2][STEM + 1], name[STEM + 3];
    for (int i = 0; i < 2; i++)
        stem_of(path[i], stem[i]);
    const bool alike = !strcmp(stem[0], stem[1]);
    for (int i = 0; i < 2; i++) {
        if (!(pool[i] = assay_pool_open(path[i], why))) {
            assay_builds_close(pool);
            return false;
        }
        snprintf(name, sizeof name, alike ? "%s.%d" : "%s", stem[i], i + 1);
        assay_pool_call(pool[i], name);
    }
    return true;
}

const assay_kernel *assay_builds_other(const assay_pool *other, const assay_kernel *k, int *nth)
{
    const assay_kernel *o;
    for (size_t i = 0; (o = assay_pool_plugin_kernel(other, i)); i++)
        if (!strcmp(o->op, k->op) && !strcmp(assay_kernel_bare(o->name), assay_kernel_bare(k->name))) {
            *nth = (int)i;
            return o;
        }
    return NULL;
}

/* ---- what changed --------------------------------------------------------------------------------------------- */

typedef enum state { NOT_JUDGED, PASSED, FAILED, STATES } state;
static const char *const state_name[STATES] = { "not judged", "passed", "failed" };

static state state_at(const assay_entry *e, int64_t at)
{
    const assay_traced none = { 0 }, t = at < e->n_trace ? e->trace[at] : none;
    return t.failed ? FAILED : t.passed ? PASSED : NOT_JUDGED;
}

typedef struct walk { /* over the cases of one op, as both ledgers counted them */
    const assay_entry *e[2];
    int64_t at, cases, changed;
    int64_t from_to[STATES][STATES];
} walk;

static assay_status step(const char *line, void *ctx, assay_why *why)
{
    walk *w = ctx;
    const int64_t at = ++w->at;
    const state was = state_at(w->e[0], at), is = state_at(w->e[1], at);
    (void)why;
    w->cases += was != NOT_JUDGED || is != NOT_JUDGED;
    w->from_to[was][is]++;
    if (was == is)
        return ASSAY_OK;
    if (w->changed++ < SHOWN)
        printf("    %s -> %s%s%s: %s\n", state_name[was], state_name[is], is == FAILED ? ": " : "",
               is == FAILED ? assay_by_words((assay_by)w->e[1]->trace[at].by) : "", line);
    return ASSAY_OK;
}

static const assay_entry *entry_like(const assay_ledger *l, const assay_entry *e)
{
    for (size_t i = 0; i < l->n; i++)
        if (!strcmp(l->entry[i].kernel->op, e->kernel->op) &&
            !strcmp(assay_kernel_bare(l->entry[i].kernel->name), assay_kernel_bare(e->kernel->name)))
            return &l->entry[i];
    return NULL;
}

static void say_alone(const assay_ledger *l, const assay_ledger *other, const char *which)
{
    for (size_t i = 0; i < l->n; i++)
        if (!entry_like(other, &l->entry[i]))
            printf("  %s/%s: in the %s build alone\n", l->entry[i].kernel->op,
                   assay_kernel_bare(l->entry[i].kernel->name), which);
}

static void say_changes(const assay_session s[2])
{
    int64_t kernels = 0, changed = 0;
    for (size_t i = 0; i < s[0].ledger.n; i++) {
        const assay_entry *old = &s[0].ledger.entry[i], *now = entry_like(&s[1].ledger, old);
        const assay_op *op = assay_op_find(old->kernel->op);
        walk w = { .e = { old, now } };
        if (!now || !op)
            continue;
        kernels++;
        if (s->line)
            assay_case_expand(op, s->line + strcspn(s->line, " "), step, &w, NULL);
        else
            assay_cases_visit(op, s->filter->level, s->filter->rows_only, step, &w, NULL);
        changed += w.changed;
        if (!w.changed)
            continue;
        printf("  %s/%s: %lld of %lld cases changed:", old->kernel->op, assay_kernel_bare(old->kernel->name),
               (long long)w.changed, (long long)w.cases);
        const char *comma = "";
        for (int was = 0; was < STATES; was++)
            for (int is = 0; is < STATES; is++)
                if (was != is && w.from_to[was][is]) {
                    printf("%s %lld %s -> %s", comma, (long long)w.from_to[was][is], state_name[was], state_name[is]);
                    comma = ",";
                }
        putchar('\n');
    }
    say_alone(&s[0].ledger, &s[1].ledger, "old");
    say_alone(&s[1].ledger, &s[0].ledger, "new");
    printf("%s, then %s: %lld kernel%s in both, %lld case%s changed verdict\n", s[0].filter->plugin,
           s[1].filter->plugin, (long long)kernels, assay_s(kernels), (long long)changed, assay_s(changed));
}

static bool matches_none(const assay_session s[2], const char *glob)
{
    for (int b = 0; b < 2; b++)
        for (size_t i = 0; i < s[b].ledger.n; i++)
            if (assay_kernel_matches(glob, s[b].ledger.entry[i].kernel->name))
                return false;
    return true;
}

/* The -k that no kernel of either build bears. */
static bool all_matched(const assay_session s[2], assay_why *why)
{
    const assay_filter *f = s[0].filter;
    for (int g = -1; f->kernel && g < f->n_also; g++) {
        const char *glob = g < 0 ? f->kernel : f->also[g];
        if (matches_none(s, glob))
            return assay_fail(why, ASSAY_ERR_ARG, "no kernel of either build matches -k %.100s", glob) == ASSAY_OK;
    }
    if (!s[1].ledger.n)
        return assay_fail(why, ASSAY_ERR_ARG, "no kernel of the new build matches the filter") == ASSAY_OK;
    return true;
}

static assay_status write(const assay_session s[2], const assay_outputs *o, assay_why *why)
{
    assay_results r = { 0 };
    assay_summary sum;
    for (int b = 0; b < 2; b++)
        assay_ledger_results(&s[b].ledger, &r);
    assay_summarize(&r, &sum);
    const assay_status st = assay_outputs_write(o, &sum, why);
    assay_summary_free(&sum);
    assay_results_free(&r);
    return st;
}

int assay_builds_main(const assay_session *asked, const assay_outputs *o, bool verbose)
{
    assay_session s[2] = { *asked, *asked };
    assay_filter filter[2] = { *asked->filter, *asked->filter };
    assay_pool *pool[2] = { NULL, NULL };
    char plugin[2][200];
    assay_why why = { "" };
    int code = 2;
    filter[1].plugin = filter[0].plugin_b;
    if (!assay_builds_open(asked->filter, pool, &why)) {
        fprintf(stderr, "assay check: %s\n", why.text);
        return 2;
    }
    for (int b = 0; b < 2; b++) {
        s[b].filter = s[b].ledger.filter = &filter[b];
        s[b].pool = pool[b];
        s[b].ledger.line = asked->line;
        s[b].ledger.what = asked->line ? "cases" : "kernels";
        snprintf(plugin[b], sizeof plugin[b], "%.120s (%s build)", assay_pool_plugin_name(pool[b]), b ? "new" : "old");
        s[b].ledger.plugin = plugin[b];
        assay_check_kernels(pool[b], &s[b].ledger, &filter[b]);
    }
    bool good = all_matched(s, &why);
    for (int b = 0; good && b < 2; b++) {
        printf("%s build: %s\n", b ? "new" : "old", filter[b].plugin);
        good = !assay_check_run(&s[b], &why);
        code = good && s[b].ledger.n ? assay_ledger_print(&s[b].ledger, verbose) : 2;
        assay_progress_clear();
    }
    if (good)
        say_changes(s);
    if (good && assay_secret_name())
        printf("secret %s\n", assay_secret_name());
    if (!good || write(s, o, &why)) {
        fprintf(stderr, "assay check: %s\n", why.text);
        code = 2;
    }
    for (int b = 0; b < 2; b++)
        assay_ledger_free(&s[b].ledger);
    assay_builds_close(pool);
    return code;
}
