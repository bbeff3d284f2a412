/* SPDX-License-Identifier: MIT
 * Results of assay bench or assay check as runs and their rows.  What assay merge has joined is as many runs as it has
 * parts. */
#include "../conformance/results/hash.h"
#include "../reference/core/status.h"
#include "compare.h"
#include <stdlib.h>
#include <string.h>

static assay_status bad(const compare *c, const char *path, const char *what)
{
    return assay_fail(c->why, ASSAY_ERR_ARG, "%.200s: %s", path, what);
}

static cJSON *load(compare *c, const char *path)
{
    char why[4400] = "";
    cJSON *d = json_load(path, why, sizeof why);
    if (!d) {
        assay_fail(c->why, ASSAY_ERR_IO, "%.230s", why);
        return NULL;
    }
    c->doc = assay_grown(c->doc, (size_t)c->n_docs, sizeof *c->doc);
    return c->doc[c->n_docs++] = d;
}

/* How many CPUs the machine has, under a passport's "cpu". */
static compare_run run_of(const char *path, compare_side side, const cJSON *context)
{
    const cJSON *assay = member(context, "assay");
    return (compare_run){ .path = path,
                          .context = context,
                          .side = side,
                          .commit = member_text(assay, "commit", "?"),
                          .date = member_text(assay, "date", "?"),
                          .host = member_text(context, "host_name", "?"),
                          .model = member_text(assay, "cpu.model", "?"),
                          .threads = member_number(assay, "cpu.threads", 0) };
}

static void add_run(compare *c, compare_run r)
{
    c->run = assay_grown(c->run, (size_t)c->n_runs, sizeof *c->run);
    c->run[c->n_runs++] = r;
    c->runs[r.side]++;
}

static void add_entry(compare *c, const char *name, const cJSON *item, int run)
{
    c->entry = assay_grown(c->entry, c->n_entries, sizeof *c->entry);
    c->entry[c->n_entries] = (compare_entry){ name, item, run, c->n_entries };
    c->n_entries++;
}

static assay_status sound_times(const compare *c, const char *path, const cJSON *row)
{
    const cJSON *n, *samples = member(row, "samples");
    EACH (n, samples)
        if (!cJSON_IsNumber(n) || !(n->valuedouble > 0 && n->valuedouble < 1e18))
            return bad(c, path, "samples: positive numbers are needed");
    return !samples || (cJSON_IsArray(samples) && samples->child) ? ASSAY_OK
                                                                  : bad(c, path, "samples: a list is needed");
}

static assay_status read_bench(compare *c, const char *path, compare_side side, const cJSON *d)
{
    const cJSON *p, *row, *parts = member(d, "parts"), *rows = member(d, "benchmarks");
    const int first = c->n_runs;
    if (!cJSON_IsArray(rows))
        return bad(c, path, "benchmarks: a list is needed");
    if (!parts)
        add_run(c, run_of(path, side, member(d, "context")));
    EACH (p, parts)
        add_run(c, run_of(path, side, member(p, "context")));
    for (int i = first; i < c->n_runs; i++)
        if (!strcmp(c->run[i].model, "?"))
            return bad(c, path, "context: the passport of a machine is needed");
    EACH (row, rows) {
        const char *name = member_text(row, "name", NULL), *part = member_text(row, "part", "");
        int run = first;
        EACH (p, parts) {
            if (!strcmp(member_text(p, "digest", "?"), part))
                break;
            run++;
        }
        if (!name || run >= c->n_runs)
            return bad(c, path, "benchmarks: a row without a name, or of no part");
        const assay_status s = sound_times(c, path, row);
        if (s)
            return s;
        add_entry(c, name, row, run);
    }
    return ASSAY_OK;
}

static assay_status read_check(compare *c, const char *path, compare_side side, cJSON *d)
{
    cJSON *k, *kernels = cJSON_GetObjectItemCaseSensitive(d, "kernels");
    if (!cJSON_IsArray(kernels))
        return bad(c, path, "kernels: a list is needed");
    add_run(c, (compare_run){ .path = path,
                              .side = side,
                              .commit = member_text(d, "commit", "?"),
                              .date = "?",
                              .host = "?",
                              .model = member_text(d, "model", "?") });
    EACH (k, kernels) {
        char name[512];
        const char *isa = member_text(k, "isa", "");
        snprintf(name, sizeof name, "%.200s/%.200s%s%.60s", member_text(k, "op", "?"), member_text(k, "kernel", "?"),
                 *isa ? "/" : "", isa);
        cJSON_DeleteItemFromObjectCaseSensitive(k, "row"); /* lives as long as the document does */
        cJSON_AddStringToObject(k, "row", name);
        add_entry(c, member_text(k, "row", ""), k, c->n_runs - 1);
    }
    return ASSAY_OK;
}

assay_status compare_read(compare *c, const char *path, compare_side side)
{
    cJSON *d = load(c, path);
    if (!d)
        return ASSAY_ERR_IO;
    const char *kind = member_text(d, "kind", "none");
    const bool check = !strcmp(kind, "check");
    if (!check && strcmp(kind, "bench") != 0)
        return assay_fail(c->why, ASSAY_ERR_ARG,
                          "%.200s: its kind is %.40s; compared are results of assay bench, or "
                          "of assay check",
                          path, kind);
    if (c->n_runs && c->check != check)
        return bad(c, path, "results of assay bench and of assay check are not compared with each other");
    c->check = check;
    return check ? read_check(c, path, side, d) : read_bench(c, path, side, d);
}

/* ---- rows by name ------------------------------------------------------------------------------------------------ */

static const compare *sorted; /* qsort hands on no context */

static int by_name(const void *a, const void *b)
{
    const compare_entry *x = a, *y = b;
    const int d = strcmp(x->name, y->name), sides = (int)sorted->run[x->run].side - (int)sorted->run[y->run].side;
    return d ? d : sides ? sides : x->run - y->run;
}

static int as_read(const void *a, const void *b)
{
    const compare_row *x = a, *y = b;
    size_t first[2] = { x->entry[0].order, y->entry[0].order };
    return (first[0] > first[1]) - (first[0] < first[1]);
}

/* The same file twice on one side would look like a machine without noise. */
static assay_status all_differ(const compare *c)
{
    uint64_t *seen = assay_zeros((size_t)c->n_docs, sizeof *seen);
    assay_status s = ASSAY_OK;
    for (int i = 0; !s && i < c->n_docs; i++) {
        char *text = cJSON_PrintUnformatted(c->doc[i]);
        seen[i] = text ? assay_hash(text, strlen(text)) : 0;
        free(text);
        for (int k = 0; !s && k < i; k++)
            if (seen[k] == seen[i] && c->run[i].side == c->run[k].side && c->n_docs == c->n_runs)
                s = assay_fail(c->why, ASSAY_ERR_ARG, "%.120s and %.120s are one run: it counts once", c->run[k].path,
                               c->run[i].path);
    }
    free(seen);
    return s;
}

bool compare_same_machine(const compare_run *a, const compare_run *b)
{
    return !strcmp(a->model, b->model) && a->threads == b->threads;
}

assay_status compare_rows_make(compare *c)
{
    assay_status s = c->check ? ASSAY_OK : all_differ(c); /* results of the judge have no noise */
    for (int i = 1; !s && !c->check && i < c->n_runs; i++)
        if (!compare_same_machine(&c->run[0], &c->run[i])) {
            s = c->metric == COMPARE_CPU ? bad(c, c->run[i].path, "--cpu-time: another machine than the first run's")
                                         : ASSAY_OK;
            c->metric = COMPARE_ROOF;
        }
    if (s || !c->n_entries)
        return s ? s : assay_fail(c->why, ASSAY_ERR_ARG, "there is no row to compare");
    sorted = c;
    qsort(c->entry, c->n_entries, sizeof *c->entry, by_name);
    for (size_t i = 0; i < c->n_entries; i++) {
        compare_entry *e = &c->entry[i];
        if (i && !strcmp(e[-1].name, e->name) && e[-1].run == e->run)
            return assay_fail(c->why, ASSAY_ERR_ARG, "%.200s: the row %.200s stands there twice", c->run[e->run].path,
                              e->name);
        if (!i || strcmp(e[-1].name, e->name) != 0) {
            c->row = assay_grown(c->row, c->n_rows, sizeof *c->row);
            c->row[c->n_rows++] = (compare_row){ .name = e->name, .entry = e };
        }
        c->row[c->n_rows - 1].n[c->run[e->run].side]++;
    }
    qsort(c->row, c->n_rows, sizeof *c->row, as_read);
    return ASSAY_OK;
}

/* ---- what an A/A run left ---------------------------------------------------------------------------------------- */

const char *const compare_deviation[COMPARE_METRICS] = { "deviation", "deviation_of_share", "deviation_of_cpu_time" };

static compare_noise noise_of(const cJSON *row, const char *name)
{
    const double deviation = member_number(row, name, -1), runs = member_number(row, "runs", 0);
    const bool sound = deviation >= 0 && deviation < 100 && runs >= 2 && runs <= 1e6;
    return sound ? (compare_noise){ deviation * deviation, (int)runs - 1 } : (compare_noise){ 0, 0 };
}

assay_status compare_read_noise(compare *c, const char *path)
{
    const cJSON *row;
    if (c->check)
        return bad(c, path, "results of assay check have no noise");
    c->noise = load(c, path);
    if (!c->noise)
        return ASSAY_ERR_IO;
    const compare_run theirs = { .model = member_text(c->noise, "machine.model", "?"),
                                 .threads = member_number(c->noise, "machine.threads", 0) };
    c->n_docs--; /* no run: compare_free frees it apart */
    if (strcmp(member_text(c->noise, "kind", ""), "noise") != 0)
        return bad(c, path, "its kind is not noise: assay compare --aa writes such a file");
    for (int i = 0; i < c->n_runs; i++)
        if (!compare_same_machine(&theirs, &c->run[i]))
            return assay_fail(c->why, ASSAY_ERR_ARG, "%.150s: the noise of a machine that is not that of %.150s", path,
                              c->run[i].path);
    EACH (row, member(c->noise, "rows")) {
        compare_noise_row known = { .name = member_text(row, "name", "") };
        for (int m = 0; m < COMPARE_METRICS; m++)
            known.of[m] = noise_of(row, compare_deviation[m]);
        c->known = assay_grown(c->known, c->n_known, sizeof *c->known);
        c->known[c->n_known++] = known;
    }
    return ASSAY_OK;
}

void compare_free(compare *c)
{
    for (int i = 0; i < c->n_docs; i++)
        cJSON_Delete(c->doc[i]);
    cJSON_Delete(c->noise);
    free(c->doc);
    free(c->run);
    free(c->entry);
    free(c->row);
    free(c->known);
}
