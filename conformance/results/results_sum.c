/* SPDX-License-Identifier: MIT
 * All that a document says beyond its parts: sums per kernel, their verdicts, the verdict. */
#include "../../reference/core/registry.h"
#include "hash.h"
#include "results_lacks.h"
#include "results_split.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the same kernel in several parts ----------------------------------------------------------------------- */

int assay_op_rank(const char *op)
{
    int i = 0;
    while (assay_op_at((size_t)i) && strcmp(assay_op_at((size_t)i)->name, op))
        i++;
    return i;
}

static int isa_rank(const char *isa)
{
    int i = 0;
    while (assay_isa_at((size_t)i) && strcmp(assay_isa_at((size_t)i)->name, isa))
        i++;
    return i;
}

static int by_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "");
}

/* A kernel that is not built has no name but its file's; elsewhere the file says which it is. */
static int same_kernel(const assay_result_seen *x, const assay_result_seen *y)
{
    int d = strcmp(x->part->what, y->part->what);
    d = d ? d : by_text(x->part->plugin, y->part->plugin);
    d = d ? d : strcmp(x->k->op, y->k->op);
    d = d ? d : by_text(x->k->expected, y->k->expected);
    d = d ? d : strcmp(x->k->file, y->k->file);
    return d ? d : *x->k->file ? 0 : strcmp(x->k->kernel, y->k->kernel);
}

static int seen_order(const void *a, const void *b)
{
    const assay_result_seen *x = a, *y = b;
    const int d = same_kernel(x, y);
    return d ? d : (x->part > y->part) - (x->part < y->part); /* parts stand in their own order */
}

static int sum_order(const void *a, const void *b)
{
    const assay_result_sum *x = a, *y = b;
    int d = strcmp(x->what, y->what);
    d = d ? d : by_text(x->plugin, y->plugin);
    d = d ? d : assay_op_rank(x->k.op) - assay_op_rank(y->k.op);
    d = d ? d : strcmp(x->k.op, y->k.op);
    d = d ? d : isa_rank(x->k.isa) - isa_rank(y->k.isa);
    d = d ? d : strcmp(x->k.isa, y->k.isa);
    d = d ? d : by_text(x->k.expected, y->k.expected);
    d = d ? d : strcmp(x->k.kernel, y->k.kernel);
    return d ? d : strcmp(x->k.file, y->k.file);
}

/* ---- sums ---------------------------------------------------------------------------------------------------- */

static void add_typed(assay_result_kernel *sum, const assay_result_typed *t)
{
    size_t i = 0;
    while (i < sum->n_typed && strcmp(sum->typed[i].types, t->types) != 0)
        i++;
    if (i == sum->n_typed)
        sum->typed[sum->n_typed++] = (assay_result_typed){ .types = t->types };
    sum->typed[i].passed += t->passed;
    sum->typed[i].failed += t->failed;
    sum->typed[i].known += t->known;
    sum->typed[i].worst = t->worst > sum->typed[i].worst ? t->worst : sum->typed[i].worst;
}

static void add_shared(assay_result_kernel *sum, const assay_result_shared *s)
{
    size_t i = 0;
    while (i < sum->n_shared && strcmp(sum->shared[i].gen, s->gen) != 0)
        i++;
    if (i == sum->n_shared)
        sum->shared[sum->n_shared++] = (assay_result_shared){ .gen = s->gen, .worst = -1 };
    assay_result_shared *to = &sum->shared[i];
    const int64_t passed = to->passed + s->passed;
    const double typical = s->typical > to->typical ? s->typical : to->typical;
    if (s->worst > to->worst || (s->worst == to->worst && s->at >= to->at))
        *to = *s;
    to->passed = passed, to->typical = typical;
}

static int shared_order(const void *a, const void *b)
{
    return strcmp(((const assay_result_shared *)a)->gen, ((const assay_result_shared *)b)->gen);
}

static int typed_order(const void *a, const void *b)
{
    return strcmp(((const assay_result_typed *)a)->types, ((const assay_result_typed *)b)->types);
}

/* The order of a whole run; the rest only makes it one order. */
static int failure_order(const void *a, const void *b)
{
    const assay_result_failure *x = a, *y = b;
    int d = (x->at > y->at) - (x->at < y->at);
    d = d ? d : strcmp(x->line, y->line);
    d = d ? d : strcmp(x->by, y->by);
    return d ? d : strcmp(x->why, y->why);
}

static void add_up(assay_results *memory, assay_result_sum *s)
{
    assay_result_kernel *sum = &s->k;
    size_t types = 0, failures = 0, shares = 0, known = 0;
    for (size_t i = 0; i < s->n_seen; i++) {
        types += s->seen[i].k->n_typed;
        shares += s->seen[i].k->n_shared;
        failures += s->seen[i].k->n_failures;
        known += s->seen[i].k->n_known;
    }
    sum->typed = types ? assay_results_alloc(memory, types * sizeof *sum->typed) : NULL;
    sum->shared = shares ? assay_results_alloc(memory, shares * sizeof *sum->shared) : NULL;
    sum->failure = failures ? assay_results_alloc(memory, failures * sizeof *sum->failure) : NULL;
    sum->known_failure = known ? assay_results_alloc(memory, known * sizeof *sum->known_failure) : NULL;
    for (size_t i = 0; i < s->n_seen; i++) {
        const assay_result_kernel *k = s->seen[i].k;
        if (k->reached < sum->reached || i == 0) { /* who judged it knows its name and contract */
            sum->kernel = k->kernel, sum->isa = k->isa, sum->contract = k->contract, sum->source = k->source,
            sum->says = k->says;
            sum->reached = k->reached;
        }
        sum->passed += k->passed, sum->failed += k->failed, sum->not_accepted += k->not_accepted;
        sum->other_types += k->other_types, sum->not_run += k->not_run, sum->known += k->known;
        if (k->passed &&
            (!*sum->worst_case || k->worst > sum->worst || (k->worst == sum->worst && k->worst_at >= sum->worst_at)))
            sum->worst = k->worst, sum->worst_at = k->worst_at, sum->worst_case = k->worst_case;
        if (!sum->note)
            sum->note = k->note, sum->note_case = k->note_case;
        sum->worst_long = k->worst_long > sum->worst_long ? k->worst_long : sum->worst_long;
        sum->seconds += k->seconds;
        for (size_t t = 0; t < k->n_typed; t++)
            add_typed(sum, &k->typed[t]);
        for (size_t g = 0; g < k->n_shared; g++)
            add_shared(sum, &k->shared[g]);
        for (size_t f = 0; f < k->n_failures; f++)
            sum->failure[sum->n_failures++] = k->failure[f];
        for (size_t f = 0; f < k->n_known; f++)
            sum->known_failure[sum->n_known++] = k->known_failure[f];
    }
    if (sum->n_typed)
        qsort(sum->typed, sum->n_typed, sizeof *sum->typed, typed_order);
    if (sum->n_shared)
        qsort(sum->shared, sum->n_shared, sizeof *sum->shared, shared_order);
    if (sum->n_failures)
        qsort(sum->failure, sum->n_failures, sizeof *sum->failure, failure_order);
    if (sum->n_known)
        qsort(sum->known_failure, sum->n_known, sizeof *sum->known_failure, failure_order);
    for (size_t i = 0; i < s->n_seen; i++) /* of the part whose failure comes first */
        if (sum->n_failures && s->seen[i].k->n_failures && !failure_order(&s->seen[i].k->failure[0], &sum->failure[0]))
            sum->shrunk = s->seen[i].k->shrunk, sum->cause = s->seen[i].k->cause;
}

/* Judged in all shards of one split?  Parts of a split stand together, its shards in order. */
static bool whole(const assay_result_sum *s)
{
    int64_t have = 0, last = 0;
    const assay_result_part *split = NULL;
    for (size_t i = 0; i < s->n_seen; i++) {
        const assay_result_part *p = s->seen[i].part;
        if (s->seen[i].k->reached != ASSAY_JUDGED)
            continue;
        if (!split || assay_split_order(split, p))
            split = p, have = last = 0;
        have += p->shard != last;
        last = p->shard;
        if (have == p->shards)
            return true;
    }
    return false;
}

static const char *verdict_of(const assay_result_sum *s)
{
    const assay_result_kernel *k = &s->k;
    if (k->reached != ASSAY_JUDGED)
        return assay_reached_name(k->reached);
    if (k->failed)
        return "failed";
    if (!s->whole || k->not_run)
        return "incomplete";
    if (!k->passed && !k->known)
        return "not accepted";
    return k->passed + k->known < k->not_accepted ? "failed" : k->known ? "known" : "passed";
}

/* A seeded fault that was found out, and for the reason for which it must be. */
static bool found_out(const assay_result_sum *s)
{
    return s->k.failed && s->k.n_failures && (!s->k.says || strstr(s->k.failure[0].why, s->k.says));
}

/* What counts against the run: a fault is to fail, all else to pass. */
static bool good(const assay_result_sum *s)
{
    if (s->k.reached != ASSAY_JUDGED)
        return true;
    return s->k.expected && !strcmp(s->k.expected, "fault")
               ? found_out(s)
               : !strcmp(s->verdict, "passed") || !strcmp(s->verdict, "known");
}

static void count(assay_summary *s, assay_result_sum *k)
{
    const bool fault = k->k.expected && !strcmp(k->k.expected, "fault");
    s->passed += k->k.passed, s->failed += k->k.failed, s->not_accepted += k->k.not_accepted;
    s->other_types += k->k.other_types, s->not_run += k->k.not_run, s->known += k->k.known;
    s->judged += k->k.reached == ASSAY_JUDGED;
    s->off_cpu += k->k.reached == ASSAY_NO_CPU;
    s->not_built += k->k.reached == ASSAY_NO_BUILD;
    s->filtered += k->k.reached == ASSAY_FILTERED_OUT;
    k->good = good(k);
    s->bad += !k->good;
    if (!k->k.expected || k->k.reached != ASSAY_JUDGED)
        return;
    s->faults += fault;
    s->caught += fault && k->good;
    s->legal += !fault;
    s->flagged += !fault && !k->good;
}

static void sum_kernels(assay_summary *s)
{
    const assay_results *r = s->of;
    size_t n = 0;
    for (size_t i = 0; i < r->n; i++)
        n += r->part[i].n_kernels;
    assay_result_seen *seen = n ? assay_results_alloc(&s->memory, n * sizeof *seen) : NULL;
    n = 0;
    for (size_t i = 0; i < r->n; i++)
        for (size_t k = 0; k < r->part[i].n_kernels; k++)
            seen[n++] = (assay_result_seen){ &r->part[i], &r->part[i].kernels[k] };
    if (!n)
        return;
    qsort(seen, n, sizeof *seen, seen_order);
    s->kernel = assay_results_alloc(&s->memory, n * sizeof *s->kernel);
    for (size_t i = 0, j; i < n; i = j) {
        assay_result_sum *sum = &s->kernel[s->n++];
        for (j = i + 1; j < n && !same_kernel(&seen[i], &seen[j]); j++)
            ;
        *sum = (assay_result_sum){ .k = *seen[i].k,
                                   .what = seen[i].part->what,
                                   .plugin = seen[i].part->plugin,
                                   .seen = seen + i,
                                   .n_seen = j - i };
        sum->k.passed = sum->k.failed = sum->k.not_accepted = sum->k.worst_at = 0;
        sum->k.other_types = sum->k.not_run = sum->k.known = 0;
        sum->k.n_typed = sum->k.n_shared = sum->k.n_failures = sum->k.n_known = 0;
        sum->k.worst = sum->k.worst_long = sum->k.seconds = 0;
        sum->k.shrunk = sum->k.cause = NULL;
        sum->k.worst_case = "";
        add_up(&s->memory, sum);
        sum->whole = whole(sum);
        sum->verdict = verdict_of(sum);
        count(s, sum);
    }
    qsort(s->kernel, s->n, sizeof *s->kernel, sum_order);
}

static void sum_unmet(assay_summary *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->of->n; i++)
        n += s->of->part[i].n_unmet;
    s->unmet = assay_results_alloc(&s->memory, n * sizeof *s->unmet + 1);
    for (size_t i = 0; i < s->of->n; i++)
        for (size_t k = 0; k < s->of->part[i].n_unmet; k++)
            s->unmet[s->n_unmet++] = s->of->part[i].unmet[k].what;
}

void assay_summarize(const assay_results *r, assay_summary *s)
{
    *s = (assay_summary){ .of = r };
    sum_kernels(s);
    assay_find_holes(s);
    assay_find_lacking(s);
    sum_unmet(s);
    char *all = assay_results_alloc(&s->memory, r->n * 16 + 1);
    for (size_t i = 0; i < r->n; i++)
        memcpy(all + 16 * i, r->part[i].digest, 16);
    snprintf(s->digest, sizeof s->digest, "%016llx", (unsigned long long)assay_hash(all, 16 * r->n));
}

void assay_summary_free(assay_summary *s)
{
    assay_results_free(&s->memory);
    *s = (assay_summary){ 0 };
}

int assay_summary_code(const assay_summary *s)
{
    return s->bad || s->n_holes || s->n_lacking || s->n_unmet || s->passed + s->failed + s->known == 0 ? 1 : 0;
}
