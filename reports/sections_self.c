/* SPDX-License-Identifier: MIT
 * The judge, judged, beside other projects' rules: what assay check --self --json wrote. */
#include "report.h"
#include <string.h>

enum { ACROSS = 8, CELL = 10, MOST_RULES = 16 }; /* squares side by side in a cell; units from cell to cell */

typedef enum opinion { OWN, OURS, MISSED, NOT_ASKED } opinion;

/* Its numbers may be right: rules about outputs are not asked (conformance/proof/scores/self_table.c). */
static bool about_outputs(const cJSON *k)
{
    const char *by = member_text(k, "caught_by", "");
    return strcmp(by, "memory") != 0 && strcmp(by, "abi") != 0;
}

/* What rule r says of a fault; rule -1: ours. */
static opinion opinion_of(const cJSON *k, int r)
{
    if (r < 0)
        return member_number(k, "failed", 0) > 0 ? OWN : MISSED;
    const cJSON *t = cJSON_GetArrayItem(member(k, "rules"), r); /* runs, rejected, told apart: ours, then its own */
    if (!about_outputs(k) || item_number(t, 0) + item_number(t, 3) == 0)
        return NOT_ASKED;
    return item_number(t, 5) > 0 ? OWN : item_number(t, 2) > 0 ? OURS : MISSED;
}

static bool is_fault(const cJSON *k)
{
    return !strcmp(member_text(k, "expected", ""), "fault");
}

/* Faults of the machine's state have no square: every square would be grey. */
static bool drawn(const cJSON *k)
{
    return is_fault(k) && strcmp(member_text(k, "caught_by", ""), "abi") != 0;
}

/* Lines of one kind: the squares of one colour, or text.  A block per kind: gnuplot's index. */
static void figure_block(FILE *f, const cJSON *list, int rules, int kind)
{
    double top = 0;
    for (const cJSON *from = list->child, *to; from; from = to) {
        const char *op = member_text(from, "op", "?");
        int n = 0;
        for (to = from; to && !strcmp(member_text(to, "op", "?"), op); to = to->next)
            n += drawn(to);
        const int down = (n + ACROSS - 1) / ACROSS;
        for (int r = -1; n && r < rules; r++) {
            int at = 0, caught = 0, asked = 0;
            for (const cJSON *k = from; k != to; k = k->next) {
                if (!drawn(k))
                    continue;
                const opinion is = opinion_of(k, r);
                asked += is != NOT_ASKED;
                caught += is == OWN;
                if ((int)is == kind)
                    fprintf(f, "%d %g\n", (r + 1) * CELL + at % ACROSS, top + at / ACROSS);
                at++;
            }
            if (kind == 4 && asked)
                fprintf(f, "%g %g \"%d of %d\"\n", (r + 1) * CELL + (ACROSS - 1) / 2.0, top + down + 0.15, caught,
                        asked);
        }
        if (n && kind == 5)
            fprintf(f, "-1.2 %g %s\n", top + (down - 1) / 2.0, data_word("%s", op));
        top += n ? down + 2 : 0;
    }
    if (kind == 6) {
        fprintf(f, "%g %g\n", (rules + 1) * (double)CELL, top); /* the size of the drawing */
    }
    fputs("\n\n", f);
}

static void matrix(report *r, const cJSON *list, const cJSON *rules)
{
    const cJSON *k;
    const int n = cJSON_GetArraySize(rules);
    FILE *f = page_data(r, "rules");
    if (!f)
        return;
    for (int kind = 0; kind <= 6; kind++)
        figure_block(f, list, n, kind);
    int x = 1;
    fprintf(f, "%g -2.2 \"Assay\"\n", (ACROSS - 1) / 2.0);
    EACH (k, rules)
        fprintf(f, "%g -2.2 %s\n", x++ * CELL + (ACROSS - 1) / 2.0, data_word("%s", member_text(k, "name", "?")));
    page_data_end(r);
    page_figure(
        r, "rules", "Wrong kernels caught, by rule and op",
        "Each square is one wrong kernel, in the same place in every column; below, how many were caught on the "
        "project's own kind of input (Assay: on its own cases).");
}

static void score_row(report *r, const char *rule, const char *inputs, const cJSON *s)
{
    const double faults = member_number(s, "faults", 0), caught = member_number(s, "caught", 0);
    if (faults > 0)
        page_row(r, "%s|%s|%.0f|%.0f|%.1f %%|%.0f of %.0f|%.0f of %.0f", rule, inputs, faults, caught,
                 100 * caught / faults, member_number(s, "flagged", 0), member_number(s, "legal", 0),
                 member_number(s, "flagged_runs", 0), member_number(s, "runs", 0));
}

static void scores(report *r, const cJSON *rules)
{
    const cJSON *k;
    char own[64];
    page_table(r, "rule|inputs|>faults|>caught|>detection|>legal variants flagged|>runs flagged");
    score_row(r, "Assay", "its cases", member(r->self, "totals"));
    EACH (k, member(r->self, "assay_on")) {
        snprintf(own, sizeof own, "as %s", k->string ? k->string : "?");
        score_row(r, "Assay", own, k);
    }
    EACH (k, rules) {
        score_row(r, member_text(k, "name", "?"), "its own", member(k, "own"));
        score_row(r, member_text(k, "name", "?"), "Assay's cases", member(k, "ours"));
    }
    page_table_end(r);
}

static void bugs(report *r, const cJSON *list, const cJSON *rules)
{
    const cJSON *k, *name;
    page_details(r, "Public bugs among them: would have caught ...");
    page_table(r, "would have caught|re-enacted as|by|on generator|caught on its own inputs by");
    EACH (k, list) {
        char by[256] = "";
        int i = 0;
        if (!is_fault(k) || !strchr(member_text(k, "source", ""), '#'))
            continue;
        EACH (name, rules) {
            const size_t at = strlen(by);
            if (opinion_of(k, i++) == OWN)
                snprintf(by + at, sizeof by - at, "%s%s", at ? ", " : "", member_text(name, "name", "?"));
        }
        page_row(r, "%s|%s/%s|%s|%s|%s", member_text(k, "source", ""), member_text(k, "op", "?"),
                 member_text(k, "kernel", "?"), member_text(k, "caught_by", "NOTHING"),
                 member_text(k, "caught_on", "-"),
                 !about_outputs(k) ? "not asked"
                 : by[0]           ? by
                                   : "none");
    }
    page_table_end(r);
    page_details_end(r);
}

void section_self(report *r)
{
    const cJSON *rules = member(r->self, "rules"), *list = member(r->self, "kernels"),
                *total = member(r->self, "totals"), *k;
    if (!rules || !list || !list->child || cJSON_GetArraySize(rules) > MOST_RULES)
        return;
    page_heading(r, "The same kernels under other projects' rules");
    if (cJSON_GetArraySize(member(r->self, "not_judged")))
        page_text(r, "Of a part of the ops: %d were not judged in this run, and are named at the end of the page.",
                  cJSON_GetArraySize(member(r->self, "not_judged")));
    page_text(
        r,
        "%.0f of %.0f seeded faults caught, %.0f of %.0f legal variants flagged in %.0f runs. The rules by which other "
        "projects judge their kernels saw the same outputs, and the same kernels on their own kinds of input in our "
        "shapes (docs/judge.md: what each rule demands, from which source). Caught: rejected in a case in which the "
        "rule rejects neither a legal variant nor the rounded golden itself. Faults that show in memory or in the "
        "machine's state only are not counted against a rule about outputs.",
        member_number(total, "caught", 0), member_number(total, "faults", 0), member_number(total, "flagged", 0),
        member_number(total, "legal", 0), member_number(total, "runs", 0));
    matrix(r, list, rules);
    scores(r, rules);
    page_details(r, "What each rule demands, and its own kind of input");
    page_table(r, "rule|demands|its own inputs");
    EACH (k, rules)
        page_row(r, "%s|%s|%s", member_text(k, "name", "?"), member_text(k, "what", "?"),
                 member_text(k, "inputs", "?"));
    page_table_end(r);
    page_details_end(r);
    bugs(r, list, rules);
}
