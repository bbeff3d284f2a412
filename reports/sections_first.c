/* SPDX-License-Identifier: MIT
 * The first page, in words: what a token costs, how near kernels are to their roofs, what to mend next. */
#include "spent.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The run by the best kernels whose prompt is nearest to so many tokens; NULL: there is none. */
static const cJSON *run_near(const report *r, double tokens)
{
    const cJSON *best = NULL;
    for (int i = 0; i < r->n_models; i++) {
        const cJSON *m = r->model[i];
        const double d = fabs(member_number(m, "prefill.tokens", 0) - tokens);
        if (best_run(m) && (!best || d < fabs(member_number(best, "prefill.tokens", 0) - tokens)))
            best = m;
    }
    return best;
}

void first_title(const report *r, char *title, size_t n)
{
    const cJSON *run = run_near(r, 16), *pass = member(r->bench, "context.assay");
    const char *file = run ? base_name(member_text(run, "model", "?")) : "transformer kernels";
    const char *cpu = member_text(pass, "cpu.model", member_text(r->check, "model", "this machine"));
    const char *date = member_text(pass, "date", "");
    snprintf(title, n, "Assay: %.*s on %.80s%s%.10s", (int)fmin(60, (double)strcspn(file, "/")), file, cpu,
             *date ? ", " : "", date);
}

static void speeds(report *r, const cJSON *few, const cJSON *many)
{
    double ms[3];
    page_item(r, "Speed",
              "%s writes %.1f tokens/s after a prompt of %.0f tokens and %.1f after %.0f, and reads %.0f and %.0f "
              "tokens/s (%.0f threads, kernels of up to %s).",
              base_name(member_text(few, "model", "?")), member_number(few, "decode.tokens_per_second", 0),
              member_number(few, "prefill.tokens", 0), member_number(many, "decode.tokens_per_second", 0),
              member_number(many, "prefill.tokens", 0), member_number(few, "prefill.tokens_per_second", 0),
              member_number(many, "prefill.tokens_per_second", 0), member_number(few, "threads", 1),
              member_text(few, "isa", "?"));
    const double mean = 1e3 / fmax(1e-9, member_number(few, "decode.tokens_per_second", 0));
    if (step_times(few, ms) && mean > 1.25 * ms[0])
        page_item(r, "Doubt",
                  "The middle one of its steps took %.1f ms, which would be %.1f tokens/s; the mean is %.1f ms: some "
                  "steps were disturbed, as on a busy machine.",
                  ms[0], 1e3 / ms[0], mean);
}

/* Bytes of packed weights that each written token reads, against what so many threads read from memory. */
static void memory_share(report *r, const cJSON *run)
{
    char name[48];
    const cJSON *roof, *c;
    double peak = 0, last = 0, ms[3];
    snprintf(name, sizeof name, "read.memory.%.0ft", member_number(run, "threads", 1));
    EACH (roof, member(r->bench, "roofs"))
        if (row_is(roof, "name", name))
            peak = member_number(roof, "value", 0);
    EACH (c, member(r->bench, "context.assay.caches"))
        last = fmax(last, member_number(c, "bytes", 0));
    const double bytes = member_number(run, "packed_bytes", 0);
    if (bytes <= 0 || peak <= 0 || !step_times(run, ms)) {
        page_item(r, "Memory", "the share of its roof that writing reaches is n/a: %s.",
                  peak <= 0 ? "no roof of memory with as many threads is in these results"
                            : "the run has no weights or steps");
        return;
    }
    const double rate = bytes / ms[0] / 1e6;
    page_item(r, "Memory",
              "each written token reads %.1f MB of packed weights: %.1f GB/s by the middle step, %.0f %% of the "
              "%.1f GB/s that %.0f threads were measured to read from memory%s.",
              bytes / 1e6, rate, 100 * rate / peak, peak, member_number(run, "threads", 1),
              bytes < last ? ". The weights fit the last cache, which may hold part of them: this share may pass 100 %"
                           : "");
}

static void limits(report *r, const cJSON *run)
{
    spent s[SPENT];
    const int n = spent_of(r, run, "decode", s);
    double all = 0, known = 0, allowed = 0;
    for (int i = 0; i < n; i++) {
        all += s[i].ms;
        known += s[i].share >= 0 ? s[i].ms : 0;
        allowed += s[i].share >= 0 ? s[i].ms * s[i].share : 0;
    }
    if (!n || all <= 0)
        return;
    char at[160] = "how near it is to its roof was not measured";
    if (s[0].share >= 0)
        snprintf(at, sizeof at, "alone it reaches %.0f %% of its roof, which is %s", 100 * s[0].share,
                 !strcmp(s[0].bound, "memory") ? "reading" : "arithmetic");
    page_item(r, "What limits writing", "%s (%s) takes %.0f %% of a token; %s.", s[0].op, s[0].kernel,
              100 * s[0].ms / all, at);
    if (known > 0)
        page_item(r, "Room",
                  "at their roofs the ops that were measured (%.0f %% of the time) would take %.2f ms of a token "
                  "instead of %.2f ms.",
                  100 * known / all, allowed, known);
}

/* ---- ops: the best and the worst share ------------------------------------------------------------------------- */

typedef struct op_share {
    const char *op;
    const cJSON *best, *worst;
    int rows;
} op_share;

static double share_of(const cJSON *row)
{
    return member_number(row, "share", -1);
}

static int by_worst(const void *a, const void *b)
{
    const op_share *x = a, *y = b;
    return (share_of(x->worst) > share_of(y->worst)) - (share_of(x->worst) < share_of(y->worst));
}

/* Of each workload and types the best kernel counts. */
static bool beaten(const report *r, const cJSON *row)
{
    static const char *const same[] = { "op", "workload", "types" };
    const cJSON *o;
    EACH (o, member(r->bench, "benchmarks")) {
        bool match = o != row && headline(o) && share_of(o) > share_of(row);
        for (int i = 0; match && i < 3; i++)
            match = row_is(o, same[i], member_text(row, same[i], ""));
        if (match)
            return true;
    }
    return false;
}

enum { OPS = 256 };

static int shares_by_op(const report *r, op_share list[OPS])
{
    const cJSON *row;
    int n = 0;
    EACH (row, member(r->bench, "benchmarks")) {
        int i = 0;
        if (!headline(row) || share_of(row) < 0 || share_of(row) > 1.05 || beaten(r, row))
            continue;
        while (i < n && !row_is(row, "op", list[i].op))
            i++;
        if (i == OPS)
            continue;
        if (i == n)
            list[n++] = (op_share){ member_text(row, "op", "?"), row, row, 0 };
        list[i].rows++;
        list[i].best = share_of(row) > share_of(list[i].best) ? row : list[i].best;
        list[i].worst = share_of(row) < share_of(list[i].worst) ? row : list[i].worst;
    }
    qsort(list, (size_t)n, sizeof *list, by_worst);
    return n;
}

static void share_cell(char *text, size_t n, const cJSON *row)
{
    snprintf(text, n, "%s, %s, %s", member_text(row, "kernel", "?"), member_text(row, "workload", "?"),
             member_text(row, "types", ""));
}

static void ops_rows(report *r, const op_share *list, int from, int to)
{
    char best[240], worst[240];
    page_table(r, "op|>worst|bound by|~on|>best|bound by|~on|>workloads");
    for (int i = from; i < to; i++) {
        share_cell(best, sizeof best, list[i].best);
        share_cell(worst, sizeof worst, list[i].worst);
        page_row(r, "%s|{bar %.0f}%.0f %%|%s|%s|{bar %.0f}%.0f %%|%s|%s|%d", list[i].op,
                 100 * fmin(1, share_of(list[i].worst)), 100 * share_of(list[i].worst),
                 member_text(list[i].worst, "bound_by", "-"), worst, 100 * fmin(1, share_of(list[i].best)),
                 100 * share_of(list[i].best), member_text(list[i].best, "bound_by", "-"), best, list[i].rows);
    }
    page_table_end(r);
}

static void ops_table(report *r, const op_share *list, int n)
{
    enum { SHOWN = 10 };
    char summary[64];
    page_subheading(r, "Best and worst share of the roof, by op");
    page_text(r, "One thread, hot cache; of each workload the best kernel. The op that is farthest from its roof "
                 "first. Rows above "
                 "105 %% are left out: a cache held part of what is counted as read from memory.");
    ops_rows(r, list, 0, n < SHOWN ? n : SHOWN);
    if (n <= SHOWN)
        return;
    snprintf(summary, sizeof summary, "The other %d ops", n - SHOWN);
    page_details(r, summary);
    ops_rows(r, list, SHOWN, n);
    page_details_end(r);
}

/* ---- what to mend next ------------------------------------------------------------------------------------------- */

static double gain(const spent *s)
{
    return s->share >= 0 ? s->ms * (1 - s->share) : 0;
}

static int by_gain(const void *a, const void *b)
{
    return (gain(a) < gain(b)) - (gain(a) > gain(b));
}

/* Reading a long prompt, or writing after a short one. */
static void mend(report *r, const cJSON *run, bool reading)
{
    enum { NAMED = 3 };
    spent s[SPENT];
    char text[600] = "";
    const int n = spent_of(r, run, reading ? "prefill" : "decode", s);
    double all = 0;
    for (int i = 0; i < n; i++)
        all += s[i].ms;
    qsort(s, (size_t)n, sizeof *s, by_gain);
    for (int i = 0; i < n && i < NAMED && gain(&s[i]) > 0; i++)
        text_add(text, sizeof text, "%s%s %s (%.3f ms, at %.0f %% of its roof)", i ? ", then " : "", s[i].op,
                 s[i].kernel, gain(&s[i]), 100 * s[i].share);
    if (text[0])
        page_item(r, "To mend next", "%s %.0f tokens, %.3f ms each, by time times what is missing to the roof: %s.",
                  reading ? "reading" : "writing after", member_number(run, "prefill.tokens", 0), all, text);
}

void section_first(report *r)
{
    static op_share list[OPS];
    const cJSON *few = run_near(r, 16), *many = run_near(r, 1024), *x;
    int left = 0;
    const int n = shares_by_op(r, list);
    char text[512];
    page_list(r);
    if (few) {
        speeds(r, few, many);
        memory_share(r, few);
        limits(r, few);
    } else
        page_item(r, "Speed", "what a token costs is n/a: no run of a model by the best kernels is in this report.");
    if (n) {
        const op_share *top = &list[0];
        for (int i = 1; i < n; i++)
            top = share_of(list[i].best) > share_of(top->best) ? &list[i] : top;
        page_item(r, "Roofs", "of %d op%s %s comes nearest (%.0f %%, %s) and %s stays farthest away (%.0f %%, %s).", n,
                  n > 1 ? "s" : "", top->op, 100 * share_of(top->best), member_text(top->best, "kernel", "?"),
                  list[0].op, 100 * share_of(list[0].worst), member_text(list[0].worst, "kernel", "?"));
    }
    why_in_words(r);
    costs_in_words(r);
    peers_in_words(r);
    compared_in_words(r);
    if (few)
        mend(r, few, 0);
    if (few)
        mend(r, many, 1);
    if (answer_check(r, text, sizeof text) != NOT_RUN)
        page_item(r, "Right", "%s.", text);
    EACH (x, member(r->bench, "not_measured"))
        left += strncmp(member_text(x, "why", ""), "left out", 8) == 0;
    if (left)
        page_item(
            r, "Not measured",
            "%d problems were left out by a budget of time; they are named at the end. assay bench --full measures "
            "them.",
            left);
    parts_in_words(r);
    failures_in_words(r);
    page_list_end(r);
    if (n)
        ops_table(r, list, n);
}
