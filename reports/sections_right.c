/* SPDX-License-Identifier: MIT
 * What is right: verdicts and margins. */
#include "report.h"
#include <string.h>

enum { MOST_TYPES = 9 };

answer answer_check(const report *r, char *text, size_t n)
{
    const cJSON *k;
    int right = 0, failed = 0, off = 0;
    EACH (k, member(r->check, "kernels")) {
        const char *v = member_text(k, "verdict", "");
        right += !strcmp(v, "passed");
        failed += !strcmp(v, "failed");
        off += !strcmp(v, "not on this CPU");
    }
    if (!r->check)
        return NOT_RUN;
    snprintf(text, n,
             "%d of %d that this machine can run are right, in %.0f cases; %d are not on this CPU, %d not built for it",
             right, right + failed, member_number(r->check, "cases", 0), off,
             cJSON_GetArraySize(member(r->check, "not_built")));
    return right && !failed;
}

void section_verdicts(report *r)
{
    const cJSON *k, *t;
    if (!r->check)
        return;
    page_heading(r, "Verdicts");
    page_text(
        r,
        "Worst: the largest share of its proved error bound that any element of any case used; - where every "
        "output is exact. "
        "Contract: what the kernel promises about its arithmetic, strict where it says nothing (docs/contracts.md).");
    page_table(r, "op|kernel|tier|types|verdict|>cases|>worst|contract");
    EACH (k, member(r->check, "kernels")) {
        if (!strcmp(member_text(k, "verdict", ""), "not on this CPU"))
            continue;
        const int combinations = cJSON_GetArraySize(member(k, "types"));
        if (combinations > MOST_TYPES ||
            (combinations > 1 &&
             !strcmp(member_text(k, "kernel", ""), "scalar"))) { /* the scalar form takes every combination: one line */
            page_row(r, "%s|%s|%s|%d combinations|%s|%.0f|%.3f|%s", member_text(k, "op", "?"),
                     member_text(k, "kernel", "?"), member_text(k, "isa", "?"), combinations,
                     member_number(k, "failed", 0) > 0 ? "FAILED" : "passed",
                     member_number(k, "passed", 0) + member_number(k, "failed", 0), member_number(k, "worst", 0),
                     member_text(k, "contract", "?"));
            continue;
        }
        EACH (t, member(k, "types")) {
            char worst[32] = "-";
            if (member_number(t, "worst", 0) > 0)
                snprintf(worst, sizeof worst, "%.3f", member_number(t, "worst", 0));
            page_row(r, "%s|%s|%s|%s|%s|%.0f|%s|%s", member_text(k, "op", "?"), member_text(k, "kernel", "?"),
                     member_text(k, "isa", "?"), member_text(t, "types", "?"),
                     member_number(t, "failed", 0) > 0 ? "FAILED" : "passed",
                     member_number(t, "passed", 0) + member_number(t, "failed", 0), worst,
                     member_text(k, "contract", "?"));
        }
    }
    page_table_end(r);
}

void section_margins(report *r)
{
    const cJSON *k;
    FILE *f = r->check ? page_data(r, "margins") : NULL;
    if (!f)
        return;
    int n = 0;
    EACH (k, member(r->check, "kernels"))
        if (member_number(k, "worst", 0) > 0)
            fprintf(f, "%d %s %.6g\n", n++,
                    data_word("%s %s", member_text(k, "op", "?"), member_text(k, "kernel", "?")),
                    member_number(k, "worst", 0));
    page_data_end(r);
    if (!n)
        return;
    page_heading(r, "Margins");
    page_figure(r, "margins",
                "How much of its bound each kernel used at worst. 1 is the limit; a bar near it means a sharp bound, "
                "not a bad kernel.");
}
