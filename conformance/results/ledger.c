/* SPDX-License-Identifier: MIT */
#include "ledger.h"
#include "expected.h"
#include "repro.h"
#include "terminal.h"
#include "../../reference/core/secret.h"
#include "../../reference/core/dtype.h"
#include "../../reference/core/registry.h"
#include "assay_build.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static void record_types(assay_entry *e, const assay_case *c, assay_outcome o, double used)
{
    char key[sizeof e->typed->types];
    int i = 0;
    type_key(c, key, sizeof key);
    while (i < e->n_typed && strcmp(e->typed[i].types, key) != 0)
        i++;
    if (i == e->typed_room) {
        e->typed_room = i ? 2 * i : 8;
        e->typed = realloc(e->typed, (size_t)e->typed_room * sizeof *e->typed);
        if (!e->typed)
            abort();
    }
    assay_typed *t = &e->typed[i];
    if (i == e->n_typed) {
        *t = (assay_typed){ "", 0, 0, 0, 0 };
        snprintf(t->types, sizeof t->types, "%s", key);
        e->n_typed++;
    }
    t->passed += o == ASSAY_PASSED;
    t->failed += o == ASSAY_FAILED;
    t->known += o == ASSAY_FAILED_AS_KNOWN;
    t->used = o == ASSAY_PASSED && used > t->used ? used : t->used;
}

static void record_share(assay_entry *e, const assay_case *c, const assay_finding *f)
{
    char row[ASSAY_GATE_ROW];
    int i = 0;
    if (!f->bounded || !assay_gate_row(c, e->kernel->contract, row))
        return;
    while (i < e->n_shared && strcmp(e->shared[i].gen, row) != 0)
        i++;
    if (i == e->n_shared) {
        e->shared = realloc(e->shared, (size_t)++e->n_shared * sizeof *e->shared);
        if (!e->shared)
            abort();
        e->shared[i] = (assay_shared){ .used = -1 };
        memcpy(e->shared[i].gen, row, sizeof row);
    }
    assay_shared *s = &e->shared[i];
    s->passed++;
    s->typical = f->typical > s->typical ? f->typical : s->typical;
    if (f->share >= s->used) {
        s->used = f->share, s->at = e->at;
        assay_case_print(c, s->line, sizeof s->line);
    }
}

static void keep_more(assay_more *m, int64_t at, const assay_case *c, const assay_finding *f)
{
    char line[ASSAY_CASE_LINE];
    if (!(m->n & (m->n - 1))) {
        m->one = realloc(m->one, (m->n ? 2 * m->n : 1) * sizeof *m->one);
        if (!m->one)
            abort();
    }
    assay_case_print(c, line, sizeof line);
    m->one[m->n++] = (struct assay_more_one){ strdup(line), at, *f };
}

static void free_more(assay_more *m)
{
    for (size_t i = 0; i < m->n; i++)
        free(m->one[i].line);
    free(m->one);
}

/* Per case, whatever its seed and team; what relations find belongs to none. */
static void trace(assay_entry *e, bool passed, const assay_finding *f)
{
    if (e->fault || f->by == ASSAY_BY_RELATION || e->at < 0)
        return;
    if (e->at >= e->n_trace) {
        const int64_t n = 2 * e->at + 64;
        e->trace = realloc(e->trace, (size_t)n * sizeof *e->trace);
        if (!e->trace)
            abort();
        memset(e->trace + e->n_trace, 0, (size_t)(n - e->n_trace) * sizeof *e->trace);
        e->n_trace = n;
    }
    assay_traced *t = &e->trace[e->at];
    if (!passed && !t->failed)
        t->by = (uint8_t)f->by, t->place = (uint8_t)f->place;
    *(passed ? &t->passed : &t->failed) = true;
}

bool assay_entry_spent(const assay_ledger *l, const assay_entry *e)
{
    return e->given_up || e->by[ASSAY_BY_TIMEOUT] + e->by[ASSAY_BY_CRASH] >= ASSAY_LEDGER_ENDS ||
           (l->drawn && e->failed >= ASSAY_LEDGER_FAILURES);
}

bool assay_ledger_offer(assay_ledger *l, const assay_case *c)
{
    assay_tensor t[ASSAY_MAX_OPND];
    const int runs = l->filter && l->filter->n_threads ? l->filter->n_threads : 1;
    const bool stop = l->max_failures && l->failures >= l->max_failures;
    bool any = false;
    assay_case_tensors(c, t);
    for (size_t i = 0; i < l->n; i++) {
        assay_entry *e = &l->entry[i];
        if (!e->on_cpu || strcmp(e->kernel->op, c->op->name))
            continue;
        e->given_up = stop || assay_entry_spent(l, e);
        const bool takes = assay_kernel_takes(c->op, e->kernel, &(assay_args){ .operand = t });
        any |= takes && !e->given_up;
        if (!takes)
            e->other_types += runs, assay_expected_other(l->expected, e->kernel, c);
        else if (e->given_up)
            e->not_run += runs;
    }
    return any;
}

void assay_ledger_record(assay_entry *e, const assay_case *c, assay_outcome o, const assay_finding *f)
{
    if (o == ASSAY_NOT_ACCEPTED) {
        e->not_accepted++;
        return;
    }
    record_types(e, c, o, f->used);
    if (o == ASSAY_FAILED_AS_KNOWN) {
        if (e->known++ < ASSAY_LEDGER_KEPT)
            keep_more(&e->expected, e->at, c, f);
        return;
    }
    trace(e, o == ASSAY_PASSED, f);
    if (f->note.text[0] && !e->note[0]) {
        memcpy(e->note, f->note.text, sizeof e->note);
        assay_case_print(c, e->note_line, sizeof e->note_line);
    }
    if (o == ASSAY_PASSED) {
        e->passed++;
        record_share(e, c, f);
        for (int d = 0; c->op->dims[d]; d++)
            if (c->dim[d] >= ASSAY_LONG && f->used > e->used_long)
                e->used_long = f->used;
        if (f->used >= e->used) {
            e->used = f->used;
            e->worst_finding = *f;
            e->worst_at = e->at;
            assay_case_print(c, e->worst, sizeof e->worst);
        }
    } else {
        if (e->failed < ASSAY_LEDGER_FAILURES) {
            assay_case_print(c, e->line[e->failed], sizeof *e->line);
            e->finding[e->failed] = *f;
            e->line_at[e->failed] = e->at;
        } else if (e->failed < ASSAY_LEDGER_KEPT)
            keep_more(&e->more, e->at, c, f);
        e->by[f->by]++;
        e->failed++;
    }
}

assay_outcome assay_ledger_count(assay_ledger *l, assay_entry *e, const assay_case *c, assay_outcome o,
                                 assay_finding *f)
{
    assay_finding told = *f;
    o = assay_expected_outcome(l->expected, e->kernel, c, o, &told);
    assay_ledger_record(e, c, o, &told);
    l->failures += o == ASSAY_FAILED;
    f->known = told.known;
    return o;
}

bool assay_entry_good(const assay_entry *e)
{
    return !e->failed && !e->not_run && e->passed + e->known >= e->not_accepted;
}

static void print_again(const assay_ledger *l, const assay_entry *e, const char *before, const char *line)
{
    char text[ASSAY_REPRO_TEXT];
    const assay_repro again = { e->plugin >= 0 && l->filter ? l->filter->plugin : NULL, e->kernel->name, line,
                                e->fault != NULL, assay_secret_name() };
    assay_repro_text(&again, text);
    printf("      %s%s", before, text);
}

void assay_ledger_say_shrunk(const assay_ledger *l, const assay_entry *e, const assay_shrunk *s)
{
    print_again(l, e, "shrunk: ", s->line);
    printf(" (operands %s, %d thread%s)\n", assay_place_name(s->finding.place), s->finding.threads,
           assay_s(s->finding.threads));
}

static void print_failure(const assay_ledger *l, const assay_entry *e, int64_t i)
{
    printf("    %s/%s: %s%s%s: %s\n", e->kernel->op, e->kernel->name, assay_paint(ASSAY_RED),
           assay_by_words(e->finding[i].by), assay_paint(ASSAY_PLAIN_TEXT), e->finding[i].why.text);
    if (e->words[i][0])
        printf("      %s\n", e->words[i]);
    print_again(l, e, "", e->line[i]);
    putchar('\n');
    if (i == 0 && e->shrunk.line[0])
        assay_ledger_say_shrunk(l, e, &e->shrunk);
}

void assay_ledger_say(assay_ledger *l)
{
    for (size_t i = 0; l->live && i < l->n; i++) {
        assay_entry *e = &l->entry[i];
        if (e->said == e->failed)
            continue;
        assay_progress_clear();
        for (; e->said < e->failed && e->said < ASSAY_LEDGER_FAILURES; e->said++)
            print_failure(l, e, e->said);
        if (e->by[ASSAY_BY_TIMEOUT] + e->by[ASSAY_BY_CRASH] == ASSAY_LEDGER_ENDS)
            printf("    %s/%s: the third time-out or crash: its other cases are not run\n", e->kernel->op,
                   e->kernel->name);
        e->said = e->failed;
        fflush(stdout);
    }
}

/* What became of the runs of its op: the counts add up to all of them. */
static void print_counts(int64_t passed, int64_t failed, int64_t known, int64_t refused, int64_t other, int64_t not_run)
{
    printf("%lld passed, %lld failed, ", (long long)passed, (long long)failed);
    if (known)
        printf("%lld failed as known, ", (long long)known);
    printf("%lld not accepted", (long long)refused);
    if (other)
        printf(", %lld of other types", (long long)other);
    if (not_run)
        printf(", %lld not run", (long long)not_run);
}

bool assay_ledger_shard(const assay_ledger *l)
{
    return l->filter && l->filter->shards > 1;
}

int assay_ledger_print(assay_ledger *l, bool verbose)
{
    const bool shard = assay_ledger_shard(l), part = shard || l->drawn; /* not all cases that a kernel is offered */
    int64_t passed = 0, failed = 0, refused = 0, off_cpu = 0, bad = 0, ran = 0, not_built = 0, other = 0, not_run = 0;
    int64_t known = 0;
    assay_progress_clear();
    assay_ledger_say(l);
    for (size_t i = 0; i < l->n; i++) {
        const assay_entry *e = &l->entry[i];
        if (!e->on_cpu) {
            off_cpu++;
            printf("  not on this CPU  %s/%s (%s)\n", e->kernel->op, e->kernel->name,
                   assay_isa_of(e->kernel->isa)->name);
            continue;
        }
        const int64_t ours = e->passed + e->known; /* no failure of these counts against the kernel */
        if (l->partial && !(ours + e->failed + e->not_accepted))
            continue;
        passed += e->passed, failed += e->failed, known += e->known, refused += e->not_accepted;
        other += e->other_types, not_run += e->not_run;
        ran += ours + e->failed > 0;
        const bool good = part ? !e->failed && !e->not_run : assay_entry_good(e) && ours;
        bad += !good;
        printf("  %s%s%s %s/%s: ",
               assay_paint(!good      ? ASSAY_RED
                           : e->known ? ASSAY_YELLOW
                                      : ASSAY_GREEN),
               good && e->known           ? "known"
               : good                     ? "ok  "
               : e->failed || !e->not_run ? "FAIL"
                                          : "CUT ",
               assay_paint(ASSAY_PLAIN_TEXT), e->kernel->op, e->kernel->name);
        print_counts(e->passed, e->failed, e->known, e->not_accepted, e->other_types, e->not_run);
        if (e->passed && e->used > 0)
            printf(", worst %.3f of bound", e->used);
        if (e->relations)
            printf(e->relations == 1 ? ", %lld relation holds" : ", %lld relations hold", (long long)e->relations);
        if (ours < e->not_accepted && !e->failed && !part)
            printf(" (accepts under half of its cases)");
        if (!ours && !e->failed && !e->not_accepted && !shard)
            printf(" (no case for its types)");
        putchar('\n');
        if (verbose && e->passed && e->used > 0)
            printf("    worst: %s\n", e->worst);
        for (int64_t n = e->said; n < e->failed && n < ASSAY_LEDGER_FAILURES; n++)
            print_failure(l, e, n);
        if (e->failed > ASSAY_LEDGER_FAILURES)
            printf("    ... and %lld more (--json FILE: each of them)\n",
                   (long long)(e->failed - ASSAY_LEDGER_FAILURES));
        for (int n = 0; n < ASSAY_CAUSES && e->cause[n][0]; n++)
            printf("    %s\n", e->cause[n]);
        if (e->note[0])
            printf("    note: %s\n      first in: %s\n", e->note, e->note_line);
    }
    if (l->expected)
        assay_expected_settle(l->expected, l);
    for (size_t i = 0; assay_kernel_not_built(i); i++)
        not_built += assay_filter_absent(l->filter, assay_kernel_not_built(i));
    printf("%lld case%s; kernels: %zu, not built for %s: %lld, not on this CPU: %lld; runs: ", (long long)l->cases,
           assay_s(l->cases), l->n, ASSAY_TARGET, (long long)not_built, (long long)off_cpu);
    print_counts(passed, failed, known, refused, other, not_run);
    if (shard)
        printf("; shard %d/%d: assay merge judges the whole", l->filter->shard, l->filter->shards);
    if (l->holes)
        printf("; %lld coverage hole%s", (long long)l->holes, assay_s(l->holes));
    if (l->n_unmet)
        printf("; %zu expected and not met", l->n_unmet);
    putchar('\n');
    if (l->n && off_cpu == (int64_t)l->n)
        return 77;
    return bad || (!ran && !shard) || l->holes || l->n_unmet ? 1 : 0;
}

void assay_ledger_unmet(assay_ledger *l, const char *format, ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    l->unmet = assay_grown(l->unmet, l->n_unmet, sizeof *l->unmet);
    l->unmet[l->n_unmet++] = strdup(text);
}

assay_ledger_op *assay_ledger_op_of(assay_ledger *l, const char *op)
{
    for (size_t i = 0; i < l->n_ops; i++)
        if (!strcmp(l->op[i].op, op))
            return &l->op[i];
    l->op = realloc(l->op, (l->n_ops + 1) * sizeof *l->op);
    if (!l->op)
        abort();
    l->op[l->n_ops] = (assay_ledger_op){ .op = op };
    return &l->op[l->n_ops++];
}

void assay_ledger_missing(assay_ledger_op *o, const char *what)
{
    o->missing = realloc(o->missing, (o->n_missing + 1) * sizeof *o->missing);
    if (!o->missing || !(o->missing[o->n_missing++] = strdup(what)))
        abort();
}

void assay_ledger_free(assay_ledger *l)
{
    for (size_t i = 0; i < l->n; i++) {
        free_more(&l->entry[i].more);
        free_more(&l->entry[i].expected);
        free(l->entry[i].trace);
        free(l->entry[i].typed);
        free(l->entry[i].shared);
    }
    for (size_t i = 0; i < l->n_ops; i++) {
        for (size_t m = 0; m < l->op[i].n_missing; m++)
            free(l->op[i].missing[m]);
        free(l->op[i].missing);
        free(l->op[i].known);
    }
    for (size_t i = 0; i < l->n_unmet; i++)
        free(l->unmet[i]);
    free(l->unmet);
    free(l->op);
    free(l->entry);
    *l = (assay_ledger){ 0 };
}
