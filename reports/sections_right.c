/* SPDX-License-Identifier: MIT
 * What is right: totals, machine, verdicts, margins, and what was not covered. */
#include "report.h"
#include <string.h>

enum { MOST_TYPES = 9 };

static const cJSON *passport(const report *r)
{
    return member(r->bench, "context.assay");
}

void section_summary(report *r)
{
    int kernels = 0, failed = 0, off = 0;
    double runs = 0, bad = 0, refused = 0;
    const cJSON *k;
    EACH (k, member(r->check, "kernels")) {
        const char *v = member_text(k, "verdict", "");
        kernels++;
        failed += !strcmp(v, "failed");
        off += !strcmp(v, "not on this CPU");
        runs += member_number(k, "passed", 0);
        bad += member_number(k, "failed", 0);
        refused += member_number(k, "not_accepted", 0);
    }
    if (r->check)
        page_text(r,
                  "%s. %d kernels in %.0f cases: %.0f runs passed, %.0f failed, %.0f not accepted; %d kernels not on "
                  "this CPU, "
                  "%d not built for this target.",
                  failed ? "SOME KERNELS FAILED" : "Every kernel that this machine can run is right", kernels,
                  member_number(r->check, "cases", 0), runs, bad, refused, off,
                  cJSON_GetArraySize(member(r->check, "not_built")));
    const cJSON *f = member(r->faults, "totals");
    if (f)
        page_text(r, "The judge was judged: %.0f of %.0f seeded faults caught, %.0f of %.0f legal variants flagged.",
                  member_number(f, "caught", 0), member_number(f, "faults", 0), member_number(f, "flagged", 0),
                  member_number(f, "legal", 0));
    page_text(r, "Assay %s, commit %s.", member_text(r->check ? r->check : passport(r), "version", "?"),
              member_text(r->check ? r->check : passport(r), "commit", "?"));
}

void section_machine(report *r)
{
    const cJSON *p = passport(r), *c;
    if (!p)
        return;
    page_heading(r, "Machine");
    page_table(r, "what|this machine");
    page_row(r, "CPU|%s, %.0f cores, %.0f threads", member_text(p, "cpu.model", "?"), member_number(p, "cpu.cores", 0),
             member_number(p, "cpu.threads", 0));
    EACH (c, member(p, "caches")) {
        if (strcmp(member_text(c, "type", ""), "instruction") != 0)
            page_row(r, "L%.0f %s|%.0f KiB, shared by %.0f", member_number(c, "level", 0), member_text(c, "type", ""),
                     member_number(c, "bytes", 0) / 1024, member_number(c, "shared_by", 1));
    }
    page_row(r, "memory|%.1f GiB", member_number(p, "memory.total", 0) / (1 << 30));
    page_row(r, "system|%s, %s", member_text(p, "system.os", "?"), member_text(p, "system.kernel", "?"));
    page_row(r, "compiler|%s", member_text(p, "compiler", "?"));
    page_row(r, "date|%s", member_text(p, "date", "?"));
    page_table_end(r);
    page_text(r, "Measured roofs:");
    page_table(r, "roof|>value|unit");
    EACH (c, member(r->bench, "roofs"))
        page_row(r, "%s|%.1f|%s", member_text(c, "name", "?"), member_number(c, "value", 0),
                 member_text(c, "unit", ""));
    page_table_end(r);
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
            fprintf(f, "%d \"%s %s\" %.6g\n", n++, member_text(k, "op", "?"), member_text(k, "kernel", "?"),
                    member_number(k, "worst", 0));
    fclose(f);
    page_heading(r, "Margins");
    page_figure(r, "margins",
                "How much of its bound each kernel used at worst. 1 is the limit; a bar near it means a sharp bound, "
                "not a bad kernel.");
}

/* Per op: how many faults were caught and by what; then the real bugs among them. */
void section_faults(report *r)
{
    static const char *const by[] = { "class",  "EX",    "T1",      "T2",     "DISCRETE",
                                      "memory", "crash", "timeout", "status", "abi" };
    enum { BY = sizeof by / sizeof *by };
    const cJSON *k, *list = member(r->faults, "kernels");
    if (!list)
        return;
    page_heading(r, "The judge, judged");
    page_text(
        r,
        "Kernels that are wrong on purpose, and legal variants that must never be flagged: which verdict caught what.");
    page_table(
        r, "op|>faults|>caught|>class|>EX|>T1|>T2|>DISCRETE|>memory|>crash|>timeout|>status|>legal variants|>flagged");
    const char *op = "";
    int count[BY] = { 0 }, faults = 0, caught = 0, legal = 0, flagged = 0;
    for (k = list->child;; k = k->next) {
        if (op[0] && (!k || strcmp(member_text(k, "op", ""), op) != 0)) {
            page_row(r, "%s|%d|%d|%d|%d|%d|%d|%d|%d|%d|%d|%d|%d|%d", op, faults, caught, count[0], count[1], count[2],
                     count[3], count[4], count[5], count[6], count[7], count[8], legal, flagged);
            memset(count, 0, sizeof count);
            faults = caught = legal = flagged = 0;
        }
        if (!k)
            break;
        op = member_text(k, "op", "?");
        const char *how = member_text(k, "caught_by", NULL);
        if (!strcmp(member_text(k, "expected", ""), "legal")) {
            legal++;
            flagged += how != NULL;
            continue;
        }
        faults++;
        caught += how != NULL;
        for (int i = 0; how && i < BY; i++)
            count[i] += !strcmp(how, by[i]);
    }
    page_table_end(r);
    page_details(r, "Real bugs among them, re-enacted from their public threads");
    page_table(r, "bug|op|re-enacted as|caught by");
    EACH (k, list) {
        if (strchr(member_text(k, "source", ""), '#') && !strcmp(member_text(k, "expected", ""), "fault"))
            page_row(r, "%s|%s|%s|%s", member_text(k, "source", ""), member_text(k, "op", "?"),
                     member_text(k, "kernel", "?"), member_text(k, "caught_by", "NOT CAUGHT"));
    }
    page_table_end(r);
    page_details_end(r);
}

void section_missing(report *r)
{
    const cJSON *k;
    page_heading(r, "Not covered here, and why");
    page_table(r, "what|why");
    EACH (k, member(r->check, "not_built"))
        page_row(r, "%s|not built for this target", cJSON_IsString(k) ? k->valuestring : "?");
    EACH (k, member(r->check, "kernels"))
        if (!strcmp(member_text(k, "verdict", ""), "not on this CPU"))
            page_row(r, "%s/%s|not on this CPU (%s)", member_text(k, "op", "?"), member_text(k, "kernel", "?"),
                     member_text(k, "isa", "?"));
    EACH (k, member(r->bench, "not_measured"))
        page_row(r, "%s|%s", member_text(k, "name", "?"), member_text(k, "why", "?"));
    const cJSON *c;
    EACH (c, member(passport(r), "counters"))
        if (!strcmp(member_text(c, "from", ""), "n/a"))
            page_row(r, "counter %s|%s", c->string, member_text(c, "why", "?"));
    page_table_end(r);
}
