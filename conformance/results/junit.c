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

/* What no run meant is no test. */
static bool meant(const assay_result_sum *k)
{
    return k->k.reached != ASSAY_FILTERED_OUT;
}

static bool known(const assay_result_sum *k)
{
    return k->good && k->k.known;
}

/* As other runners have it, a test whose failure is expected is one that is skipped. */
static bool skipped(const assay_result_sum *k)
{
    return k->k.reached != ASSAY_JUDGED || known(k);
}

typedef struct totals {
    int64_t tests, failures, skipped;
    double seconds;
} totals;

static void count(totals *t, const assay_result_sum *k)
{
    t->tests += meant(k);
    t->failures += !k->good;
    t->skipped += meant(k) && skipped(k);
    t->seconds += k->k.seconds;
}

/* The source of a kernel of this project, as CI servers link it; of a plug-in the file that was judged. */
static void file_of(FILE *f, const assay_result_sum *k)
{
    char path[200];
    const char *plugin = k->seen[0].part->plugin_file, *file = k->k.file;
    const char *folder = !strncmp(file, "reference/", 10) ? ""
                         : !strncmp(file, "probes/", 7)   ? "conformance/proof/"
                                                          : "optimized/";
    const char *own = !strncmp(file, "emulated/", 9) ? file + 9 : file, *tier = strrchr(own, '_');
    const size_t all = strnlen(own, 150); /* "simd/add_avx2" is add.c, compiled for avx2 */
    const size_t length = !strncmp(own, "simd/", 5) && tier ? (size_t)(tier - own) : all;
    snprintf(path, sizeof path, "%s%.*s.c", folder, (int)(length < all ? length : all), own);
    if (*file || (k->plugin && plugin))
        attribute(f, "file", *file ? path : plugin);
}

static void failure(FILE *f, const assay_result_sum *k)
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
    if (k->k.cause) {
        escape(f, k->k.cause);
        fputc('\n', f);
    }
    for (size_t i = 0; i < k->k.n_failures && i < ASSAY_RESULTS_SHOWN; i++) {
        const assay_result_failure *x = &k->k.failure[i];
        assay_repro_text(&(assay_repro){ k->seen[0].part->plugin_file, k->k.kernel, x->line, k->k.expected,
                                         k->seen[0].part->secret },
                         text);
        escape(f, x->by);
        fputs(": ", f);
        escape(f, x->why);
        fputc('\n', f);
        if (x->words) {
            escape(f, x->words);
            fputc('\n', f);
        }
        escape(f, text);
        fputc('\n', f);
    }
    fputs("</failure>\n", f);
}

static void testcase(FILE *f, const assay_result_sum *k)
{
    const assay_result_part *host = k->seen[0].part;
    fputs("    <testcase", f);
    attribute(f, "classname", k->k.op);
    attribute(f, "name", k->k.kernel);
    file_of(f, k);
    fprintf(f, " time=\"%.6f\">\n", k->k.seconds);
    if (skipped(k)) {
        fputs("      <skipped", f);
        if (known(k))
            attribute(f, "type", "known failure");
        attribute(f, "message", known(k) ? k->k.known_failure[0].known : k->verdict);
        fputs("/>\n", f);
    } else if (!k->good)
        failure(f, k);
    fputs("      <system-out>", f);
    fprintf(
        f,
        "%lld passed, %lld failed, %lld failed as known, %lld not accepted, %lld of other types, %lld not run, worst "
        "%.3f of bound\n",
        (long long)k->k.passed, (long long)k->k.failed, (long long)k->k.known, (long long)k->k.not_accepted,
        (long long)k->k.other_types, (long long)k->k.not_run, k->k.worst);
    escape(f, k->k.isa);
    fputs("; ", f);
    escape(f, k->k.contract);
    fputs("\n", f);
    escape(f, host->target);
    fputs(" ", f);
    escape(f, host->model);
    fputs("</system-out>\n    </testcase>\n", f);
}

static void suite(FILE *f, const char *name, const totals *t)
{
    fputs("  <testsuite", f);
    attribute(f, "name", name);
    fprintf(f, " tests=\"%lld\" failures=\"%lld\" errors=\"0\" skipped=\"%lld\" time=\"%.6f\">\n", (long long)t->tests,
            (long long)t->failures, (long long)t->skipped, t->seconds);
}

/* holes and missing shards are tests of their own */
static void extra(FILE *f, const char *name, const char *const *text, size_t n)
{
    suite(f, name, &(totals){ n ? (int64_t)n : 1, (int64_t)n, 0, 0 });
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

static bool same_suite(const assay_result_sum *a, const assay_result_sum *b)
{
    return !strcmp(a->k.op, b->k.op) && !strcmp(a->what, b->what);
}

assay_status assay_report_junit(const assay_summary *s, FILE *f)
{
    const int64_t others = (int64_t)(s->n_holes + s->n_lacking + s->n_unmet);
    totals all = { .tests = others + !s->n_holes + !s->n_lacking, .failures = others };
    for (size_t i = 0; i < s->n; i++)
        count(&all, &s->kernel[i]);
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", f);
    fprintf(f, "<testsuites name=\"assay\" tests=\"%lld\" failures=\"%lld\" errors=\"0\" time=\"%.6f\">\n",
            (long long)all.tests, (long long)all.failures, all.seconds);
    const char *secret = s->of->n ? s->of->part[0].secret : NULL; /* parts of different ones are not joined */
    if (secret) {
        fputs("  <properties>\n    <property name=\"secret\"", f);
        attribute(f, "value", secret);
        fputs("/>\n  </properties>\n", f);
    }
    for (size_t i = 0, j; i < s->n; i = j) {
        totals t = { 0 };
        char name[128];
        for (j = i; j < s->n && same_suite(&s->kernel[i], &s->kernel[j]); j++)
            count(&t, &s->kernel[j]);
        if (!t.tests)
            continue;
        snprintf(name, sizeof name, "%.40s.%.80s", s->kernel[i].what, s->kernel[i].k.op);
        suite(f, name, &t);
        for (size_t k = i; k < j; k++)
            if (meant(&s->kernel[k]))
                testcase(f, &s->kernel[k]);
        fputs("  </testsuite>\n", f);
    }
    extra(f, "coverage", s->hole, s->n_holes);
    extra(f, "shards", s->lacking, s->n_lacking);
    if (s->n_unmet)
        extra(f, "unmet", s->unmet, s->n_unmet);
    fputs("</testsuites>\n", f);
    return ASSAY_OK;
}
