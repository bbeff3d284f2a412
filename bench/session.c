/* SPDX-License-Identifier: MIT
 * session.c - what stands before the first row: the passport, the roofs, the team sizes, the kernels that are meant. */
#include "../conformance/results/hash.h"
#include "../reference/core/secret.h"
#include "../reference/core/status.h"
#include "bench.h"
#include "gbench.h"
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

assay_status bench_context(bench_session *s, int argc, char **argv)
{
    assay_json j = { 0 }, command = { 0 };
    char line[1024] = "", binary[20];
    char *gb = gbench_context("assay");
    cJSON *document = gb ? cJSON_Parse(gb) : NULL, *context = cJSON_DetachItemFromObject(document, "context");
    for (int i = 0, at = 0; i < argc && at < (int)sizeof line - 1; i++) {
        at += snprintf(line + at, sizeof line - (size_t)at, "%s%s", i ? " " : "", argv[i]);
        at = at < (int)sizeof line ? at : (int)sizeof line - 1;
    }
    bench_passport_open(&s->machine, &j, NULL);
    bench_counters_json(s->counter, BENCH_COUNTERS, &j, "counters", false);
    bench_simulator_json(&s->machine, &j);
    assay_hash_file("/proc/self/exe", binary);
    assay_json_str(&j, "binary", binary);
    if (s->o->budget > 0)
        assay_json_num(&j, "budget_seconds", s->o->budget);
    assay_json_bool(&j, "quick", s->o->filter.level == ASSAY_QUICK);
    if (s->o->filter.has_seed)
        assay_json_uint(&j, "seed", s->o->filter.seed);
    assay_json_str(&j, "secret", assay_secret_name());
    if (s->o->filter.shards > 1) {
        assay_json_int(&j, "shard", s->o->filter.shard);
        assay_json_int(&j, "shards", s->o->filter.shards);
    }
    bench_model_json(s, &j);
    assay_json_str(&j, "command", line);
    assay_json_close(&j);
    cJSON_AddItemToObject(context, "assay", cJSON_Parse(j.text));
    char *text = cJSON_PrintUnformatted(context);
    assay_json_open(&command, NULL, '{');
    assay_json_str(&command, "line", "context");
    assay_json_str(&command, "name", "context");
    assay_json_raw(&command, "context", text ? text : "{}");
    assay_json_close(&command);
    const assay_status st = bench_journal_add(&s->journal, &command, &s->why);
    free(text);
    free(gb);
    cJSON_Delete(context);
    cJSON_Delete(document);
    assay_json_free(&j);
    assay_json_free(&command);
    return st;
}

static void keep_roof(bench_roofs_table *t, const bench_roof *r)
{
    if (t->n == t->room) {
        t->room = t->room ? 2 * t->room : 64;
        t->roof = realloc(t->roof, (size_t)t->room * sizeof *t->roof);
        if (!t->roof)
            abort();
    }
    t->roof[t->n++] = *r;
}

bool bench_in_shard(const bench_session *s, const char *workload, const assay_case *c)
{
    char name[ASSAY_CASE_LINE + 128];
    if (s->o->filter.shards <= 1)
        return true;
    const int at = snprintf(name, sizeof name, "%.120s ", workload);
    assay_case_print(c, name + at, sizeof name - (size_t)at);
    return assay_shard_of(name, s->o->filter.shards) == s->o->filter.shard;
}

/* The journal's build, effort and shard are ours. */
static bool same_run(const bench_session *s, const cJSON *assay)
{
    const char *binary = cJSON_GetStringValue(cJSON_GetObjectItem(assay, "binary"));
    const cJSON *shard = cJSON_GetObjectItem(assay, "shard"), *shards = cJSON_GetObjectItem(assay, "shards");
    const assay_filter *f = &s->o->filter;
    char mine[20];
    assay_hash_file("/proc/self/exe", mine);
    const bool split =
        f->shards > 1 ? shard && shards && shard->valueint == f->shard && shards->valueint == f->shards : !shards;
    return binary && !strcmp(binary, mine) && split &&
           cJSON_IsTrue(cJSON_GetObjectItem(assay, "quick")) == (f->level == ASSAY_QUICK);
}

assay_status bench_resume(bench_session *s)
{
    const char *path = s->o->filter.json;
    const assay_status st = bench_journal_open(&s->journal, path, s->o->resume, &s->why);
    bench_budget_forget(&s->journal);
    const cJSON *line = st ? NULL : bench_journal_get(&s->journal, "context", "context");
    const cJSON *assay = cJSON_GetObjectItem(cJSON_GetObjectItem(line, "context"), "assay");
    const char *theirs = cJSON_GetStringValue(cJSON_GetObjectItem(assay, "secret")), *ours = assay_secret_name();
    if (assay && strcmp(theirs ? theirs : "", ours ? ours : "") != 0)
        return assay_fail(&s->why, ASSAY_ERR_ARG, "the journal's inputs were made with %s%.40s, this run's with %s%s",
                          theirs ? "secret " : "no secret", theirs ? theirs : "", ours ? "secret " : "no secret",
                          ours ? ours : "");
    if (!assay || same_run(s, assay))
        return st;
    cJSON_Delete(s->journal.known);
    s->journal.known = cJSON_CreateArray();
    return assay_journal_put_aside(&s->journal.file, "another build, effort or shard", &s->why);
}

void bench_take_roof(void *ctx, const bench_roof *r)
{
    bench_session *s = ctx;
    assay_json j = { 0 };
    keep_roof(&s->roofs, r);
    bench_roof_json(r, &j, "roof");
    if (!s->why.text[0])
        bench_journal_add(&s->journal, &j, &s->why);
    if (!r->why[0])
        printf("roof %-24s %10.2f %s (median of its samples %.2f)\n", r->name, r->value, r->unit,
               bench_median(r->sample, r->n));
    fflush(stdout);
    assay_json_free(&j);
}

bool bench_known_roofs(bench_session *s)
{
    const cJSON *o;
    char name[48];
    if (!bench_journal_has(&s->journal, "roof", "call"))
        return false;
    for (int i = 0; i < s->n_threads; i++) {
        snprintf(name, sizeof name, "read.memory.%dt", s->threads[i]);
        if (!bench_journal_has(&s->journal, "roof", name) && !bench_journal_has(&s->journal, "not_measured", name))
            return false;
    }
    cJSON_ArrayForEach(o, s->journal.known)
    {
        static const char *const keys[] = { "line", "name", "kind", "isa", "level", "unit" };
        const char *text[6];
        const double threads = cJSON_GetNumberValue(cJSON_GetObjectItem(o, "threads"));
        for (int i = 0; i < 6; i++) {
            text[i] = cJSON_GetStringValue(cJSON_GetObjectItem(o, keys[i]));
            text[i] = text[i] ? text[i] : "";
        }
        if (strcmp(text[0], "roof") != 0 || !(threads >= 0 && threads <= 1 << 20))
            continue;
        bench_roof r = { .threads = (int)threads, .value = cJSON_GetNumberValue(cJSON_GetObjectItem(o, "value")) };
        snprintf(r.name, sizeof r.name, "%s", text[1]);
        snprintf(r.kind, sizeof r.kind, "%s", text[2]);
        snprintf(r.isa, sizeof r.isa, "%s", text[3]);
        snprintf(r.level, sizeof r.level, "%s", text[4]);
        snprintf(r.unit, sizeof r.unit, "%s", text[5]);
        keep_roof(&s->roofs, &r);
    }
    return true;
}

void bench_default_threads(bench_session *s)
{
    const int all = s->machine.threads;
    if (s->o->filter.n_threads) {
        s->n_threads = s->o->filter.n_threads;
        memcpy(s->threads, s->o->filter.threads, sizeof s->threads);
        return;
    }
    for (int n = 1; s->n_threads < 7 && n < all; n *= s->o->filter.level ? 2 : all)
        s->threads[s->n_threads++] = n;
    s->threads[s->n_threads++] = all;
}

const char *bench_unmatched(const bench_session *s)
{
    const assay_filter *f = &s->o->filter;
    const assay_kernel *k;
    int nth;
    for (int g = -1; f->kernel && g < f->n_also; g++) {
        const char *glob = g < 0 ? f->kernel : f->also[g];
        bool any = false;
        for (size_t i = 0; !any && (k = bench_kernel_at(s, i, &nth)); i++)
            any = (!f->op || !strcmp(f->op, k->op)) && assay_kernel_matches(glob, k->name);
        for (size_t i = 0; !any && f->kernel_b && (k = assay_kernel_at(i)); i++) /* a pair may be of two suppliers */
            any = (!f->op || !strcmp(f->op, k->op)) && assay_kernel_matches(glob, k->name);
        if (!any)
            return glob;
    }
    return NULL;
}

void bench_survey(bench_session *s)
{
    const assay_kernel *k;
    char name[BENCH_NAME];
    int nth;
    for (size_t i = 0; (k = bench_kernel_at(s, i, &nth)); i++) {
        if (!strncmp(k->op, "probe_", 6) ||
            (s->o->filter.kernel_b && assay_kernel_matches(s->o->filter.kernel_b, k->name)))
            continue;
        const assay_state state = assay_filter_kernel(&s->o->filter, k);
        s->runnable += state == ASSAY_RUNS;
        s->not_on_cpu += state == ASSAY_NOT_ON_CPU;
        snprintf(name, sizeof name, "%s/%s", k->op, k->name);
        if (state == ASSAY_NOT_ON_CPU) {
            char why[80];
            snprintf(why, sizeof why, "not on this CPU: %s",
                     assay_isa_of(k->isa) ? assay_isa_of(k->isa)->name : "its tier");
            bench_journal_not(&s->journal, name, "kernel", why);
        }
    }
    for (size_t i = 0; assay_kernel_not_built(i); i++)
        if (assay_filter_absent(&s->o->filter, assay_kernel_not_built(i)))
            bench_journal_not(&s->journal, assay_kernel_not_built(i), "kernel", "not built for this target");
}
