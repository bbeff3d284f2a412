/* SPDX-License-Identifier: MIT
 * What kernels are worth: shares of the roof, every row, scaling. */
#include "lines.h"
#include <math.h>
#include <string.h>

answer answer_bench(const report *r, char *text, size_t n)
{
    const cJSON *row;
    int rows = 0, failed = 0, impossible = 0, marked = 0;
    EACH (row, member(r->bench, "benchmarks")) {
        rows++;
        failed += !measured(row);
        impossible += cJSON_IsTrue(member(row, "impossible"));
        marked += member(row, "marks") != NULL;
    }
    if (!r->bench)
        return NOT_RUN;
    snprintf(text, n,
             "%d rows measured, each judged on what the timed loop left: %d failed, %d impossible (above the roof), %d "
             "marked with a doubt",
             rows, failed, impossible, marked);
    return rows && !failed;
}

/* Rows worth a line of their own: kernels, one thread, hot, the small model's shapes. */
bool headline(const cJSON *row)
{
    return measured(row) && member_number(row, "threads", 1) == 1 && !row_is(row, "kernel", "scalar") &&
           row_is(row, "cache", "hot") && strncmp(member_text(row, "workload", ""), "llama3", 6) != 0;
}

static lines_point point_of(const cJSON *row, double value)
{
    const double ns = member_number(row, "real_time", 1);
    return (lines_point){ value, value * ns / fmax(1e-9, member_number(row, "high", ns)),
                          value * ns / fmax(1e-9, member_number(row, "low", ns)),
                          cJSON_IsTrue(member(row, "impossible")) };
}

static void name_line(const cJSON *row, char *name, size_t n)
{
    const double threads = member_number(row, "threads", 1);
    snprintf(name, n, "%.48s %.48s %.48s", member_text(row, "op", "?"), member_text(row, "kernel", "?"),
             member_text(row, "types", ""));
    if (threads > 1)
        text_add(name, n, ", %.0f threads", threads);
}

/* One thread and a hot cache are said once, where all rows of a table have them. */
static void speed_row(report *r, const cJSON *row, bool all)
{
    static const char *const names[] = { "gflops", "gbps", "speedup", "tokens_per_s" };
    char cell[4][32] = { "-", "-", "-", "-" }, verdict[96], how[64] = "", marks[128] = "", share[32] = "-";
    const cJSON *mark;
    EACH (mark, member(row, "marks"))
        snprintf(marks + strlen(marks), sizeof marks - strlen(marks), "%s%s", marks[0] ? ", " : "",
                 member_text(mark, "name", "?"));
    for (int i = 0; i < 4; i++)
        if (member(row, names[i]))
            snprintf(cell[i], sizeof cell[i], i == 3 ? "%.0f" : "%.1f", member_number(row, names[i], 0));
    const char *on = member_text(row, "verdict.how", "");
    snprintf(verdict, sizeof verdict, "%s %s%s%s", measured(row) ? "passed" : "FAILED",
             member_text(row, "verdict.by", "?"), strcmp(on, "all elements") ? ", " : "",
             strcmp(on, "all elements") ? on : "");
    if (all)
        snprintf(how, sizeof how, "|%.0f|%s", member_number(row, "threads", 1), member_text(row, "cache", ""));
    if (member(row, "share"))
        snprintf(share, sizeof share, "%.0f %%%s", 100 * member_number(row, "share", 0),
                 cJSON_IsTrue(member(row, "impossible")) ? " !" : "");
    page_row(r, "%s/%s|%s|%s%s|%s|%s|%s|%s|%s|%s|%s|%s", member_text(row, "op", "?"), member_text(row, "kernel", "?"),
             member_text(row, "workload", "?"), member_text(row, "types", ""), how, cell[0], cell[1], share,
             member_text(row, "bound_by", "-"), cell[2], cell[3], verdict, marks);
}

/* What a reader must know before he believes a time: each mark with its words. */
static void marks_table(report *r)
{
    const cJSON *row, *mark;
    static tally t;
    memset(&t, 0, sizeof t);
    EACH (row, member(r->bench, "benchmarks"))
        EACH (mark, member(row, "marks"))
            tally_add(&t, member_text(mark, "name", "?"), "rows", 1);
    page_text(r, t.n_rows ? "Marks, where something stood around a row that its time may show:" : "No row has a mark.");
    if (!t.n_rows)
        return;
    tally_table(r, &t, "mark");
    page_details(r, "Which rows, and what was seen");
    page_table(r, "row|mark|~what was seen");
    EACH (row, member(r->bench, "benchmarks"))
        EACH (mark, member(row, "marks"))
            page_row(r, "%s|%s|%s", member_text(row, "name", "?"), member_text(mark, "name", "?"),
                     member_text(mark, "words", "?"));
    page_table_end(r);
    page_details_end(r);
}

/* Rows whose kernel failed stand in the open. */
static bool failed(const cJSON *row)
{
    return !cJSON_IsTrue(member(row, "verdict.pass"));
}

static void speed_table(report *r, bool (*wanted)(const cJSON *), bool all)
{
    const cJSON *row;
    char columns[160];
    snprintf(columns, sizeof columns,
             "kernel|workload|types%s|>GFLOP/s|>GB/s|>share|bound by|>speed-up|>tokens/s|verdict|marks",
             all ? "|>threads|cache" : "");
    page_table(r, columns);
    EACH (row, member(r->bench, "benchmarks"))
        if (wanted(row))
            speed_row(r, row, all);
    page_table_end(r);
}

static bool any(const cJSON *row)
{
    return row != NULL;
}

/* The kernels of a group of rows that agree in op and types: only the best of them stays. */
static void best_kernels(const lines *all, lines *best)
{
    for (int i = 0; i < all->n; i++) {
        const lines_line *x = &all->line[i];
        const char *types = strrchr(x->name, ' ');
        bool first = true;
        for (int k = 0; first && k < i; k++)
            first = strcmp(all->line[k].op, x->op) || strcmp(strrchr(all->line[k].name, ' '), types) != 0;
        for (int k = 0; first && k < x->n; k++)
            lines_add(best, x->op, x->name, x->point[k]);
    }
}

void section_speed(report *r)
{
    const cJSON *row;
    lines all = { 0 }, best = { 0 };
    char name[160];
    if (!r->bench)
        return;
    EACH (row, member(r->bench, "benchmarks"))
        if (headline(row) && member(row, "share")) { /* none without a roof to hold it against */
            name_line(row, name, sizeof name);
            lines_add(&all, member_text(row, "op", "?"), name, point_of(row, 100 * member_number(row, "share", 0)));
        }
    lines_sort(&all);
    best_kernels(&all, &best);
    lines_sort(&best);
    lines_ends(&best);
    page_heading(r, "Speed");
    page_text(r, "Share: of the measured roof that binds (arithmetic of the tier, or reading from the level that holds "
                 "the data); bound by says which. One thread, hot cache. Workloads have the lengths of a model: "
                 "smollm2-135m.decode.qkv is one token through that matrix product. A kernel that failed on its "
                 "workload has no time.");
    lines_draw(r, &best, "speed", 100, "Share of the roof, by op",
               "Of each op the types with the largest share of the roof and those with the smallest, by their best "
               "kernel; the best op first. A bar is the middle one of its workloads, a point is a workload with the "
               "interval of its repetitions. The upright line is the measured roof. A point may pass it a little where "
               "a cache still holds part of what is counted as read from memory; what cannot be is crossed out.");
    lines_free(&best);
    lines_free(&all);
    bool bad = false;
    EACH (row, member(r->bench, "benchmarks"))
        bad |= failed(row);
    if (bad) {
        page_text(r, "Rows whose kernel FAILED its verdict on the very workload; they have no time:");
        page_table(r, "kernel|workload|types|~why");
        EACH (row, member(r->bench, "benchmarks"))
            if (failed(row))
                page_row(r, "%s/%s|%s|%s|{bad}%s", member_text(row, "op", "?"), member_text(row, "kernel", "?"),
                         member_text(row, "workload", "?"), member_text(row, "types", ""),
                         member_text(row, "verdict.why", "?"));
        page_table_end(r);
    }
    page_details(r, "The rows of the picture and all other kernels: one thread, hot cache");
    speed_table(r, headline, false);
    page_details_end(r);
    page_details(r, "Every row: threads, cold cache, larger models, scalar");
    speed_table(r, any, true);
    page_details_end(r);
    marks_table(r);
}

/* The one-thread row of the same kernel, workload, types and cache. */
static double one_thread(const report *r, const cJSON *row)
{
    static const char *const same[] = { "op", "kernel", "workload", "types", "cache" };
    const cJSON *o;
    EACH (o, member(r->bench, "benchmarks")) {
        bool match = member_number(o, "threads", 0) == 1 && measured(o);
        for (size_t i = 0; match && i < sizeof same / sizeof *same; i++)
            match = !strcmp(member_text(o, same[i], ""), member_text(row, same[i], ""));
        if (match)
            return member_number(o, "real_time", 0);
    }
    return 0;
}

enum { LEAST_NS = 100000 }; /* a shorter call is mostly the team's barrier */

static bool worth_a_team(const cJSON *row)
{
    return measured(row) && member_number(row, "threads", 1) > 1 && row_is(row, "cache", "hot") &&
           member_number(row, "real_time", 0) >= LEAST_NS;
}

void section_scaling(report *r)
{
    const cJSON *row;
    lines all = { 0 };
    char name[160];
    double team = 1, marked = 0;
    EACH (row, member(r->bench, "benchmarks")) {
        const double base = worth_a_team(row) ? one_thread(r, row) : 0, threads = member_number(row, "threads", 1);
        if (base <= 0)
            continue;
        lines_point p = point_of(row, base / member_number(row, "real_time", 1));
        p.marked |= p.value > 1.1 * threads;
        marked += p.marked;
        team = fmax(team, threads);
        name_line(row, name, sizeof name);
        lines_add(&all, member_text(row, "op", "?"), name, p);
    }
    if (!all.n)
        return;
    lines_sort(&all);
    lines_ends(&all);
    page_heading(r, "Scaling");
    lines_draw(r, &all, "scaling", team, "Speed of a team of threads over one thread",
               "Calls of 0.1 ms and more; of each op the kernel that gains most and the one that gains least. A bar is "
               "the middle one of its workloads, a point is a workload with the interval of its repetitions. The "
               "dashed lines are whole numbers of threads.");
    if (marked > 0)
        page_text(
            r,
            "%.0f point%s crossed out: more than 1.1 times as many times as fast as there are threads, or above a "
            "roof. No kernel gains that by a team: one of the two times was disturbed, or the data moved into a "
            "cache that one thread does not have.",
            marked, marked > 1 ? "s are" : " is");
    lines_free(&all);
}
