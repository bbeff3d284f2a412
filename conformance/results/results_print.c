/* SPDX-License-Identifier: MIT
 * What `assay merge` says of a document. */
#include "repro.h"
#include "results_split.h"
#include <stdio.h>
#include <string.h>

static bool same_host(const assay_result_part *a, const assay_result_part *b)
{
    return !strcmp(a->target, b->target) && !strcmp(a->model, b->model) && !strcmp(a->features, b->features);
}

/* One line per kind of machine. */
static void print_hosts(const assay_results *r)
{
    for (size_t i = 0; i < r->n; i++) {
        const assay_result_part *p = &r->part[i];
        size_t runs = 0;
        bool seen = false;
        for (size_t k = 0; k < i && !seen; k++)
            seen = same_host(p, &r->part[k]);
        for (size_t k = i; k < r->n && !seen; k++)
            runs += same_host(p, &r->part[k]);
        if (!seen)
            printf("  host %s, %s (%s): %zu run%s\n", p->target, p->model, p->features, runs, runs == 1 ? "" : "s");
    }
}

static void print_kernel(const assay_result_sum *k)
{
    const bool missed = k->k.expected && !strcmp(k->k.expected, "fault") && !k->good;
    printf("  %s %s%s%s/%s: %s%lld passed, %lld failed, %lld not accepted",
           k->good && k->k.known ? "known"
           : k->good             ? "ok  "
           : missed              ? "MISSED"
                                 : "FAIL",
           k->k.expected ? k->k.expected : "", k->k.expected ? " " : "", k->k.op, k->k.kernel,
           k->whole ? "" : "not in every shard: ", (long long)k->k.passed, (long long)k->k.failed,
           (long long)k->k.not_accepted);
    if (k->k.known)
        printf(", %lld failed as known (%s)", (long long)k->k.known, k->k.n_known ? k->k.known_failure[0].known : "?");
    if (k->k.other_types)
        printf(", %lld of other types", (long long)k->k.other_types);
    if (k->k.not_run)
        printf(", %lld not run", (long long)k->k.not_run);
    if (k->k.passed && k->k.worst > 0)
        printf(", worst %.3f of bound", k->k.worst);
    putchar('\n');
    if (!k->good && k->k.cause)
        printf("    %s\n", k->k.cause);
    if (k->k.note)
        printf("    note: %s\n      first in: %s\n", k->k.note, k->k.note_case ? k->k.note_case : "");
    for (size_t i = 0; !k->good && i < k->k.n_failures && i < ASSAY_RESULTS_SHOWN; i++) {
        char text[ASSAY_REPRO_TEXT];
        assay_repro_text(&(assay_repro){ k->seen[0].part->plugin_file, k->k.kernel, k->k.failure[i].line, k->k.expected,
                                         k->seen[0].part->secret },
                         text);
        printf("    %s: %s\n", k->k.failure[i].by, k->k.failure[i].why);
        if (k->k.failure[i].words)
            printf("      %s\n", k->k.failure[i].words);
        printf("      %s\n", text);
    }
}

/* A kernel that no run judged: the reason on each kind of machine. */
static void print_uncovered(const assay_result_sum *k)
{
    printf("  no host  %s/%s (%s):", k->k.op, k->k.kernel, k->k.isa);
    const char *comma = "";
    for (size_t i = 0; i < k->n_seen; i++) {
        bool said = false;
        for (size_t m = 0; m < i && !said; m++)
            said = same_host(k->seen[m].part, k->seen[i].part) && k->seen[m].k->reached == k->seen[i].k->reached;
        if (said)
            continue;
        const assay_result_part *p = k->seen[i].part;
        const bool built = k->seen[i].k->reached == ASSAY_NO_BUILD;
        printf("%s %s%s%s", comma, assay_reached_name(k->seen[i].k->reached), built ? " for " : ": ",
               built ? p->target : p->model);
        comma = ";";
    }
    putchar('\n');
}

void assay_summary_print(const assay_summary *s, bool verbose)
{
    print_hosts(s->of);
    for (size_t i = 0; i < s->n; i++)
        if (s->kernel[i].k.reached == ASSAY_JUDGED &&
            (verbose || !s->kernel[i].good || s->kernel[i].k.note || s->kernel[i].k.known))
            print_kernel(&s->kernel[i]);
    for (size_t i = 0; i < s->n; i++)
        if (s->kernel[i].k.reached != ASSAY_JUDGED && (verbose || s->kernel[i].k.reached != ASSAY_FILTERED_OUT))
            print_uncovered(&s->kernel[i]);
    for (size_t i = 0; i < s->n_holes; i++)
        printf("  coverage hole  %s\n", s->hole[i]);
    for (size_t i = 0; i < s->n_lacking; i++)
        printf("  LACKS %s\n", s->lacking[i]);
    for (size_t i = 0; i < s->n_unmet; i++)
        printf("  UNMET %s\n", s->unmet[i]);
    printf("%zu part%s, %lld case%s; kernels: %lld judged, %lld bad; not on any CPU here: %lld, not built: %lld, "
           "filtered: "
           "%lld; runs: %lld passed, %lld failed, %lld not accepted",
           s->of->n, s->of->n == 1 ? "" : "s", (long long)s->cases, s->cases == 1 ? "" : "s", (long long)s->judged,
           (long long)s->bad, (long long)s->off_cpu, (long long)s->not_built, (long long)s->filtered,
           (long long)s->passed, (long long)s->failed, (long long)s->not_accepted);
    if (s->known)
        printf(", %lld failed as known", (long long)s->known);
    if (s->other_types)
        printf(", %lld of other types", (long long)s->other_types);
    if (s->not_run)
        printf(", %lld not run", (long long)s->not_run);
    if (s->faults + s->legal)
        printf("; %lld of %lld faults caught, %lld of %lld legal variants flagged", (long long)s->caught,
               (long long)s->faults, (long long)s->flagged, (long long)s->legal);
    if (s->holes)
        printf("; %lld coverage holes", (long long)s->holes);
    putchar('\n');
}

int assay_summary_missing(const assay_summary *s, const char *tier)
{
    int known = 0, lacks = 0;
    for (size_t i = 0; i < s->n; i++) {
        const assay_result_sum *k = &s->kernel[i];
        if (strcmp(k->k.isa, tier) != 0 || strcmp(k->what, "kernels") != 0)
            continue;
        known++;
        if (k->k.reached == ASSAY_JUDGED && k->whole)
            continue;
        printf("  REQUIRED %s: %s/%s: %s\n", tier, k->k.op, k->k.kernel, k->verdict);
        lacks++;
    }
    if (!known)
        printf("  REQUIRED %s: no run knows a kernel of it\n", tier);
    return known ? lacks : -1;
}
