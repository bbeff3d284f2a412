/* SPDX-License-Identifier: MIT
 * A line: { "line": "case", "name": the case, "as": with what its op worked out, if that differs, "runs": [ [kernel,
 * "T1", 0.31, 0.002], [kernel], { a failure } ] }: kernel: its place in the first line's list; a pass with its verdict,
 * its share of the bound, its seconds and, if there is one, a note; [kernel]: not accepted. */
#include "record.h"
#include "../../reference/core/registry.h"
#include "../../reference/core/secret.h"
#include "../../reference/core/status.h"
#include "hash.h"
#include "journal.h"
#include "results_form.h"
#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct assay_record {
    assay_journal journal;
    assay_json runs; /* of the case in hand */
    bool playing;
    int64_t played;
};

/* What the run is: the part without counts, the program, and the kernels. */
static void first_line(const assay_ledger *l, assay_json *j)
{
    assay_results r = { 0 };
    char program[20], plugin[20];
    assay_ledger_results(l, &r);
    r.part[0].n_ops = r.part[0].n_kernels = 0;
    char *identity = assay_part_text(&r.part[0], false);
    assay_hash_file("/proc/self/exe", program);
    assay_hash_file(l->filter && l->filter->plugin ? l->filter->plugin : "/dev/null", plugin);
    assay_json_open(j, NULL, '{');
    assay_json_str(j, "line", "context");
    assay_json_str(j, "name", "context");
    assay_json_str(j, "binary", program);
    assay_json_str(j, "plugin", plugin);
    assay_json_raw(j, "run", identity);
    assay_json_int(j, "max_failures", l->max_failures);
    assay_json_open(j, "kernels", '[');
    for (size_t i = 0; i < l->n; i++)
        assay_json_str(j, NULL, l->entry[i].on_cpu ? l->entry[i].kernel->name : "");
    assay_json_close(j);
    assay_json_close(j);
    free(identity);
    assay_results_free(&r);
}

assay_status assay_record_open(assay_record **to, const char *file, bool resume, const assay_ledger *l, assay_why *why)
{
    *to = NULL;
    if (!file)
        return ASSAY_OK;
    assay_json j = { 0 };
    assay_record *r = calloc(1, sizeof *r);
    if (!r)
        return assay_fail(why, ASSAY_ERR_NOMEM, "no memory for the journal");
    first_line(l, &j);
    assay_status s = assay_journal_open(&r->journal, file, resume, why);
    if (!s) {
        cJSON *first = assay_journal_next(&r->journal);
        r->playing = first && !strcmp(assay_journal_line(&r->journal), j.text);
        const char *theirs = cJSON_GetStringValue(cJSON_GetObjectItem(cJSON_GetObjectItem(first, "run"), "secret")),
                   *ours = assay_secret_name();
        if (first && strcmp(theirs ? theirs : "", ours ? ours : "") != 0)
            s = assay_fail(why, ASSAY_ERR_ARG, "the journal's inputs were made with %s%.40s, this run's with %s%s",
                           theirs ? "secret " : "no secret", theirs ? theirs : "", ours ? "secret " : "no secret",
                           ours ? ours : "");
        else if (first && !r->playing)
            s = assay_journal_put_aside(&r->journal, "another build, machine or set of options", why);
        if (!s && !r->playing)
            s = assay_journal_add(&r->journal, &j, why);
        cJSON_Delete(first);
    }
    assay_json_free(&j);
    if (s) {
        assay_journal_close(&r->journal, false, NULL);
        free(r);
        return s;
    }
    *to = r;
    return ASSAY_OK;
}

/* ---- playing -------------------------------------------------------------------------------------------------- */

static double number(const cJSON *o, const char *name)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, name);
    if (cJSON_IsString(v))
        return !strcmp(v->valuestring, "nan") ? NAN : !strcmp(v->valuestring, "inf") ? INFINITY : -INFINITY;
    return cJSON_IsNumber(v) ? v->valuedouble : 0;
}

static void text(const cJSON *o, const char *name, char *to, size_t n)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, name);
    snprintf(to, n, "%s", cJSON_IsString(v) ? v->valuestring : "");
}

static assay_by by_of(const cJSON *v)
{
    for (int b = ASSAY_BY_NONE; cJSON_IsString(v) && assay_by_name((assay_by)b)[0] != '?'; b++)
        if (!strcmp(assay_by_name((assay_by)b), v->valuestring))
            return (assay_by)b;
    return ASSAY_BY_NONE;
}

static assay_entry *entry_of(assay_ledger *l, const cJSON *v)
{
    const double i = cJSON_IsNumber(v) ? v->valuedouble : -1;
    return i >= 0 && i < (double)l->n ? &l->entry[(size_t)i] : NULL;
}

static bool within(const cJSON *o, const char *name, double least, double most)
{
    const double x = number(o, name);
    return x >= least && x <= most;
}

/* False: not a line of ours. */
static bool play_failure(assay_ledger *l, assay_entry *e, const assay_case *c, const cJSON *o)
{
    if (!within(o, "operand", -1, c->op->n_operands - 1) || !within(o, "index", -1, 0x1p52) ||
        !within(o, "place", 0, ASSAY_PLACES - 1) || !within(o, "threads", 0, 1 << 20) ||
        !within(o, "shrunk_calls", 0, 1 << 20) || !within(o, "shrunk_place", 0, ASSAY_PLACES - 1) ||
        !within(o, "shrunk_threads", 0, 1 << 20))
        return false;
    assay_finding f = { .by = by_of(cJSON_GetObjectItemCaseSensitive(o, "by")),
                        .operand = (int)number(o, "operand"),
                        .index = (int64_t)number(o, "index"),
                        .got = number(o, "got"),
                        .want = number(o, "want"),
                        .bound = number(o, "bound"),
                        .place = (int)number(o, "place"),
                        .threads = (int)number(o, "threads") };
    text(o, "why", f.why.text, sizeof f.why.text);
    text(o, "note", f.note.text, sizeof f.note.text);
    if (assay_ledger_count(l, e, c, ASSAY_FAILED, &f) == ASSAY_FAILED_AS_KNOWN)
        return true;
    if (e->failed <= ASSAY_LEDGER_FAILURES)
        text(o, "words", e->words[e->failed - 1], sizeof *e->words);
    if (e->failed == 1) {
        text(o, "shrunk", e->shrunk.line, sizeof e->shrunk.line);
        e->shrunk.calls = (int)number(o, "shrunk_calls");
        e->shrunk.finding.place = (int)number(o, "shrunk_place");
        e->shrunk.finding.threads = (int)number(o, "shrunk_threads");
    }
    return true;
}

static bool play(assay_ledger *l, const assay_case *c, const cJSON *runs)
{
    const cJSON *run;
    for (run = runs ? runs->child : NULL; run; run = run->next) {
        const bool failure = cJSON_IsObject(run);
        assay_entry *e = entry_of(l, failure ? cJSON_GetObjectItemCaseSensitive(run, "kernel") : run->child);
        if (!e)
            return false;
        const cJSON *by = failure ? NULL : run->child->next;
        assay_finding f = { .pass = true, .by = by_of(by), .used = by && by->next ? by->next->valuedouble : 0 };
        const cJSON *used = by ? by->next : NULL, *took = failure ? cJSON_GetObjectItemCaseSensitive(run, "seconds")
                                                          : used  ? used->next
                                                                  : NULL;
        e->seconds += cJSON_IsNumber(took) && took->valuedouble > 0 ? took->valuedouble : 0;
        f.share = f.used;
        f.bounded = f.used > 0;
        for (const cJSON *more = failure || !took ? NULL : took->next; more; more = more->next)
            if (cJSON_IsString(more))
                snprintf(f.note.text, sizeof f.note.text, "%s", more->valuestring);
            else if (cJSON_IsBool(more))
                f.bounded = true;
            else if (cJSON_IsNumber(more->next))
                f.typical = more->valuedouble;
            else
                f.share = more->valuedouble;
        e->at = l->at;
        if (failure && !play_failure(l, e, c, run))
            return false;
        if (!failure)
            assay_ledger_count(l, e, c, by ? ASSAY_PASSED : ASSAY_NOT_ACCEPTED, &f);
    }
    return true;
}

bool assay_record_replay(assay_record *r, assay_ledger *l, const assay_case *c)
{
    char line[ASSAY_CASE_LINE];
    if (!r || !r->playing)
        return false;
    cJSON *o = assay_journal_next(&r->journal);
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(o, "name"), *as = cJSON_GetObjectItemCaseSensitive(o, "as");
    assay_case made = *c;
    assay_case_print(c, line, sizeof line);
    r->playing = o && cJSON_IsString(name) && !strcmp(name->valuestring, line) &&
                 (!cJSON_IsString(as) || (!assay_case_parse(as->valuestring, &made, NULL) && made.op == c->op)) &&
                 play(l, &made, cJSON_GetObjectItemCaseSensitive(o, "runs"));
    r->played += r->playing;
    if (o && !r->playing) { /* the first lines agree and this does not: someone wrote into it */
        fprintf(stderr, "assay check: the journal does not hold %s next: remove %s\n", line, r->journal.path);
        exit(2);
    }
    cJSON_Delete(o);
    if (!r->playing)
        printf("--resume: %lld case%s in the journal\n", (long long)r->played, r->played == 1 ? " was" : "s were");
    return r->playing;
}

/* ---- writing -------------------------------------------------------------------------------------------------- */

static void write_failure(assay_json *j, const assay_entry *e, const assay_finding *f)
{
    const bool first = e->failed == 1 && !f->known.text[0];
    const int64_t kept = e->failed <= ASSAY_LEDGER_FAILURES && !f->known.text[0] ? e->failed - 1 : -1;
    assay_json_str(j, "by", assay_by_name(f->by));
    assay_json_int(j, "operand", f->operand);
    assay_json_int(j, "index", f->index);
    assay_json_num(j, "got", f->got);
    assay_json_num(j, "want", f->want);
    assay_json_num(j, "bound", f->bound);
    assay_json_int(j, "place", f->place);
    assay_json_int(j, "threads", f->threads);
    assay_json_num(j, "seconds", round(1e6 * e->took) / 1e6);
    assay_json_str(j, "why", f->why.text);
    if (f->note.text[0])
        assay_json_str(j, "note", f->note.text);
    if (kept >= 0 && e->words[kept][0])
        assay_json_str(j, "words", e->words[kept]);
    if (first && e->shrunk.line[0]) {
        assay_json_str(j, "shrunk", e->shrunk.line);
        assay_json_int(j, "shrunk_calls", e->shrunk.calls);
        assay_json_int(j, "shrunk_place", e->shrunk.finding.place);
        assay_json_int(j, "shrunk_threads", e->shrunk.finding.threads);
    }
}

void assay_record_run(assay_record *r, const assay_ledger *l, const assay_entry *e, assay_outcome o,
                      const assay_finding *f)
{
    if (!r)
        return;
    assay_json *j = &r->runs;
    if (!j->depth)
        assay_json_open(j, NULL, '[');
    assay_json_open(j, NULL, o == ASSAY_FAILED ? '{' : '[');
    assay_json_int(j, o == ASSAY_FAILED ? "kernel" : NULL, e - l->entry);
    if (o == ASSAY_PASSED) {
        assay_json_str(j, NULL, assay_by_name(f->by));
        assay_json_num(j, NULL, f->used);
        assay_json_num(j, NULL, round(1e6 * e->took) / 1e6);
        if (f->note.text[0])
            assay_json_str(j, NULL, f->note.text);
        if (f->typical > 0 || f->share < f->used) {
            assay_json_num(j, NULL, f->typical);
            assay_json_num(j, NULL, f->share);
        }
        if (f->bounded && !(f->used > 0))
            assay_json_bool(j, NULL, true);
    } else if (o == ASSAY_FAILED)
        write_failure(j, e, f);
    assay_json_close(j);
}

assay_status assay_record_case(assay_record *r, const assay_case *c, const assay_case *made, assay_why *why)
{
    char line[ASSAY_CASE_LINE], as[ASSAY_CASE_LINE];
    assay_json j = { 0 };
    if (!r)
        return ASSAY_OK;
    if (r->runs.depth)
        assay_json_close(&r->runs);
    assay_case_print(c, line, sizeof line);
    assay_json_open(&j, NULL, '{');
    assay_json_str(&j, "line", "case");
    assay_json_str(&j, "name", line);
    assay_case_print(made, as, sizeof as);
    if (strcmp(line, as) != 0)
        assay_json_str(&j, "as", as);
    assay_json_raw(&j, "runs", r->runs.text ? r->runs.text : "[]");
    assay_json_close(&j);
    const assay_status s = assay_journal_add(&r->journal, &j, why);
    assay_json_free(&j);
    assay_json_free(&r->runs);
    return s;
}

assay_status assay_record_close(assay_record *r, bool finished, assay_why *why)
{
    if (!r)
        return ASSAY_OK;
    const assay_status s = assay_journal_close(&r->journal, finished, why);
    assay_json_free(&r->runs);
    free(r);
    return s;
}
