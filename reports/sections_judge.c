/* SPDX-License-Identifier: MIT
 * The judge, judged: seeded faults, mechanical mutants, cheats and hostile plug-ins, relations. */
#include "../conformance/results/terminal.h"
#include "report.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int percent(double part, double whole)
{
    return whole > 0 ? (int)(100 * fmax(0, fmin(part / whole, 1))) : 0;
}

/* ---- seeded faults ---------------------------------------------------------------------------------------------- */

answer answer_faults(const report *r, char *text, size_t n)
{
    const cJSON *t = member(r->faults, "totals");
    const int without = cJSON_GetArraySize(member(r->faults, "not_judged"));
    char part[96] = "";
    if (!t)
        return NOT_RUN;
    if (without)
        snprintf(part, sizeof part, "; of a part of the ops: %d were not judged in this run", without);
    snprintf(text, n, "%.0f of %.0f kernels that are wrong on purpose caught, %.0f of %.0f legal ones flagged%s",
             member_number(t, "caught", 0), member_number(t, "faults", 0), member_number(t, "flagged", 0),
             member_number(t, "legal", 0), part);
    return member_number(t, "caught", 0) == member_number(t, "faults", -1) && !member_number(t, "flagged", 1);
}

void section_faults(report *r)
{
    static tally t;
    const cJSON *k, *list = member(r->faults, "kernels");
    if (!list)
        return;
    memset(&t, 0, sizeof t);
    page_heading(r, "The judge, judged");
    page_text(r, "Kernels that are wrong on purpose (seeded faults), by the verdict that caught each first, and legal "
                 "variants: correct "
                 "kernels with another order of summation or another formula, which must never be flagged.");
    EACH (k, list) {
        const char *op = member_text(k, "op", "?"), *by = member_text(k, "caught_by", NULL);
        const bool legal = row_is(k, "expected", "legal");
        tally_add(&t, op, "faults", !legal);
        tally_add(&t, op, "caught", !legal && by);
        tally_add(&t, op, "legal variants", legal);
        tally_add(&t, op, "flagged", legal && by);
        if (by)
            tally_add(&t, op, by, !legal);
    }
    tally_table(r, &t, "op");
    page_details(r, "Real bugs among them, re-enacted from their public threads");
    page_table(r, "bug|op|re-enacted as|caught by");
    EACH (k, list) {
        if (strchr(member_text(k, "source", ""), '#') && row_is(k, "expected", "fault"))
            page_row(r, "%s|%s|%s|%s", member_text(k, "source", ""), member_text(k, "op", "?"),
                     member_text(k, "kernel", "?"), member_text(k, "caught_by", "NOT CAUGHT"));
    }
    page_table_end(r);
    page_details_end(r);
}

/* ---- mutants ------------------------------------------------------------------------------------------------- */

static const char *const words[] = { "survived", "equivalent", "legal", "outside", "undefined" };
enum { WORDS = sizeof words / sizeof *words };

static answer answer_of_mutants(const report *r, const char *kind, const char *of, char *text, size_t n)
{
    double caught = 0, survived = 0, floor = 100;
    const cJSON *d;
    int ops = 0;
    for (; (d = document(r, kind, ops)); ops++) {
        caught += member_number(d, "caught", 0);
        survived += member_number(d, "survived", 0);
        floor = member_number(d, "floor", 100);
    }
    if (!ops)
        return NOT_RUN;
    snprintf(text, n, "%.0f of %.0f small changes %s that can be noticed at all were caught (%d op%s; floor %.0f %%)",
             caught, caught + survived, of, ops, assay_s(ops), floor);
    return caught > 0 && 100 * caught >= floor * (caught + survived);
}

answer answer_mutants(const report *r, char *text, size_t n)
{
    return answer_of_mutants(r, "mutants", "of the scalar code", text, n);
}

answer answer_proof(const report *r, char *text, size_t n)
{
    return answer_of_mutants(r, "proof", "of the double reference", text, n);
}

static void mutants_row(report *r, const char *op, const double *n)
{
    char line[512];
    snprintf(line, sizeof line, "%.60s|%.0f|%.0f|{bar %d}%.0f|%s%.0f", op, n[0], n[1], percent(n[2], n[2] + n[3]), n[2],
             n[3] > 0 ? "{bad}" : "", n[3]);
    for (int k = 4; k < WORDS + 3; k++)
        text_add(line, sizeof line, n[k] > 0 ? "|%.0f" : "|{na}%.0f", n[k]);
    page_row(r, "%s", line);
}

static void mutants_table(report *r, const char *kind)
{
    const cJSON *d;
    double all[WORDS + 3] = { 0 };
    static tally by;
    memset(&by, 0, sizeof by);
    page_table(r, "op|>mutants|>judged|>caught|>survived|>equivalent|>legal|>outside|>undefined");
    for (int i = 0; (d = document(r, kind, i)); i++) {
        double n[WORDS + 3] = { member_number(d, "made", member_number(d, "mutants", 0)),
                                member_number(d, "mutants", 0), member_number(d, "caught", 0) };
        const cJSON *b;
        for (int k = 0; k < WORDS; k++)
            n[3 + k] = member_number(d, words[k], 0);
        EACH (b, member(d, "by"))
            tally_add(&by, member_text(d, "op", "?"), b->string ? b->string : "?", b->valuedouble);
        for (int k = 0; k < WORDS + 3; k++)
            all[k] += n[k];
        mutants_row(r, member_text(d, "op", "?"), n);
    }
    mutants_row(r, "all", all);
    page_table_end(r);
    page_details(r, "By which verdict each was caught");
    tally_table(r, &by, "op");
    page_details_end(r);
}

static void one_kind(report *r, const char *kind, const char *says)
{
    if (!document(r, kind, 0))
        return;
    page_text(r, "%s", says);
    page_made_by(r, kind);
    mutants_table(r, kind);
}

void section_mutants(report *r)
{
    if (!document(r, "mutants", 0) && !document(r, "proof", 0))
        return;
    page_heading(r, "Mutants");
    page_text(r,
              "One small change at every place of the scalar code, made by rules: another operator, a constant or an "
              "index one off, a statement deleted. "
              "Survived: nobody noticed. The other columns are changes that no test can notice, each with an argument "
              "in the source: "
              "equivalent (the same answer for every input), legal (within the contract), outside (wrong only for what "
              "no caller passes), "
              "undefined (C leaves open what happens). The bar is the share caught of caught and survived "
              "(docs/mutants.md).");
    one_kind(r, "mutants", "As kernels, found by assay check:");
    one_kind(r, "proof", "In the place of the double reference, found by what proves the reference without asking it:");
}

/* ---- cheats and hostile plug-ins ----------------------------------------------------------------------------- */

answer answer_cheats(const report *r, char *text, size_t n)
{
    const cJSON *t = member(document(r, "cheats", 0), "totals");
    if (!t)
        return NOT_RUN;
    snprintf(text, n, "%.0f of %.0f attempts of %.0f kernels to get a verdict or a time without the work caught",
             member_number(t, "caught", 0), member_number(t, "tests", 0), member_number(t, "kernels", 0));
    return member_number(t, "caught", 0) == member_number(t, "tests", -1);
}

answer answer_hostile(const report *r, char *text, size_t n)
{
    const cJSON *t = member(document(r, "hostile", 0), "totals");
    if (!t)
        return NOT_RUN;
    snprintf(text, n,
             "%.0f of %.0f plug-ins that crash, hang, attack or lie contained; %.0f processes or files left behind",
             member_number(t, "contained", 0), member_number(t, "plugins", 0), member_number(t, "left_behind", 0));
    return member_number(t, "contained", 0) == member_number(t, "plugins", -1) && !member_number(t, "left_behind", 1);
}

void section_contained(report *r)
{
    static const char *const kinds[] = { "cheats", "hostile" };
    static tally t;
    static char label[TALLY][64];
    int labels = 0;
    const cJSON *k, *d;
    memset(&t, 0, sizeof t);
    for (int i = 0; i < 2; i++)
        EACH (k, member(document(r, kinds[i], 0), "kernels")) {
            char name[64];
            snprintf(name, sizeof name, "%s, %s", i ? "hostile" : "cheating", member_text(k, "when", "?"));
            int at = 0;
            while (at < labels && strcmp(label[at], name) != 0)
                at++;
            if (at == labels && labels < TALLY)
                snprintf(label[labels++], sizeof *label, "%s", name);
            const char *row = at < TALLY ? label[at] : "others";
            tally_add(&t, row, "plug-ins", 1);
            tally_add(&t, row, member_text(k, "verdict", "?"), 1);
        }
    if (!t.n_rows)
        return;
    page_heading(r, "Cheats and hostile plug-ins");
    page_text(r,
              "Kernels that want a verdict or a time without doing the work, and plug-ins that crash, hang, attack the "
              "judge or lie: how each ended. "
              "Judged and timed: by assay check and by assay bench. Running and loading: where it does its harm; no "
              "effect: it is refused what it asks "
              "for and is judged as ever; half: it accepts under half of its cases. Honest kernels beside them pass in "
              "the same run (docs/judge.md).");
    page_made_by(r, "cheats hostile");
    tally_table(r, &t, "what and when");
    page_details(r, "Each of them, and what was said");
    page_table(r, "plug-in|when|ended by|as it must|~the sentence");
    for (int i = 0; i < 2; i++)
        if ((d = document(r, kinds[i], 0)))
            EACH (k, member(d, "kernels"))
                page_row(r, "%s|%s|%s|%s|%s", member_text(k, "name", "?"), member_text(k, "when", "?"),
                         member_text(k, "verdict", "?"), cJSON_IsTrue(member(k, "good")) ? "{good}yes" : "{bad}NO",
                         member_text(k, "why", ""));
    page_table_end(r);
    page_details_end(r);
}

/* ---- relations ----------------------------------------------------------------------------------------------- */

answer answer_relations(const report *r, char *text, size_t n)
{
    const cJSON *t = member(document(r, "metamorphic", 0), "totals");
    if (!t)
        return NOT_RUN;
    snprintf(text, n, "%.0f relations alone catch %.0f of %.0f wrong kernels and flag %.0f of %.0f legal ones",
             member_number(t, "relations", 0), member_number(t, "caught", 0), member_number(t, "faults", 0),
             member_number(t, "flagged", 0), member_number(t, "legal", 0));
    return !member_number(t, "flagged", 1);
}

void section_relations(report *r)
{
    static tally t;
    const cJSON *d = document(r, "metamorphic", 0), *k;
    if (!d)
        return;
    memset(&t, 0, sizeof t);
    EACH (k, member(d, "kernels")) {
        const char *op = member_text(k, "op", "?");
        const bool legal = row_is(k, "expected", "legal"), broken = member_number(k, "broken", 0) > 0;
        tally_add(&t, op, "faults", !legal);
        tally_add(&t, op, "caught", !legal && broken);
        tally_add(&t, op, "legal", legal);
        tally_add(&t, op, "flagged", legal && broken);
    }
    page_heading(r, "Relations, without a reference");
    page_text(r,
              "What two results of one kernel must have to do with each other: 8 x makes 8 y, rows in reverse give "
              "rows in reverse, what is masked "
              "changes nothing (metamorphic relations). assay check tries them on every kernel. Here they alone judge "
              "the wrong kernels and the legal ones: "
              "few faults are caught this way, which is why there is a reference; faults of the machine's state are "
              "not asked (docs/metamorphic.md).");
    page_made_by(r, "metamorphic");
    page_table(r, "op|>wrong kernels|>caught|>legal variants|>flagged");
    double all[4] = { 0 };
    for (int i = 0; i < t.n_rows; i++) {
        const double *c = t.count[i];
        page_row(r, "%s|%.0f|{bar %d}%.0f|%.0f|%s%.0f", t.row[i], c[0], percent(c[1], c[0]), c[1], c[2],
                 c[3] > 0 ? "{bad}" : "", c[3]);
        for (int j = 0; j < 4; j++)
            all[j] += c[j];
    }
    page_row(r, "all|%.0f|{bar %d}%.0f|%.0f|%.0f", all[0], percent(all[1], all[0]), all[1], all[2], all[3]);
    page_table_end(r);
    page_details(r, "Which wrong kernels, and by which relation");
    page_table(r, "op|wrong kernel|~relation|case");
    EACH (k, member(d, "kernels"))
        if (member_number(k, "broken", 0) > 0)
            page_row(r, "%s|%s|%s|%s", member_text(k, "op", "?"), member_text(k, "kernel", "?"),
                     member_text(k, "why", ""), member_text(k, "case", ""));
    page_table_end(r);
    page_details_end(r);
}
