/* SPDX-License-Identifier: MIT
 * JUnit XML, the part of it that GitLab, Jenkins and GitHub's reporters share: one testsuite per op, one testcase per
 * kernel; skipped: no machine could, or it was filtered out. */
#include "../../reference/core/plain.h"
#include "output.h"
#include "repro.h"
#include <string.h>

static void escape(FILE *f, const char *text)
{
    assay_plain_put(f, ASSAY_MARKUP, text, strlen(text));
}

static void attribute(FILE *f, const char *name, const char *value)
{
    fprintf(f, " %s=\"", name);
    escape(f, value);
    fputc('"', f);
}

static bool skipped(const assay_r_sum *k)
{
    return k->k.reached != ASSAY_JUDGED;
}

static void failure(FILE *f, const assay_r_sum *k)
{
    char text[ASSAY_REPRO_TEXT];
    const bool missed = k->k.expected && !strcmp(k->k.expected, "fault");
    fputs("      <failure", f);
    attribute(f, "message",
              missed            ? "a seeded fault was not caught"
              : k->k.n_failures ? k->k.failure[0].why
                                : k->verdict);
    attribute(f, "type", missed ? "MISSED" : k->k.n_failures ? k->k.failure[0].by : k->verdict);
    fputc('>', f);
    for (size_t i = 0; i < k->k.n_failures; i++) {
        const assay_r_failure *x = &k->k.failure[i];
        escape(f, x->by);
        fputs(": ", f);
        escape(f, x->why);
        assay_repro_text(&(assay_repro){ k->seen[0].part->plugin_file, k->k.kernel, x->line, k->k.expected }, text);
        fputc('\n', f);
        escape(f, text);
        fputc('\n', f);
    }
    fputs("</failure>\n", f);
}

static void testcase(FILE *f, const assay_r_sum *k)
{
    const assay_r_part *host = k->seen[0].part;
    fputs("    <testcase", f);
    attribute(f, "classname", k->k.op);
    attribute(f, "name", k->k.kernel);
    fputs(" time=\"0\">\n", f);
    if (skipped(k)) {
        fputs("      <skipped", f);
        attribute(f, "message", k->verdict);
        fputs("/>\n", f);
    } else if (!k->good)
        failure(f, k);
    fputs("      <system-out>", f);
    fprintf(f, "%lld passed, %lld failed, %lld not accepted, worst %.3f of bound\n", (long long)k->k.passed,
            (long long)k->k.failed, (long long)k->k.not_accepted, k->k.worst);
    escape(f, k->k.isa);
    fputs("; ", f);
    escape(f, k->k.contract);
    fputs("\n", f);
    escape(f, host->target);
    fputs(" ", f);
    escape(f, host->model);
    fputs("</system-out>\n    </testcase>\n", f);
}

/* holes and missing shards are tests of their own */
static void extra(FILE *f, const char *name, const char *const *text, size_t n)
{
    fprintf(f, "  <testsuite name=\"%s\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"0\" time=\"0\">\n", name,
            n ? n : 1, n);
    if (!n)
        fprintf(f, "    <testcase classname=\"%s\" name=\"none\" time=\"0\"/>\n", name);
    for (size_t i = 0; i < n; i++) {
        fprintf(f, "    <testcase classname=\"%s\"", name);
        attribute(f, "name", text[i]);
        fputs(" time=\"0\">\n      <failure", f);
        attribute(f, "message", text[i]);
        attribute(f, "type", name);
        fputs("/>\n    </testcase>\n", f);
    }
    fputs("  </testsuite>\n", f);
}

assay_status assay_report_junit(const assay_summary *s, FILE *f)
{
    int64_t skips = 0;
    for (size_t i = 0; i < s->n; i++)
        skips += skipped(&s->kernel[i]);
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", f);
    fprintf(f, "<testsuites name=\"assay\" tests=\"%zu\" failures=\"%lld\" errors=\"0\" skipped=\"%lld\" time=\"0\">\n",
            s->n + (s->n_holes ? s->n_holes : 1) + (s->n_lacking ? s->n_lacking : 1),
            (long long)(s->bad + (int64_t)(s->n_holes + s->n_lacking)), (long long)skips);
    for (size_t i = 0, j; i < s->n; i = j) {
        int64_t bad = 0, skip = 0;
        for (j = i;
             j < s->n && !strcmp(s->kernel[i].k.op, s->kernel[j].k.op) && !strcmp(s->kernel[i].what, s->kernel[j].what);
             j++) {
            bad += !s->kernel[j].good;
            skip += skipped(&s->kernel[j]);
        }
        char name[128];
        snprintf(name, sizeof name, "%.40s.%.80s", s->kernel[i].what, s->kernel[i].k.op);
        fputs("  <testsuite", f);
        attribute(f, "name", name);
        fprintf(f, " tests=\"%zu\" failures=\"%lld\" errors=\"0\" skipped=\"%lld\" time=\"0\">\n", j - i,
                (long long)bad, (long long)skip);
        for (size_t k = i; k < j; k++)
            testcase(f, &s->kernel[k]);
        fputs("  </testsuite>\n", f);
    }
    extra(f, "coverage", s->hole, s->n_holes);
    extra(f, "shards", s->lacking, s->n_lacking);
    fputs("</testsuites>\n", f);
    return ASSAY_OK;
}
