/* SPDX-License-Identifier: MIT
 * TAP 14 (testanything.org): one test point per kernel; SKIP where no machine could judge it. */
#include "output.h"
#include "repro.h"
#include <string.h>

/* A description may hold no newline, and # only behind a backslash. */
static void plain(FILE *f, const char *text)
{
    for (const char *s = text; *s; s++) {
        if (*s == '#' || *s == '\\')
            fputc('\\', f);
        fputc((unsigned char)*s < 0x20 ? ' ' : *s, f);
    }
}

/* A YAML scalar in single quotes: a quote is doubled. */
static void yaml(FILE *f, const char *key, const char *text)
{
    fprintf(f, "  %s: '", key);
    for (const char *s = text; *s; s++) {
        if (*s == '\'')
            fputc('\'', f);
        fputc((unsigned char)*s < 0x20 ? ' ' : *s, f);
    }
    fputs("'\n", f);
}

static void point(FILE *f, size_t n, const assay_result_sum *k)
{
    char text[ASSAY_REPRO_TEXT];
    const bool known = k->good && k->k.known; /* TAP's own form of it: "not ok", and TODO */
    fprintf(f, "%s %zu - ", k->good && !known ? "ok" : "not ok", n);
    plain(f, k->what);
    fputc(' ', f);
    plain(f, k->k.op);
    fputc('/', f);
    plain(f, k->k.kernel);
    if (k->k.reached != ASSAY_JUDGED || known) {
        fputs(known ? " # TODO known failure: " : " # SKIP ", f);
        plain(f, known ? k->k.known_failure[0].known : k->verdict);
    }
    fputc('\n', f);
    if (k->good)
        return;
    fputs("  ---\n", f);
    yaml(f, "verdict", k->verdict);
    if (k->k.cause)
        yaml(f, "cause", k->k.cause);
    if (k->k.n_failures) {
        yaml(f, "by", k->k.failure[0].by);
        yaml(f, "message", k->k.failure[0].why);
        if (k->k.failure[0].words)
            yaml(f, "words", k->k.failure[0].words);
        yaml(f, "case", k->k.failure[0].line);
        assay_repro_text(&(assay_repro){ k->seen[0].part->plugin_file, k->k.kernel, k->k.failure[0].line, k->k.expected,
                                         k->seen[0].part->secret },
                         text);
        yaml(f, "repro", text);
    }
    fputs("  ...\n", f);
}

static size_t others(FILE *f, size_t n, const char *what, const char *const *text, size_t n_text)
{
    for (size_t i = 0; i < n_text; i++) {
        fprintf(f, "not ok %zu - %s: ", ++n, what);
        plain(f, text[i]);
        fputc('\n', f);
    }
    return n;
}

assay_status assay_report_tap(const assay_summary *s, FILE *f)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        n += s->kernel[i].k.reached != ASSAY_FILTERED_OUT;
    fprintf(f, "TAP version 14\n1..%zu\n", n + s->n_holes + s->n_lacking + s->n_unmet);
    n = 0;
    for (size_t i = 0; i < s->n; i++)
        if (s->kernel[i].k.reached != ASSAY_FILTERED_OUT) /* what no run meant is no test */
            point(f, ++n, &s->kernel[i]);
    n = others(f, n, "coverage hole", s->hole, s->n_holes);
    n = others(f, n, "shards", s->lacking, s->n_lacking);
    others(f, n, "expected and not met", s->unmet, s->n_unmet);
    return ASSAY_OK;
}
