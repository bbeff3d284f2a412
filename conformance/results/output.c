/* SPDX-License-Identifier: MIT */
#include "output.h"
#include "../../reference/core/status.h"
#include "assay_build.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *option;
    assay_status (*report)(const assay_summary *s, FILE *f);
} form[ASSAY_OUTPUTS] = { { "--json", assay_report_json },
                          { "--junit", assay_report_junit },
                          { "--tap", assay_report_tap },
                          { "--markdown", assay_report_markdown } };

static int out = STDOUT_FILENO; /* what "-" means */

static bool standard(const char *path)
{
    return path && !strcmp(path, "-");
}

assay_status assay_outputs_begin(const assay_outputs *o, assay_why *why)
{
    int first = -1;
    for (int i = 0; i < ASSAY_OUTPUTS; i++) {
        if (!standard(o->path[i]))
            continue;
        if (first >= 0)
            return assay_fail(why, ASSAY_ERR_ARG, "%s - and %s -: only one can be standard output", form[first].option,
                              form[i].option);
        first = i;
    }
    if (first < 0)
        return ASSAY_OK;
    fflush(stdout);
    out = dup(STDOUT_FILENO);
    if (out < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        return assay_fail(why, ASSAY_ERR_IO, "standard output: %s", strerror(errno));
    return ASSAY_OK;
}

/* s in form i, or the text of a document that is made already. */
static assay_status write_one(int i, const char *path, const assay_summary *s, const char *text, assay_why *why)
{
    char aside[4096];
    if (!path)
        return ASSAY_OK;
    const bool dash = standard(path);
    if (snprintf(aside, sizeof aside, "%s.%d.tmp", path, (int)getpid()) >= (int)sizeof aside)
        return assay_fail(why, ASSAY_ERR_ARG, "%s: the path is too long", form[i].option);
    errno = 0;
    FILE *f = dash ? fdopen(out, "w") : fopen(aside, "w");
    bool ok = f && (text ? fputs(text, f) >= 0 && fputc('\n', f) >= 0 : form[i].report(s, f) == ASSAY_OK);
    ok = ok && !ferror(f) && !fflush(f);
    int error = errno;
    if (f && fclose(f))
        ok = false, error = errno;
    if (!dash && ok && rename(aside, path))
        ok = false, error = errno;
    if (!dash && !ok)
        remove(aside);
    return ok ? ASSAY_OK : assay_fail(why, ASSAY_ERR_IO, "%s: cannot be written: %s", path, strerror(error));
}

assay_status assay_outputs_write(const assay_outputs *o, const assay_summary *s, assay_why *why)
{
    assay_status bad = ASSAY_OK;
    for (int i = 0; i < ASSAY_OUTPUTS; i++) {
        assay_why one = { "" };
        if (write_one(i, o->path[i], s, NULL, &one)) {
            bad = ASSAY_ERR_IO;
            *(why ? why : &one) = one;
        }
    }
    return bad;
}

void assay_document_open(assay_json *j, const char *kind)
{
    assay_json_open(j, NULL, '{');
    assay_json_int(j, "schema", 1);
    assay_json_str(j, "kind", kind);
    assay_json_str(j, "version", ASSAY_VERSION);
    assay_json_str(j, "commit", ASSAY_COMMIT);
    assay_json_str(j, "target", ASSAY_TARGET);
}

assay_status assay_text_write(const char *text, const char *path, assay_why *why)
{
    return write_one(0, path, NULL, text, why);
}

assay_status assay_document_write(assay_json *j, const char *path, assay_why *why)
{
    assay_json_close(j);
    const assay_status s = j->failed ? assay_fail(why, ASSAY_ERR_NOMEM, "%s: the document could not be made", path)
                                     : assay_text_write(j->text, path, why);
    assay_json_free(j);
    return s;
}

assay_status assay_ledger_write(const assay_ledger *l, const assay_outputs *o, assay_why *why)
{
    assay_results r = { 0 };
    assay_summary s;
    assay_ledger_results(l, &r);
    assay_summarize(&r, &s);
    const assay_status st = assay_outputs_write(o, &s, why);
    assay_summary_free(&s);
    assay_results_free(&r);
    return st;
}

enum { KEY_JUNIT = 0x2001, KEY_TAP, KEY_MARKDOWN }; /* KEY_JUNIT - 1: path[0] */

static error_t parse(int key, char *arg, struct argp_state *state)
{
    assay_outputs *o = state->input;
    if (key < KEY_JUNIT || key > KEY_MARKDOWN)
        return ARGP_ERR_UNKNOWN;
    o->path[1 + key - KEY_JUNIT] = arg;
    return 0;
}

static const struct argp_option options[] = {
    { "junit", KEY_JUNIT, "FILE", 0, "write them as JUnit XML (GitLab, Jenkins, GitHub); -: standard output", 0 },
    { "tap", KEY_TAP, "FILE", 0, "write them in the Test Anything Protocol, version 14", 0 },
    { "markdown", KEY_MARKDOWN, "FILE", 0, "write a summary for a pull request", 0 },
    { 0 },
};
const struct argp assay_outputs_argp = { options, parse, NULL, NULL, NULL, NULL, NULL };
