/* SPDX-License-Identifier: MIT
 * A comparison for a person: on the terminal, and as Markdown for a pull request. */
#include "../conformance/results/terminal.h"
#include "../reference/core/plain.h"
#include "../reference/core/status.h"
#include "../reference/core/student.h"
#include "compare.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CELL = 320 };

const char *compare_machine(const compare_run *r)
{
    static char text[2][CELL];
    static int turn;
    turn = !turn;
    const int at = snprintf(text[turn], CELL, "%.200s", r->model);
    if (r->threads > 0)
        snprintf(text[turn] + at, CELL - (size_t)at, ", %.0f CPUs", r->threads);
    return text[turn];
}

static void time_text(double ns, char *text, size_t n)
{
    static const char *const unit[] = { "ns", "us", "ms", "s" };
    int u = 0;
    for (; ns >= 1000 && u < 3; u++)
        ns /= 1000;
    snprintf(text, n, "%.3g %s", ns, unit[u]);
}

/* "1.31x [1.12, 1.52]" */
static void ratio_text(const compare_row *r, char *text, size_t n)
{
    const compare_effect *e = &r->effect;
    if (e->known)
        snprintf(text, n, "%.3fx [%.3f, %.3f]", e->ratio, e->low, e->high);
    else
        snprintf(text, n, "%.3fx", e->ratio);
}

/* "8.1 %", "2.4x": how much slower. */
static const char *slower_text(double smallest, char text[32])
{
    if (smallest < 2)
        snprintf(text, 32, "%.3g %%", 100 * (smallest - 1));
    else
        snprintf(text, 32, smallest < 100 ? "%.3gx" : "%.0fx", smallest);
    return text;
}

/* What is to be said of a row besides its numbers; "" */
static void note_text(const compare *c, const compare_row *r, char *text, size_t n)
{
    char slower[32];
    int at = 0;
    text[0] = 0;
    if (r->why)
        at = snprintf(text, n, "%s", r->why);
    else if (r->verdict == COMPARE_UNCLEAR)
        at = snprintf(text, n, "%s slower would show", slower_text(r->effect.smallest, slower));
    if (r->word[0] && r->word[1] && strcmp(r->word[0], r->word[1]) != 0)
        at += snprintf(text + at, n - (size_t)at, "%s%.40s -> %.40s", at ? "; " : "", r->word[0], r->word[1]);
    if (r->used[0] >= 0 && r->used[1] >= 0 && fabs(r->used[1] - r->used[0]) > 5e-4)
        at += snprintf(text + at, n - (size_t)at, "%sshare of the bound %.3f -> %.3f", at ? "; " : "", r->used[0],
                       r->used[1]);
    if (!c->check && r->disturbed[0] + r->disturbed[1])
        snprintf(text + at, n - (size_t)at, "%sdisturbed in %d of %d runs", at ? "; " : "",
                 r->disturbed[0] + r->disturbed[1], r->n[0] + r->n[1]);
}

static const compare_run *first_of(const compare *c, compare_side side)
{
    for (int i = 0; i < c->n_runs; i++)
        if (c->run[i].side == side)
            return &c->run[i];
    return NULL;
}

static void side_line(const compare *c, compare_side side, const char *name, FILE *f)
{
    const compare_run *r = first_of(c, side);
    fprintf(f, "%s: %d run%s, commit %.40s, %s%s%s\n", name, c->runs[side], assay_s(c->runs[side]), r->commit,
            compare_machine(r), c->check ? "" : ", ", c->check ? "" : r->date);
}

/* Were the sides measured in turns?  If all runs of one side came before the other's, what the machine did meanwhile is
 * in the ratio. */
static bool apart(const compare *c)
{
    const char *first[COMPARE_SIDES] = { "~", "~" }, *last[COMPARE_SIDES] = { "", "" };
    for (int i = 0; i < c->n_runs; i++) {
        const compare_run *r = &c->run[i];
        first[r->side] = strcmp(r->date, first[r->side]) < 0 ? r->date : first[r->side];
        last[r->side] = strcmp(r->date, last[r->side]) > 0 ? r->date : last[r->side];
    }
    return strcmp(last[0], first[1]) < 0 || strcmp(last[1], first[0]) < 0;
}

static void remarks(const compare *c, const char *begin, FILE *f)
{
    const compare_run *a = first_of(c, COMPARE_BASE), *b = first_of(c, COMPARE_NEW);
    if (c->check)
        return;
    if (c->metric == COMPARE_ROOF)
        fprintf(f, "%sdifferent machines: a row's times are taken in units of its own machine's roof (from `share`)\n",
                begin);
    else if (strcmp(a->host, b->host) != 0)
        fprintf(f, "%shosts %.60s and %.60s, of one kind: what differs between them is in the ratio\n", begin, a->host,
                b->host);
    if (c->n_runs > 2 && apart(c))
        fprintf(f,
                "%sall runs of one side came before those of the other: what the machine did meanwhile is in the "
                "ratio; better take turns\n",
                begin);
    if (!compare_enough(c->runs[0], c->runs[1], COMPARE_CHANCE))
        fprintf(
            f,
            "%stoo few runs for a verdict: repetitions of one run do not tell how runs differ, and chance parts few "
            "runs well; five a side are enough\n",
            begin);
}

static void totals(const compare *c, FILE *f)
{
    const char *comma = "";
    for (int v = 0; v < COMPARE_VERDICTS; v++)
        if (c->count[v]) {
            fprintf(f, "%s%zu %s", comma, c->count[v], compare_verdict_name[v]);
            comma = ", ";
        }
    fputc('\n', f);
}

static void smallest_line(const compare *c, const char *begin, FILE *f)
{
    double *x = assay_room(c->n_rows, sizeof *x);
    char text[3][32];
    int64_t n = 0;
    for (size_t i = 0; i < c->n_rows; i++)
        if (c->row[i].effect.known)
            x[n++] = c->row[i].effect.smallest;
    if (n) {
        const double median = assay_median(x, n);
        fprintf(f, "%s4 of 5 such comparisons find what is slower by %s (of the median row; from %s to %s)\n", begin,
                slower_text(median, text[0]), slower_text(x[0], text[1]), slower_text(x[n - 1], text[2]));
    }
    free(x);
}

void compare_print(const compare *c, FILE *f, bool all)
{
    char ratio[CELL], note[CELL], before[32], after[32];
    side_line(c, COMPARE_BASE, "base", f);
    side_line(c, COMPARE_NEW, "new ", f);
    remarks(c, "! ", f);
    if (!c->check)
        fprintf(f, "%s of new over that of base [interval; all rows' at once hold with 99.5 %%]\n",
                c->metric == COMPARE_CPU ? "CPU time" : "time");
    for (int v = 0; v < COMPARE_VERDICTS; v++)
        for (size_t i = 0; i < c->n_rows; i++) {
            const compare_row *r = &c->row[i];
            if ((int)r->verdict != v || (v == COMPARE_SAME && !all))
                continue;
            note_text(c, r, note, sizeof note);
            fprintf(f, "%-11s  %s", compare_verdict_name[v], r->name);
            if (r->ns[0] > 0 && r->ns[1] > 0) {
                ratio_text(r, ratio, sizeof ratio);
                time_text(r->ns[0], before, sizeof before);
                time_text(r->ns[1], after, sizeof after);
                fprintf(f, "  %s  %s -> %s", ratio, before, after);
            }
            fprintf(f, "%s%s\n", note[0] ? "  " : "", note);
        }
    smallest_line(c, "", f);
    totals(c, f);
}

/* ---- Markdown ---------------------------------------------------------------------------------------------------- */

static void cell(FILE *f, const char *text)
{
    fputs(" | ", f);
    assay_plain_put(f, ASSAY_MARKDOWN, text, strlen(text));
}

static void table(const compare *c, bool unclear_too, FILE *f)
{
    char text[CELL], note[CELL];
    fputs(c->check ? "| | row | |\n|---|---|---|\n"
                   : "| | row | time of new over base | base | new | |\n|---|---|---|---|---|---|\n",
          f);
    for (int v = 0; v < COMPARE_VERDICTS; v++)
        for (size_t i = 0; i < c->n_rows; i++) {
            const compare_row *r = &c->row[i];
            if ((int)r->verdict != v || (v >= COMPARE_UNCLEAR) != unclear_too)
                continue;
            fprintf(f, "| **%s**", compare_verdict_name[v]);
            cell(f, r->name);
            if (!c->check) {
                const bool times = r->ns[0] > 0 && r->ns[1] > 0;
                ratio_text(r, text, sizeof text);
                cell(f, times ? text : "");
                for (int k = 0; k < COMPARE_SIDES; k++) {
                    time_text(r->ns[k], text, sizeof text);
                    cell(f, r->ns[k] > 0 ? text : "");
                }
            }
            note_text(c, r, note, sizeof note);
            cell(f, note);
            fputs(" |\n", f);
        }
}

void compare_markdown(const compare *c, FILE *f)
{
    const size_t rest = c->count[COMPARE_SAME] + c->count[COMPARE_UNCLEAR];
    fputs("### Assay: ", f);
    totals(c, f);
    fputc('\n', f);
    for (int k = 0; k < COMPARE_SIDES; k++) {
        char line[CELL];
        const compare_run *r = first_of(c, k);
        snprintf(line, sizeof line, "%d run%s, commit %.40s, %.150s", c->runs[k], assay_s(c->runs[k]), r->commit,
                 compare_machine(r));
        fprintf(f, "- %s: ", k ? "new" : "base");
        assay_plain_put(f, ASSAY_MARKDOWN, line, strlen(line));
        fputc('\n', f);
    }
    remarks(c, "- ", f);
    smallest_line(c, "- ", f);
    fputc('\n', f);
    if (rest < c->n_rows)
        table(c, false, f);
    if (!rest)
        return;
    fprintf(f, "\n<details><summary>%zu that did not change, or cannot be told</summary>\n\n", rest);
    table(c, true, f);
    fputs("\n</details>\n", f);
}

void compare_noise_print(const compare *c, FILE *f)
{
    static const int runs[] = { 5, 10, 20 };
    fprintf(f,
            "%d runs of one program on %s\nso much slower will be found in 4 of 5 comparisons, with all rows here "
            "compared at once:\n%-11s%-11s%-11s  row\n",
            c->n_runs, compare_machine(&c->run[0]), "5 a side", "10 a side", "20 a side");
    for (size_t i = 0; i < c->n_known; i++) {
        for (int k = 0; k < 3; k++) {
            char text[32] = "n/a";
            compare_noise run = c->known[i].of[c->metric];
            const bool known = run.freedom > 0;
            run.freedom += 2 * (runs[k] - 1);
            if (known)
                slower_text(compare_smallest(run, runs[k], runs[k], COMPARE_CHANCE / (double)c->n_known), text);
            fprintf(f, "%-11s", text);
        }
        fprintf(f, "  %s\n", c->known[i].name);
    }
}
