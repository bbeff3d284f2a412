/* SPDX-License-Identifier: MIT
 * A summary for a pull request: the verdict, what failed with its reproduction line, what nobody covered, a table. */
#include "../../reference/core/plain.h"
#include "output.h"
#include "repro.h"
#include "terminal.h"
#include <string.h>

static void cell(FILE *f, const char *text)
{
    assay_plain_put(f, ASSAY_MARKDOWN, text, strlen(text));
}

/* As code, word for word: between more backticks than stand in it. */
static void code(FILE *f, const char *text)
{
    size_t most = 0;
    for (const char *s = text; *s; s += strcspn(s, "`")) {
        const size_t n = strspn(s, "`");
        most = n > most ? n : most;
        s += n;
    }
    for (size_t i = 0; i <= most; i++)
        fputc('`', f);
    fprintf(f, most ? " %s " : "%s", text);
    for (size_t i = 0; i <= most; i++)
        fputc('`', f);
}

/* Each reason once: failures stand in the order of their cases. */
static void known(const assay_result_kernel *k, FILE *f)
{
    for (size_t i = 0; i < k->n_known; i++) {
        const char *reason = k->known_failure[i].known;
        size_t n = 0;
        for (size_t m = 0; m < i && !n; m++)
            n = !strcmp(k->known_failure[m].known, reason);
        if (n)
            continue;
        for (size_t m = i; m < k->n_known; m++)
            n += !strcmp(k->known_failure[m].known, reason);
        fputs("- ", f);
        cell(f, k->op);
        fputc('/', f);
        cell(f, k->kernel);
        fprintf(f, ": known failure of %zu run%s (", n, assay_s((int64_t)n));
        cell(f, reason);
        fputs("), first ", f);
        code(f, k->known_failure[i].line);
        fputc('\n', f);
    }
}

static void failures(const assay_summary *s, FILE *f)
{
    char text[ASSAY_REPRO_TEXT];
    for (size_t i = 0; i < s->n; i++) {
        const assay_result_sum *k = &s->kernel[i];
        if (k->good)
            continue;
        fputs("- **", f);
        cell(f, k->k.op);
        fputc('/', f);
        cell(f, k->k.kernel);
        fprintf(f, "**: %s\n", k->k.expected && !k->k.failed ? "not caught" : k->verdict);
        if (k->k.cause) {
            fputs("  - ", f);
            cell(f, k->k.cause);
            fputc('\n', f);
        }
        for (size_t n = 0; n < k->k.n_failures && n < 3; n++) {
            const assay_result_failure *x = &k->k.failure[n];
            fputs("  - ", f);
            cell(f, x->by);
            fputs(": ", f);
            cell(f, x->why);
            if (x->words) {
                fputs("<br>", f);
                cell(f, x->words);
            }
            assay_repro_text(&(assay_repro){ k->seen[0].part->plugin_file, k->k.kernel, x->line, k->k.expected,
                                             k->seen[0].part->secret },
                             text);
            fputs("<br>", f);
            code(f, assay_plain(text));
            fputc('\n', f);
        }
    }
    for (size_t i = 0; i < s->n; i++)
        known(&s->kernel[i].k, f);
    for (size_t i = 0; i < s->n; i++) {
        const assay_result_kernel *k = &s->kernel[i].k;
        if (!k->note)
            continue;
        fputs("- ", f);
        cell(f, k->op);
        fputc('/', f);
        cell(f, k->kernel);
        fputs(": note: ", f);
        cell(f, k->note);
        fputc('\n', f);
    }
    for (size_t i = 0; i < s->n_holes; i++) {
        fputs("- coverage hole: ", f);
        cell(f, s->hole[i]);
        fputc('\n', f);
    }
    for (size_t i = 0; i < s->n_lacking; i++) {
        fputs("- ", f);
        cell(f, s->lacking[i]);
        fputc('\n', f);
    }
    for (size_t i = 0; i < s->n_unmet; i++) {
        fputs("- expected and not met: ", f);
        cell(f, s->unmet[i]);
        fputc('\n', f);
    }
}

static void hosts(const assay_results *r, FILE *f)
{
    fputs("\n| machine | features | build | runs |\n|---|---|---|---|\n", f);
    for (size_t i = 0; i < r->n; i++) {
        const assay_result_part *p = &r->part[i];
        fputs("| ", f);
        cell(f, p->target);
        fputs(", ", f);
        cell(f, p->model);
        fputs(" | ", f);
        cell(f, p->features);
        fputs(" | ", f);
        cell(f, p->commit);
        fputs(", ", f);
        cell(f, p->compiler);
        fputs(" | ", f);
        cell(f, p->what);
        fputs(", ", f);
        cell(f, p->level);
        fprintf(f, ", %lld/%lld |\n", (long long)p->shard, (long long)p->shards);
    }
}

static void uncovered(const assay_summary *s, FILE *f)
{
    fputs("\n<details><summary>Kernels that no machine covered</summary>\n\n| op | kernel | tier | reason "
          "|\n|---|---|---|---|\n",
          f);
    for (size_t i = 0; i < s->n; i++) {
        const assay_result_sum *k = &s->kernel[i];
        if ((k->k.reached == ASSAY_JUDGED && k->whole) || k->k.reached == ASSAY_FILTERED_OUT)
            continue;
        fputs("| ", f);
        cell(f, k->k.op);
        fputs(" | ", f);
        cell(f, k->k.kernel);
        fputs(" | ", f);
        cell(f, k->k.isa);
        fprintf(f, " | %s |\n", k->verdict);
    }
    fputs("\n</details>\n", f);
}

assay_status assay_report_markdown(const assay_summary *s, FILE *f)
{
    fprintf(f, "### Assay: %s\n\n", assay_summary_code(s) ? "failed" : "passed");
    fprintf(f, "%lld kernel%s judged on %lld case%s: %lld runs passed, %lld failed, %lld not accepted.",
            (long long)s->judged, s->judged == 1 ? "" : "s", (long long)s->cases, s->cases == 1 ? "" : "s",
            (long long)s->passed, (long long)s->failed, (long long)s->not_accepted);
    if (s->known)
        fprintf(f, " %lld failed as known.", (long long)s->known);
    if (s->not_run)
        fprintf(f, " %lld were not run.", (long long)s->not_run);
    if (s->faults + s->legal)
        fprintf(f, " %lld of %lld seeded faults caught; %lld of %lld legal variants flagged.", (long long)s->caught,
                (long long)s->faults, (long long)s->flagged, (long long)s->legal);
    fputs("\n\n", f);
    failures(s, f);
    hosts(s->of, f);
    if (s->off_cpu + s->not_built)
        uncovered(s, f);
    return ASSAY_OK;
}
