/* SPDX-License-Identifier: MIT
 * What is right: verdicts and margins. */
#include "../conformance/results/terminal.h"
#include "report.h"
#include <stdlib.h>
#include <string.h>

enum { MOST_TYPES = 9 };

answer answer_check(const report *r, char *text, size_t n)
{
    const cJSON *k;
    int right = 0, failed = 0, known = 0, off = 0;
    EACH (k, member(r->check, "kernels")) {
        const char *v = member_text(k, "verdict", "");
        right += !strcmp(v, "passed");
        known += !strcmp(v, "known");
        failed += !strcmp(v, "failed");
        off += !strcmp(v, "not on this CPU");
    }
    if (!r->check)
        return NOT_RUN;
    char also[64] = "";
    if (known)
        snprintf(also, sizeof also, "%d fail as is known, ", known);
    snprintf(
        text, n,
        "%d of %d that this machine can run are right, in %.0f cases; %s%d are not on this CPU, %d not built for it",
        right, right + known + failed, member_number(r->check, "cases", 0), also, off,
        cJSON_GetArraySize(member(r->check, "not_built")));
    return right && !failed;
}

static void verdict_row(report *r, const cJSON *k, const char *types, const cJSON *of)
{
    char worst[32] = "-";
    if (member_number(of, "worst", 0) > 0)
        snprintf(worst, sizeof worst, "%.3f", member_number(of, "worst", 0));
    page_row(r, "%s/%s|%s|%s|%s|%.0f|%s|%s", member_text(k, "op", "?"), member_text(k, "kernel", "?"),
             member_text(k, "isa", "?"), types,
             member_number(of, "failed", 0) > 0  ? "FAILED"
             : member_number(of, "known", 0) > 0 ? "known"
                                                 : "passed",
             member_number(of, "passed", 0) + member_number(of, "failed", 0) + member_number(of, "known", 0), worst,
             member_text(k, "contract", "?"));
}

/* Rows of kernels of a verdict, NULL: of those that neither failed nor fail as is known; how many kernels.  The scalar
 * form takes every combination of types: one line. */
static int verdict_rows(report *r, const char *verdict, bool write)
{
    const cJSON *k, *t;
    int n = 0;
    EACH (k, member(r->check, "kernels")) {
        const int combinations = cJSON_GetArraySize(member(k, "types"));
        char types[64];
        const bool bad = row_is(k, "verdict", "failed") || row_is(k, "verdict", "known");
        if (row_is(k, "verdict", "not on this CPU") || (verdict ? !row_is(k, "verdict", verdict) : bad))
            continue;
        n++;
        if (!write)
            continue;
        snprintf(types, sizeof types, "%d combinations", combinations);
        if (combinations > MOST_TYPES || (combinations > 1 && row_is(k, "kernel", "scalar"))) {
            verdict_row(r, k, types, k);
            continue;
        }
        EACH (t, member(k, "types"))
            verdict_row(r, k, member_text(t, "types", "?"), t);
    }
    return n;
}

static void verdict_table(report *r, const char *verdict)
{
    page_table(r, "kernel|tier|types|verdict|>cases|>worst|contract");
    verdict_rows(r, verdict, true);
    page_table_end(r);
}

/* Failures that somebody expects are shown as what they are, with the reason on record. */
static void known_table(report *r)
{
    const cJSON *k;
    page_text(r, "These fail as is known (assay check --known):");
    page_table(r, "kernel|tier|>runs that failed as known|since, and why|first case");
    EACH (k, member(r->check, "kernels")) {
        const cJSON *first = cJSON_GetArrayItem(member(k, "known_failures"), 0);
        if (first)
            page_row(r, "%s/%s|%s|%.0f|%s|%s", member_text(k, "op", "?"), member_text(k, "kernel", "?"),
                     member_text(k, "isa", "?"), member_number(k, "known", 0), member_text(first, "known", "?"),
                     member_text(first, "case", "?"));
    }
    page_table_end(r);
}

void section_verdicts(report *r)
{
    if (!r->check)
        return;
    const int bad = verdict_rows(r, "failed", false), good = verdict_rows(r, NULL, false);
    char summary[128];
    page_heading(r, "Verdicts");
    page_text(r, "Worst: the largest share of its proved error bound that any element of any case used; - where every "
                 "output is exact. Contract: what the kernel promises about its arithmetic, strict where it says "
                 "nothing (docs/contracts.md).");
    if (bad)
        verdict_table(r, "failed");
    else
        page_text(r, "No kernel failed.");
    if (member_number(r->check, "totals.known", 0) > 0)
        known_table(r);
    snprintf(summary, sizeof summary, "The %d kernel%s that passed, by types", good, assay_s(good));
    page_details(r, summary);
    verdict_table(r, NULL);
    page_details_end(r);
}

typedef struct margin {
    const cJSON *k;
    double worst;
} margin;

static int downwards(const void *a, const void *b)
{
    const margin *x = a, *y = b;
    return (x->worst < y->worst) - (x->worst > y->worst);
}

void section_margins(report *r)
{
    enum { DRAWN = 40 };
    const cJSON *k, *list = member(r->check, "kernels");
    margin *all = calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof *all);
    int n = 0;
    EACH (k, all ? list : NULL)
        if (member_number(k, "worst", 0) > 0)
            all[n++] = (margin){ k, member_number(k, "worst", 0) };
    FILE *f = n ? page_data(r, "margins") : NULL;
    if (f) {
        qsort(all, (size_t)n, sizeof *all, downwards);
        for (int i = 0; i < n && i < DRAWN; i++)
            fprintf(f, "%d %s %.6g\n", i,
                    data_word("%s %s", member_text(all[i].k, "op", "?"), member_text(all[i].k, "kernel", "?")),
                    all[i].worst);
        page_data_end(r);
        page_heading(r, "Margins");
        page_figure(r, "margins", "Share of its bound that each kernel used at worst",
                    "The 40 kernels with the largest share. 1 is the limit; a bar near it means a sharp bound, not a "
                    "bad kernel.");
    }
    free(all);
}
