/* SPDX-License-Identifier: MIT
 * A model on these kernels: runs, and where a token's time goes beside what the roofs allow. */
#include "spent.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

answer answer_models(const report *r, char *text, size_t n)
{
    const cJSON *m = r->n_models ? r->model[0] : NULL;
    if (!m)
        return NOT_RUN;
    snprintf(text, n, "%.100s: %.1f tokens/s read, %.1f tokens/s written", base_name(member_text(m, "model", "?")),
             member_number(m, "prefill.tokens_per_second", 0), member_number(m, "decode.tokens_per_second", 0));
    return GOOD;
}

bool best_run(const cJSON *run)
{
    return row_is(run, "impl", "best");
}

static int upwards(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Milliseconds that a decoded token took: the middle one, and the middle half of all. */
bool step_times(const cJSON *run, double ms[3])
{
    const cJSON *list = member(run, "step_seconds");
    const int n = cJSON_GetArraySize(list);
    double *x = n >= 4 ? malloc((size_t)n * sizeof *x) : NULL;
    if (!x)
        return false;
    for (int i = 0; i < n; i++)
        x[i] = 1e3 * item_number(list, i);
    qsort(x, (size_t)n, sizeof *x, upwards);
    ms[0] = x[n / 2];
    ms[1] = x[n / 4];
    ms[2] = x[3 * n / 4];
    free(x);
    return true;
}

/* A speed, and what it is sure of: of repetitions their deviation. */
static void speed_cell(char *text, size_t n, const cJSON *run, const char *phase)
{
    char path[64];
    const double speed = member_number(member(run, phase), "tokens_per_second", 0);
    snprintf(path, sizeof path, "spread.%s_tokens_per_second", phase);
    const cJSON *spread = member(run, path);
    if (speed <= 0)
        snprintf(text, n, "n/a");
    else if (cJSON_IsNumber(member(spread, "deviation")))
        snprintf(text, n, "%.1f \u00b1 %.1f", member_number(spread, "mean", 0), member_number(spread, "deviation", 0));
    else
        snprintf(text, n, "%.1f", speed);
}

static void model_row(report *r, const cJSON *m)
{
    char read[48], wrote[48], step[64] = "n/a";
    double ms[3];
    speed_cell(read, sizeof read, m, "prefill");
    speed_cell(wrote, sizeof wrote, m, "decode");
    if (step_times(m, ms))
        snprintf(step, sizeof step, "%.1f (%.1f to %.1f)", ms[0], ms[1], ms[2]);
    page_row(r, "%s|%s|%.0f|%.0f|%s|%.0f|%s|%s|%.1f|%.1f", member_text(m, "impl", "?"), member_text(m, "kv", "?"),
             member_number(m, "threads", 1), member_number(m, "prefill.tokens", 0), read,
             member_number(m, "decode.tokens", 0), wrote, step, 1e3 * member_number(m, "first_token_seconds", 0),
             member_number(m, "packed_bytes", 0) / 1e6);
}

enum { SHOWN = 6 }; /* ops of a run that have a bar of their own */

/* Bars of one phase of one run below a line of words, and rows of the table. */
static int bars(const report *r, FILE *f, FILE *words, const cJSON *run, const char *phase, int at)
{
    spent s[SPENT];
    const int n = spent_of(r, run, phase, s), shown = n < SHOWN ? n : SHOWN;
    const bool decode = !strcmp(phase, "decode");
    double all = 0;
    for (int i = 0; i < n; i++)
        all += s[i].ms;
    if (all <= 0)
        return at;
    fprintf(words, "%d %s\n", at++,
            data_word("%s %.0f tokens: %.4g ms a token", decode ? "writing after" : "reading",
                      member_number(run, "prefill.tokens", 0), all));
    for (int i = 0; i < shown; i++)
        fprintf(f, "%d %s %.4g %.4g\n", at++, data_word("%s %s", s[i].op, s[i].kernel), 100 * s[i].ms / all,
                s[i].share >= 0 ? 100 * s[i].ms * s[i].share / all : (double)NAN);
    return at;
}

static void spent_table(report *r, const cJSON *run)
{
    static const char *const phases[] = { "prefill", "decode" };
    spent s[SPENT];
    page_table(r,
               "op/kernel|phase|>calls a step|>ms a token|>share of time|>share of its roof|bound by|>ms at the roof");
    for (int p = 0; p < 2; p++) {
        const int n = spent_of(r, run, phases[p], s);
        double all = 0;
        for (int i = 0; i < n; i++)
            all += s[i].ms;
        for (int i = 0; i < n; i++) {
            char share[32] = "n/a", at_roof[32] = "n/a";
            if (s[i].share >= 0) {
                snprintf(share, sizeof share, "%.0f %%", 100 * s[i].share);
                snprintf(at_roof, sizeof at_roof, "%.4f", s[i].ms * s[i].share);
            }
            page_row(r, "%s/%s|%s|%d|%.4f|{bar %.0f}%.1f %%|%s|%s|%s", s[i].op, s[i].kernel, p ? "writing" : "reading",
                     s[i].calls, s[i].ms, 100 * s[i].ms / fmax(1e-12, all), 100 * s[i].ms / fmax(1e-12, all), share,
                     s[i].bound ? s[i].bound : "n/a", at_roof);
        }
    }
    page_table_end(r);
}

/* Of the runs by the best kernels the shortest prompt and the longest; both may be one. */
static void ends_of(const report *r, const cJSON *end[2])
{
    end[0] = end[1] = NULL;
    for (int i = 0; i < r->n_models; i++) {
        const cJSON *m = r->model[i];
        const double n = member_number(m, "prefill.tokens", 0);
        if (!best_run(m))
            continue;
        if (!end[0] || n < member_number(end[0], "prefill.tokens", 0) ||
            (n == 16 && member_number(end[0], "prefill.tokens", 0) < 16))
            end[0] = m;
        if (!end[1] || n > member_number(end[1], "prefill.tokens", 0))
            end[1] = m;
    }
}

static void tokens(report *r)
{
    const cJSON *end[2];
    ends_of(r, end);
    FILE *f = end[0] ? page_data(r, "token") : NULL, *words;
    char *text = NULL;
    size_t size = 0;
    int at = 0;
    if (!f)
        return;
    words = open_memstream(&text, &size);
    for (int p = 0; words && p < 4; p++)
        if (p % 2 == 0 || end[1] != end[0])
            at = bars(r, f, words, end[p % 2], p < 2 ? "prefill" : "decode", at);
    if (words)
        fclose(words);
    fprintf(f, "\n\n%s", text ? text : "");
    free(text);
    page_data_end(r);
    page_subheading(r, "Where a token's time goes");
    if (at)
        page_figure(
            r, "token", "A token's time by op, beside what the roofs allow",
            "Share of a token's time in the model, the six longest ops of each run; below, what would be left if "
            "the kernel reached its roof in the model as well as the roof itself was measured: time times the "
            "share of the roof of its rows in assay bench (same op, kernel and phase; cold where weights are "
            "read once a token). No second bar: no such row was measured.");
    page_details(r, "All ops of these runs, as numbers");
    for (int i = 0; i < 2 && (!i || end[1] != end[0]); i++) {
        page_text(r, "Prompt of %.0f tokens, %.0f threads:", member_number(end[i], "prefill.tokens", 0),
                  member_number(end[i], "threads", 1));
        spent_table(r, end[i]);
    }
    page_details_end(r);
}

void section_models(report *r)
{
    if (!r->n_models)
        return;
    page_heading(r, "Model");
    page_text(r,
              "File %s: %.1f million parameters. Written after a prompt of so many tokens; a step is one written "
              "token: the middle one, and the middle half of all.",
              base_name(member_text(r->model[0], "model", "?")), member_number(r->model[0], "parameters", 0) / 1e6);
    page_table(r,
               "implementation|kv|>threads|>prompt tokens|>read, tokens/s|>new tokens|>written, tokens/s|>a step, ms|"
               ">first token, ms|>packed MB");
    for (int i = 0; i < r->n_models; i++)
        model_row(r, r->model[i]);
    page_table_end(r);
    tokens(r);
    FILE *f = page_data(r, "context");
    int n = 0;
    for (int i = 0; f && i < r->n_models; i++)
        if (best_run(r->model[i])) {
            fprintf(f, "%.0f %.6g %.6g\n", member_number(r->model[i], "prefill.tokens", 0),
                    member_number(r->model[i], "prefill.tokens_per_second", 0),
                    member_number(r->model[i], "decode.tokens_per_second", 0));
            n++;
        }
    if (f)
        page_data_end(r);
    if (n > 1)
        page_figure(r, "context", "Tokens per second against the length of the prompt", "Best kernels.");
    page_text(r, "The first run wrote: %.600s", member_text(r->model[0], "text", ""));
}
