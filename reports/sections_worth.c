/* SPDX-License-Identifier: MIT
 * What it is worth: roofline, speed-up and share of the roof, scaling, models. */
#include "report.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NEAR 1.7 /* two roofs whose names need the same place */

static bool measured(const cJSON *row)
{
    return member(row, "real_time") && cJSON_IsTrue(member(row, "verdict.pass"));
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

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

answer answer_models(const report *r, char *text, size_t n)
{
    const cJSON *m = r->n_models ? r->model[0] : NULL;
    if (!m)
        return NOT_RUN;
    snprintf(text, n, "%.100s: %.1f tokens/s read, %.1f tokens/s written", base_name(member_text(m, "model", "?")),
             member_number(m, "prefill.tokens_per_second", 0), member_number(m, "decode.tokens_per_second", 0));
    return GOOD;
}

typedef struct roof {
    double value;
    const char *name;
} roof;

static int downwards(const void *a, const void *b)
{
    const roof *x = a, *y = b;
    return (x->value < y->value) - (x->value > y->value);
}

/* A block of the roofs of one thread, the highest first: value, name.  Where two names would need the same place they
 * stand together at the higher one. */
static void roof_lines(const report *r, FILE *f, const char *kind)
{
    enum { MOST = 64 };
    roof all[MOST] = { { 0, NULL } };
    const cJSON *c;
    int n = 0;
    EACH (c, member(r->bench, "roofs"))
        if (!strcmp(member_text(c, "kind", ""), kind) && member_number(c, "threads", 1) == 1 && n < MOST)
            all[n++] = (roof){ member_number(c, "value", 0), member_text(c, "name", "?") };
    qsort(all, (size_t)n, sizeof *all, downwards);
    fputs("\n\n", f);
    for (int i = 0, next; i < n; i = next) {
        char names[400] = "";
        for (next = i; next < n && all[next].value * NEAR >= all[i].value; next++)
            snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", next > i ? ", " : "", all[next].name);
        for (int k = i; k < next; k++)
            fprintf(f, "%.6g %s\n", all[k].value, data_word("%s", k > i ? "" : names));
    }
}

void section_roofline(report *r)
{
    const cJSON *row;
    FILE *f = r->bench ? page_data(r, "roofline") : NULL;
    if (!f)
        return;
    /* Blocks: 0 the rows (intensity, GFLOP/s, label, 1 = hot); then one line per compute roof and per bandwidth. */
    EACH (row, member(r->bench, "benchmarks"))
        if (measured(row) && member_number(row, "threads", 1) == 1 && member_number(row, "gflops", 0) > 0 &&
            member_number(row, "bytes", 0) > 0)
            fprintf(f, "%.6g %.6g %s %d\n", member_number(row, "flops", 0) / member_number(row, "bytes", 1),
                    member_number(row, "gflops", 0), data_word("%s", member_text(row, "kernel", "?")),
                    strcmp(member_text(row, "kernel", ""), "scalar") != 0);
    roof_lines(r, f, "compute");
    roof_lines(r, f, "memory");
    page_data_end(r);
    page_heading(r, "Roofline");
    page_figure(r, "roofline",
                "One thread. Each point is a kernel on a workload; lines are the roofs measured in the same run: "
                "arithmetic per tier, reading per cache level.");
}

static bool named(const cJSON *row, const char *member_name, const char *value)
{
    return !strcmp(member_text(row, member_name, ""), value);
}

/* Rows worth a line of their own: kernels, one thread, hot, the small model's shapes. */
bool headline(const cJSON *row)
{
    return measured(row) && member_number(row, "threads", 1) == 1 && !named(row, "kernel", "scalar") &&
           named(row, "cache", "hot") && strncmp(member_text(row, "workload", ""), "llama3", 6) != 0;
}

/* A label of a headline's bar: of a workload smollm2-135m.decode.o what follows the model, where all share that. */
const char *short_workload(const report *r, const cJSON *row)
{
    const char *mine = member_text(row, "workload", "?");
    const size_t n = strcspn(mine, ".");
    const cJSON *other;
    EACH (other, member(r->bench, "benchmarks"))
        if (headline(other) && (strncmp(member_text(other, "workload", ""), mine, n) || !mine[n]))
            return mine;
    return mine + n + 1;
}

/* One thread and a hot cache are said once, where all rows of a table have them. */
static void speed_row(report *r, const cJSON *row, bool all)
{
    static const char *const names[] = { "gflops", "gbps", "speedup", "tokens_per_s" };
    char cell[4][32] = { "-", "-", "-", "-" }, verdict[96], how[64] = "", marks[128] = "";
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
    page_row(r, "%s|%s|%s|%s%s|%s|%s|%.0f %%%s|%s|%s|%s|%s|%s", member_text(row, "op", "?"),
             member_text(row, "kernel", "?"), member_text(row, "workload", "?"), member_text(row, "types", ""), how,
             cell[0], cell[1], 100 * member_number(row, "share", 0),
             cJSON_IsTrue(member(row, "impossible")) ? " !" : "", member_text(row, "bound_by", "-"), cell[2], cell[3],
             verdict, marks);
}

/* What a reader must know before he believes a time: each mark with its words. */
static void marks_table(report *r)
{
    const cJSON *row, *mark;
    int n = 0;
    EACH (row, member(r->bench, "benchmarks"))
        n += cJSON_GetArraySize(member(row, "marks"));
    page_text(r, n ? "Marks, where something stood around a row that its time may show:" : "No row has a mark.");
    if (!n)
        return;
    page_table(r, "row|mark|what was seen");
    EACH (row, member(r->bench, "benchmarks"))
        EACH (mark, member(row, "marks"))
            page_row(r, "%s|%s|%s", member_text(row, "name", "?"), member_text(mark, "name", "?"),
                     member_text(mark, "words", "?"));
    page_table_end(r);
}

static void speed_table(report *r, bool (*wanted)(const cJSON *), bool all)
{
    const cJSON *row;
    char columns[160];
    snprintf(columns, sizeof columns,
             "op|kernel|workload|types%s|>GFLOP/s|>GB/s|>share|bound by|>speed-up|>tokens/s|verdict|marks",
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

/* What `of` says of each row (below 0: nothing), a line for each op, kernel, types and team, a point for
 * each workload.
 * Block 0: line, name, value; block 1: line, least, greatest, the largest team.  The number of lines, -1 if nothing can
 * be written. */
static int dots(report *r, const char *figure, double (*of)(const report *, const cJSON *))
{
    FILE *f = r->bench ? page_data(r, figure) : NULL;
    cJSON *lines = f ? cJSON_CreateObject() : NULL;
    const cJSON *row, *line, *value;
    double team = 1;
    EACH (row, lines ? member(r->bench, "benchmarks") : NULL) {
        char name[160], on[32] = "";
        const double x = of(r, row), threads = member_number(row, "threads", 1);
        if (threads > 1)
            snprintf(on, sizeof on, " on %.0f", threads);
        snprintf(name, sizeof name, "%s %s %s%s", member_text(row, "op", "?"), member_text(row, "kernel", "?"),
                 member_text(row, "types", ""), on);
        cJSON *mine = cJSON_GetObjectItemCaseSensitive(lines, name);
        if (x < 0)
            continue;
        cJSON_AddItemToArray(mine ? mine : cJSON_AddArrayToObject(lines, name), cJSON_CreateNumber(x));
        team = fmax(team, threads);
    }
    int n = 0;
    EACH (line, lines) {
        EACH (value, line)
            fprintf(f, "%d %s %.4g\n", n, data_word("%s", line->string), value->valuedouble);
        n++;
    }
    if (f)
        fputs("\n\n", f);
    n = 0;
    EACH (line, lines) {
        double least = line->child->valuedouble, most = least;
        EACH (value, line)
            least = fmin(least, value->valuedouble), most = fmax(most, value->valuedouble);
        fprintf(f, "%d %.4g %.4g %.0f\n", n++, least, most, team);
    }
    cJSON_Delete(lines);
    if (f)
        page_data_end(r);
    return lines ? n : -1;
}

static double share_of_roof(const report *r, const cJSON *row)
{
    (void)r;
    return headline(row) ? 100 * member_number(row, "share", 0) : -1;
}

void section_speed(report *r)
{
    const int n = dots(r, "speed", share_of_roof);
    if (n < 0)
        return;
    page_heading(r, "Speed");
    page_text(
        r, "Share: of the measured roof that binds (arithmetic of the tier, or reading from the level that holds the "
           "data); bound by says which; verdict: by which rule, on all elements unless it says on how many. Speed-up: "
           "over the scalar float reference with weights decoded beforehand. A "
           "row whose kernel failed on its workload has no time. One thread, hot cache; every other row is below. "
           "Workloads carry the lengths of a model: smollm2-135m.decode.qkv is one token through that matrix product.");
    if (n)
        page_figure(r, "speed",
                    "A point is a workload, a line all that a kernel was measured on: op, kernel, types. Further "
                    "right is better: the share of the roof that binds; the upright line is the measured roof. A point "
                    "may pass it where a cache still holds part of what is counted as read from memory; what cannot be "
                    "has a ! in the table: its time or its roof was measured wrong, as on a busy machine.");
    speed_table(r, headline, false);
    page_details(r, "All rows: threads, cold cache, larger models, scalar");
    speed_table(r, any, true);
    marks_table(r);
    page_details_end(r);
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
    return measured(row) && member_number(row, "threads", 1) > 1 && named(row, "cache", "hot") &&
           member_number(row, "real_time", 0) >= LEAST_NS;
}

static double times_one_thread(const report *r, const cJSON *row)
{
    const double base = worth_a_team(row) ? one_thread(r, row) : 0;
    return base > 0 ? base / member_number(row, "real_time", 1) : -1;
}

void section_scaling(report *r)
{
    if (dots(r, "scaling", times_one_thread) <= 0)
        return;
    page_heading(r, "Scaling");
    page_figure(
        r, "scaling",
        "Calls of 0.1 ms and more: speed on a team of threads over one thread. A point is a workload, a line all "
        "that a kernel was measured on. The dashed lines are perfect scaling.");
}

void section_models(report *r)
{
    if (!r->n_models)
        return;
    FILE *f = page_data(r, "context");
    int n = 0;
    page_heading(r, "Model");
    page_text(r, "File %s: %.1f million parameters.", base_name(member_text(r->model[0], "model", "?")),
              member_number(r->model[0], "parameters", 0) / 1e6);
    page_table(r, "implementation|kv|>threads|>prompt tokens|>prefill tokens/s|>new tokens|>decode tokens/s|>first "
                  "token, ms|>packed MB");
    for (int i = 0; i < r->n_models; i++) {
        const cJSON *m = r->model[i];
        const double prompt = member_number(m, "prefill.tokens", 0),
                     prefill = member_number(m, "prefill.tokens_per_second", 0),
                     decode = member_number(m, "decode.tokens_per_second", 0);
        page_row(r, "%s|%s|%.0f|%.0f|%.1f|%.0f|%.1f|%.1f|%.1f", member_text(m, "impl", "?"), member_text(m, "kv", "?"),
                 member_number(m, "threads", 1), prompt, prefill, member_number(m, "decode.tokens", 0), decode,
                 1e3 * member_number(m, "first_token_seconds", 0), member_number(m, "packed_bytes", 0) / 1e6);
        if (f && !strcmp(member_text(m, "impl", ""), "best"))
            fprintf(f, "%.0f %.6g %.6g\n", prompt, prefill, decode), n++;
    }
    page_table_end(r);
    if (f)
        page_data_end(r);
    if (n)
        page_figure(r, "context", "Tokens per second against the length of the prompt, best kernels.");
    const cJSON *last = r->model[r->n_models - 1], *share;
    page_text(r, "Where a decoded token's time goes after %.0f tokens:", member_number(last, "prefill.tokens", 0));
    page_table(r, "op|kernel|>calls a step|>share of time");
    EACH (share, member(last, "decode.shares"))
        page_row(r, "%s|%s|%.0f|%.1f %%", member_text(share, "op", "?"), member_text(share, "kernel", "?"),
                 member_number(share, "calls", 0), 100 * member_number(share, "share", 0));
    page_table_end(r);
    page_text(r, "The first run wrote: %.600s", member_text(r->model[0], "text", ""));
}
