/* SPDX-License-Identifier: MIT */
#include "output.h"
#include "../../reference/core/save.h"
#include "../../reference/core/status.h"

static const struct {
    const char *option;
    assay_status (*report)(const assay_summary *s, FILE *f);
} form[ASSAY_OUTPUTS] = { { "--json", assay_report_json },
                          { "--junit", assay_report_junit },
                          { "--tap", assay_report_tap },
                          { "--markdown", assay_report_markdown } };

assay_status assay_outputs_begin(const assay_outputs *o, assay_why *why)
{
    const char *option[ASSAY_OUTPUTS];
    for (int i = 0; i < ASSAY_OUTPUTS; i++)
        option[i] = form[i].option;
    return assay_save_begin(option, o->path, ASSAY_OUTPUTS, why);
}

static assay_status write_one(int i, const char *path, const assay_summary *s, assay_why *why)
{
    assay_save f;
    assay_status st = assay_save_open(&f, path, why);
    if (st)
        return st;
    st = form[i].report(s, f.f);
    if (!st)
        return assay_save_commit(&f, why);
    assay_save_cancel(&f);
    return assay_fail(why, st, "%s %.400s: no memory for the document", form[i].option, path);
}

assay_status assay_outputs_write(const assay_outputs *o, const assay_summary *s, assay_why *why)
{
    assay_status bad = ASSAY_OK;
    for (int i = 0; i < ASSAY_OUTPUTS; i++) {
        assay_why one = { "" };
        if (o->path[i] && write_one(i, o->path[i], s, &one)) {
            bad = ASSAY_ERR_IO;
            *(why ? why : &one) = one;
        }
    }
    return bad;
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
