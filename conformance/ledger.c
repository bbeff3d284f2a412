/* SPDX-License-Identifier: MIT */
#include "ledger.h"
#include "../reference/core/contract.h"
#include "../reference/core/dtype.h"
#include "../reference/core/json.h"
#include "../reference/core/registry.h"
#include "../reference/core/status.h"
#include "assay_build.h"
#include "tightness.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

assay_entry *assay_ledger_add(assay_ledger *l, const assay_kernel *k, int plugin)
{
    if (l->n == l->room) {
        l->room = l->room ? 2 * l->room : 64;
        l->entry = realloc(l->entry, l->room * sizeof *l->entry);
        if (!l->entry)
            abort();
    }
    assay_entry *e = &l->entry[l->n++];
    memset(e, 0, sizeof *e);
    e->kernel = k;
    e->plugin = plugin;
    return e;
}

/* Names of the element types of the operands that have a choice. */
static void type_key(const assay_case *c, char *text, size_t n)
{
    size_t at = 0;
    text[0] = 0;
    for (int i = 0; i < c->op->n_operands; i++) {
        const assay_typeset *s = &c->op->operands[i].types;
        const bool choice =
            (s->bits[0] & (s->bits[0] - 1)) || (s->bits[1] & (s->bits[1] - 1)) || (s->bits[0] && s->bits[1]);
        if (choice && (c->present >> i & 1) && at < n)
            at += (size_t)snprintf(text + at, n - at, "%s%s", at ? "+" : "", assay_dtype_of(c->type[i])->name);
    }
    if (!at)
        snprintf(text, n, "%s", assay_dtype_of(c->type[0])->name);
}

static void record_types(assay_entry *e, const assay_case *c, bool passed, double used)
{
    char key[sizeof e->typed[0].types];
    int i = 0;
    type_key(c, key, sizeof key);
    while (i < e->n_typed && strcmp(e->typed[i].types, key) != 0)
        i++;
    if (i == ASSAY_LEDGER_TYPES)
        return;
    assay_typed *t = &e->typed[i];
    if (i == e->n_typed) {
        e->n_typed++;
        snprintf(t->types, sizeof t->types, "%s", key);
    }
    t->passed += passed;
    t->failed += !passed;
    t->used = passed && used > t->used ? used : t->used;
}

void assay_ledger_record(assay_entry *e, const assay_case *c, assay_outcome o, const assay_finding *f)
{
    if (o == ASSAY_NOT_ACCEPTED) {
        e->not_accepted++;
        return;
    }
    record_types(e, c, o == ASSAY_PASSED, f->used);
    if (o == ASSAY_PASSED) {
        e->passed++;
        for (int d = 0; c->op->dims[d]; d++)
            if (c->dim[d] >= ASSAY_LONG && f->used > e->used_long)
                e->used_long = f->used;
        if (f->used >= e->used) {
            e->used = f->used;
            e->worst_finding = *f;
            assay_case_print(c, e->worst, sizeof e->worst);
        }
    } else {
        if (e->failed < ASSAY_LEDGER_FAILURES) {
            assay_case_print(c, e->line[e->failed], sizeof *e->line);
            e->finding[e->failed] = *f;
        }
        e->by[f->by]++;
        e->failed++;
    }
}

bool assay_entry_good(const assay_entry *e)
{
    return !e->failed && e->passed >= e->not_accepted;
}

static void print_failures(const assay_entry *e)
{
    for (int i = 0; i < e->failed && i < ASSAY_LEDGER_FAILURES; i++) {
        printf("    %s: %s\n", assay_by_name(e->finding[i].by), e->finding[i].why.text);
        if (e->words[i][0])
            printf("      %s\n", e->words[i]);
        printf("      assay check -k '%s' --repro '%s'\n", e->kernel->name, e->line[i]);
        if (i == 0 && e->shrunk.line[0])
            printf("      shrunk: assay check -k '%s' --repro '%s' (operands %s, %d thread%s)\n", e->kernel->name,
                   e->shrunk.line, assay_place_name(e->shrunk.finding.place), e->shrunk.finding.threads,
                   e->shrunk.finding.threads == 1 ? "" : "s");
    }
    if (e->failed > ASSAY_LEDGER_FAILURES)
        printf("    ... and %lld more\n", (long long)(e->failed - ASSAY_LEDGER_FAILURES));
}

int assay_ledger_print(const assay_ledger *l, bool verbose)
{
    int64_t passed = 0, failed = 0, refused = 0, off_cpu = 0, bad = 0, ran = 0, not_built = 0;
    for (size_t i = 0; i < l->n; i++) {
        const assay_entry *e = &l->entry[i];
        if (!e->on_cpu) {
            off_cpu++;
            printf("  not on this CPU  %s/%s (%s)\n", e->kernel->op, e->kernel->name,
                   assay_isa_of(e->kernel->isa)->name);
            continue;
        }
        if (l->partial && !(e->passed + e->failed + e->not_accepted))
            continue;
        passed += e->passed, failed += e->failed, refused += e->not_accepted;
        ran += e->passed + e->failed > 0;
        const bool good = assay_entry_good(e) && e->passed;
        bad += !good;
        printf("  %s %s/%s: %lld passed, %lld failed, %lld not accepted", good ? "ok  " : "FAIL", e->kernel->op,
               e->kernel->name, (long long)e->passed, (long long)e->failed, (long long)e->not_accepted);
        if (e->passed && e->used > 0)
            printf(", worst %.3f of bound", e->used);
        if (e->passed < e->not_accepted && !e->failed)
            printf(" (accepts under half of its cases)");
        if (!e->passed && !e->failed && !e->not_accepted)
            printf(" (no case for its types)");
        putchar('\n');
        if (verbose && e->passed && e->used > 0)
            printf("    worst: %s\n", e->worst);
        print_failures(e);
    }
    for (size_t i = 0; assay_kernel_not_built(i); i++)
        not_built++;
    printf("%lld cases; kernels: %zu, not built for %s: %lld, not on this CPU: %lld; runs: %lld passed, %lld failed, "
           "%lld not accepted",
           (long long)l->cases, l->n, ASSAY_TARGET, (long long)not_built, (long long)off_cpu, (long long)passed,
           (long long)failed, (long long)refused);
    if (l->holes)
        printf("; %lld coverage holes", (long long)l->holes);
    putchar('\n');
    if (l->n && off_cpu == (int64_t)l->n)
        return 77;
    return bad || !ran || l->holes ? 1 : 0;
}

static void json_finding(assay_json *j, const assay_kernel *k, const assay_finding *f, const char *line,
                         const char *words)
{
    const assay_op *op = assay_op_find(k->op);
    assay_json_open(j, NULL, '{');
    assay_json_str(j, "by", assay_by_name(f->by));
    assay_json_str(j, "case", line);
    assay_json_str(j, "operand", op && f->operand >= 0 ? op->operands[f->operand].name : NULL);
    assay_json_int(j, "index", f->index);
    assay_json_num(j, "got", f->got);
    assay_json_num(j, "want", f->want);
    assay_json_num(j, "bound", f->bound);
    assay_json_str(j, "why", f->why.text);
    assay_json_str(j, "words", words[0] ? words : NULL);
    assay_json_str(j, "placement", f->threads ? assay_place_name(f->place) : NULL);
    assay_json_int(j, "threads", f->threads);
    assay_json_close(j);
}

static void json_entry(assay_json *j, const assay_entry *e)
{
    const char *verdict = !e->on_cpu                 ? "not on this CPU"
                          : !e->passed && !e->failed ? "not accepted"
                          : assay_entry_good(e)      ? "passed"
                                                     : "failed";
    assay_json_open(j, NULL, '{');
    assay_json_str(j, "op", e->kernel->op);
    assay_json_str(j, "kernel", e->kernel->name);
    assay_json_str(j, "isa", assay_isa_of(e->kernel->isa) ? assay_isa_of(e->kernel->isa)->name : "?");
    assay_json_str(j, "verdict", verdict);
    assay_json_int(j, "passed", e->passed);
    assay_json_int(j, "failed", e->failed);
    assay_json_int(j, "not_accepted", e->not_accepted);
    assay_json_num(j, "worst", e->used);
    assay_json_str(j, "worst_case", e->worst);
    char contract[256];
    assay_json_str(j, "contract", assay_contract_text(e->kernel->contract, contract, sizeof contract));
    if (e->fault) {
        assay_json_str(j, "expected", e->fault->kind == ASSAY_FAULT ? "fault" : "legal");
        assay_json_str(j, "source", e->fault->source);
        assay_json_str(j, "caught_by", e->failed ? assay_by_name(e->finding[0].by) : NULL);
    }
    assay_json_str(j, "shrunk", e->shrunk.line[0] ? e->shrunk.line : NULL);
    assay_json_open(j, "types", '[');
    for (int i = 0; i < e->n_typed; i++) {
        assay_json_open(j, NULL, '{');
        assay_json_str(j, "types", e->typed[i].types);
        assay_json_int(j, "passed", e->typed[i].passed);
        assay_json_int(j, "failed", e->typed[i].failed);
        assay_json_num(j, "worst", e->typed[i].used);
        assay_json_close(j);
    }
    assay_json_close(j);
    assay_json_open(j, "failures", '[');
    for (int i = 0; i < e->failed && i < ASSAY_LEDGER_FAILURES; i++)
        json_finding(j, e->kernel, &e->finding[i], e->line[i], e->words[i]);
    assay_json_close(j);
    assay_json_close(j);
}

/* Of a run over faults/: how many were caught, how many legal variants flagged. */
static void json_totals(assay_json *j, const assay_ledger *l)
{
    int64_t faults = 0, caught = 0, legal = 0, flagged = 0;
    for (size_t i = 0; i < l->n; i++) {
        const assay_entry *e = &l->entry[i];
        if (!e->fault || !e->on_cpu)
            continue;
        faults += e->fault->kind == ASSAY_FAULT;
        legal += e->fault->kind == ASSAY_LEGAL;
        caught += e->fault->kind == ASSAY_FAULT && e->failed;
        flagged += e->fault->kind == ASSAY_LEGAL && !assay_entry_good(e);
    }
    if (faults + legal == 0)
        return;
    assay_json_open(j, "totals", '{');
    assay_json_int(j, "faults", faults);
    assay_json_int(j, "caught", caught);
    assay_json_int(j, "legal", legal);
    assay_json_int(j, "flagged", flagged);
    assay_json_close(j);
}

assay_status assay_ledger_json(const assay_ledger *l, const char *path, assay_why *why)
{
    assay_json j = { 0 };
    assay_json_open(&j, NULL, '{');
    assay_json_int(&j, "schema", 1);
    assay_json_str(&j, "kind", "check");
    assay_json_str(&j, "version", ASSAY_VERSION);
    assay_json_str(&j, "commit", ASSAY_COMMIT);
    assay_json_str(&j, "compiler", ASSAY_COMPILER);
    assay_json_str(&j, "target", ASSAY_TARGET);
    assay_json_str(&j, "plugin", l->plugin);
    assay_json_int(&j, "cases", l->cases);
    assay_json_int(&j, "coverage_holes", l->holes);
    json_totals(&j, l);
    assay_tightness_json(l, &j);
    assay_json_open(&j, "not_built", '[');
    for (size_t i = 0; assay_kernel_not_built(i); i++)
        assay_json_str(&j, NULL, assay_kernel_not_built(i));
    assay_json_close(&j);
    assay_json_open(&j, "kernels", '[');
    for (size_t i = 0; i < l->n; i++)
        json_entry(&j, &l->entry[i]);
    assay_json_close(&j);
    assay_json_close(&j);
    char aside[4096];
    snprintf(aside, sizeof aside, "%s.%d.tmp", path, (int)getpid());
    FILE *f = fopen(aside, "w");
    const bool ok = f && !j.failed && fputs(j.text, f) >= 0 && fputc('\n', f) >= 0 && !fflush(f);
    const int error = errno;
    if ((f && fclose(f)) || !ok || rename(aside, path)) {
        remove(aside);
        assay_json_free(&j);
        return assay_fail(why, ASSAY_ERR_IO, "%s: cannot be written: %s", path, strerror(ok ? errno : error));
    }
    assay_json_free(&j);
    return ASSAY_OK;
}

void assay_ledger_free(assay_ledger *l)
{
    free(l->entry);
    *l = (assay_ledger){ 0 };
}
