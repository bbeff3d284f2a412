/* SPDX-License-Identifier: MIT
 * What bounds the rows of assay bench, and what a model's calls cost by op (assay bench --model). */
#include "report.h"
#include <math.h>
#include <string.h>

const cJSON *bench_document(const report *r, int nth)
{
    if (r->bench && !nth)
        return r->bench;
    return document(r, "bench", nth - (r->bench != NULL));
}

/* ---- why -----------------------------------------------------------------------------------------------------------
 */

static const char *bound_of(const cJSON *row)
{
    return member_text(row, "why.bound_by", "nothing that was measured");
}

static bool explained(const cJSON *row)
{
    return measured(row) && cJSON_IsArray(member(row, "why.words"));
}

static void count_bounds(const report *r, tally *t)
{
    const cJSON *row;
    memset(t, 0, sizeof *t);
    EACH (row, member(r->bench, "benchmarks"))
        if (explained(row))
            tally_add(t, member_text(row, "op", "?"), bound_of(row), 1);
}

void why_in_words(report *r)
{
    static tally t;
    char text[400] = "";
    count_bounds(r, &t);
    for (int c = 0; c < t.n_columns; c++) {
        double n = 0;
        for (int i = 0; i < t.n_rows; i++)
            n += t.count[i][c];
        text_add(text, sizeof text, "%s%s %.0f", c ? ", " : "", t.column[c], n);
    }
    if (t.n_columns)
        page_item(r, "What bounds the rows", "rows, by what takes 60 %% of their time and more: %s.", text);
}

void section_why(report *r)
{
    static tally t;
    const cJSON *row, *words;
    count_bounds(r, &t);
    if (!t.n_rows)
        return;
    page_heading(r, "What bounds each op");
    page_text(r,
              "Rows by what takes 60 %% and more of their best time: the roof of arithmetic (compute), of reading from "
              "a cache level or memory, a chain of dependent additions (latency), the cost of the call, or waiting "
              "between threads (docs/bench.md). The limits are lower bounds and do not add up.");
    tally_table(r, &t, "op");
    page_details(r, "Each row, in words");
    page_table(r, "row|bound by|~why");
    EACH (row, member(r->bench, "benchmarks")) {
        char why[1200] = "";
        if (!explained(row))
            continue;
        EACH (words, member(row, "why.words"))
            if (cJSON_IsString(words) && !strstr(words->valuestring, "n/a ("))
                text_add(why, sizeof why, "%s%s", why[0] ? "; " : "", words->valuestring);
        page_row(r, "%s|%s|%s", member_text(row, "name", "?"), bound_of(row), why);
    }
    page_table_end(r);
    page_details_end(r);
}

/* ---- what a token costs --------------------------------------------------------------------------------------------
 */

static double per_token(const cJSON *of, const char *name, const cJSON *phase)
{
    const double tokens = member_number(phase, "tokens", 0), ns = member_number(of, name, 0);
    return tokens > 0 && ns > 0 ? ns / tokens / 1e6 : 0;
}

double phase_tokens_per_s(const cJSON *phase)
{
    const double ms = per_token(phase, "ns", phase);
    const bool whole = member_number(phase, "calls", 0) == member_number(phase, "measured", -1);
    return ms > 0 && whole ? 1e3 / ms : 0;
}

static void ms_cell(char *text, size_t n, double ms)
{
    if (ms > 0)
        snprintf(text, n, "%.4f", ms);
    else
        snprintf(text, n, "n/a");
}

static void cost_row(report *r, const cJSON *phase, const cJSON *of, const char *op)
{
    char ms[32], roof[32], share[32] = "n/a";
    const double took = per_token(of, "ns", phase), least = per_token(of, "roof_ns", phase);
    const double all = per_token(phase, "ns", phase);
    ms_cell(ms, sizeof ms, took);
    ms_cell(roof, sizeof roof, least);
    if (took > 0 && least > 0)
        snprintf(share, sizeof share, "%.0f %%", 100 * least / took);
    page_row(r, "%s|%.0f|%.0f|%s|{bar %.0f}%.1f %%|%s|%s", op, member_number(of, "calls", 0),
             member_number(of, "measured", 0), ms, all > 0 ? 100 * fmin(1, took / all) : 0,
             all > 0 ? 100 * took / all : 0, roof, share);
}

void section_costs(report *r)
{
    const cJSON *d, *phase, *op;
    bool any = false;
    for (int i = 0; (d = bench_document(r, i)); i++) {
        EACH (phase, hosts_same(r, d) ? member(d, "phases") : NULL) {
            if (!any)
                page_heading(r, "What a token costs, by op");
            if (!any)
                page_text(r, "Calls of the model (assay bench --model), each measured alone: calls times the middle "
                             "time, and what the roofs allow for the same calls. A model also pays for what lies "
                             "between its calls.");
            any = true;
            page_text(r, "%s, %s, %.0f thread%s, %s caches, tokens: %.0f; of %.0f rows %.0f carry a mark of doubt.",
                      member_text(phase, "model", "?"), member_text(phase, "phase", "?"),
                      member_number(phase, "threads", 1), member_number(phase, "threads", 1) > 1 ? "s" : "",
                      member_text(phase, "cache", "?"), member_number(phase, "tokens", 0),
                      member_number(phase, "rows", 0), member_number(phase, "marked", 0));
            page_table(r, "op|>calls|>measured|>ms a token|>share of time|>ms at the roof|>roof over time");
            cost_row(r, phase, phase, "all");
            EACH (op, member(phase, "ops"))
                cost_row(r, phase, op, member_text(op, "op", "?"));
            page_table_end(r);
        }
    }
}

void costs_in_words(report *r)
{
    const cJSON *d, *phase;
    int said = 0;
    for (int i = 0; (d = bench_document(r, i)); i++)
        EACH (phase, hosts_same(r, d) ? member(d, "phases") : NULL) {
            const double ms = per_token(phase, "ns", phase), roof = per_token(phase, "roof_ns", phase);
            const cJSON *top = member(phase, "ops");
            if (!(ms > 0) || !(roof > 0) || !top || !top->child || said++ >= 4)
                continue;
            page_item(r, "What a token costs",
                      "%s, %s caches: its calls take %.2f ms a token%s%.2f ms%s; %s takes most, %.2f ms.",
                      member_text(phase, "phase", "?"), member_text(phase, "cache", "?"), ms,
                      roof > 1.05 * ms ? ", less than the " : ", and the roofs allow ", roof,
                      roof > 1.05 * ms ? " of the roofs, which cannot be: one of the two was disturbed" : "",
                      member_text(top->child, "op", "?"), per_token(top->child, "ns", phase));
        }
}
