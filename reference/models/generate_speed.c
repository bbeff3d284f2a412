/* SPDX-License-Identifier: MIT
 * How the times of a run vary: those of its steps, and those of its repetitions, if there are any; as text and as JSON.
 */
#include "../core/status.h"
#include "generate_parts.h"
#include "spread.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

static const int percents[] = { 50, 95, 99 };
enum { PERCENTS = sizeof percents / sizeof *percents };

/* What is measured of each lap; a rate of no tokens is none. */
static double first_of(const lap *l)
{
    return l->first;
}

static double prefill_of(const lap *l)
{
    return l->prompt && l->prefill > 0 ? (double)l->prompt / l->prefill : NAN;
}

static double decode_of(const lap *l)
{
    return l->made && l->decode > 0 ? (double)l->made / l->decode : NAN;
}

static const struct measure {
    const char *says, *unit, *name; /* name: of JSON */
    int digits;
    double (*of)(const lap *l);
} measures[] = { { "time to the first token", "s", "first_token_seconds", 4, first_of },
                 { "prefill", "tokens/s", "prefill_tokens_per_second", 1, prefill_of },
                 { "decode", "tokens/s", "decode_tokens_per_second", 1, decode_of } };
enum { MEASURES = sizeof measures / sizeof *measures };

/* Of the repetitions; of the run where there are none. */
static assay_spread spread(const run *r, const struct measure *m)
{
    const int64_t from = r->n_laps > 1, n = r->n_laps - from;
    double *x = assay_room((size_t)n, sizeof *x);
    for (int64_t i = 0; i < n; i++)
        x[i] = m->of(&r->lap[from + i]);
    const assay_spread s = assay_spread_of(x, n);
    free(x);
    return s;
}

/* Steps of the repetitions, or of the run; *n: how many. */
static void percentiles(const run *r, int64_t *n, double out[PERCENTS])
{
    const int64_t from = r->n_laps > 1 ? r->lap[1].step : 0;
    *n = r->n_steps - from;
    double *x = assay_room((size_t)*n, sizeof *x);
    for (int64_t i = 0; i < *n; i++)
        x[i] = r->step[from + i];
    for (int i = 0; i < PERCENTS; i++)
        out[i] = *n ? assay_percentile(x, *n, percents[i]) : NAN;
    free(x);
}

static void report_steps(const run *r)
{
    double p[PERCENTS];
    int64_t n;
    if (!r->n_steps)
        return;
    percentiles(r, &n, p);
    const char *each = r->o->draft ? "round" : "token";
    fprintf(r->out, "each %s of %" PRId64 ":", each, n);
    for (int i = 0; i < PERCENTS; i++) {
        fprintf(r->out, "%s p%d ", i ? "," : "", percents[i]);
        if (isnan(p[i]))
            fprintf(r->out, "n/a (fewer than %" PRId64 " %ss)", assay_percentile_least(percents[i]), each);
        else
            fprintf(r->out, "%.3f ms", 1e3 * p[i]);
    }
    fputc('\n', r->out);
}

void assay_generate_speeds(const run *r)
{
    const int64_t n = r->n_laps - 1;
    report_steps(r);
    if (r->n_made && n < 1)
        fprintf(r->out, "deviation: n/a (one run)\n");
    if (!r->n_made || n < 1)
        return;
    fprintf(r->out, "%" PRId64 " repetition%s in the same session, %s:\n", n, n == 1 ? "" : "s",
            r->o->differs ? "of which the last wrote another text" : "of the same text");
    for (int i = 0; i < MEASURES; i++) {
        const struct measure *m = &measures[i];
        const assay_spread s = spread(r, m);
        if (isnan(s.mean))
            continue;
        fprintf(r->out, "  %s: %.*f %s, deviation ", m->says, m->digits, s.mean, m->unit);
        if (s.n < 2)
            fprintf(r->out, "n/a (one repetition)\n");
        else
            fprintf(r->out, "%.*f, 95 %% interval %.*f .. %.*f\n", m->digits, s.deviation, m->digits, s.low, m->digits,
                    s.high);
    }
}

/* NAN: null. */
static void number(assay_json *j, const char *name, double x)
{
    if (isnan(x))
        assay_json_str(j, name, NULL);
    else
        assay_json_num(j, name, x);
}

static void json_steps(const run *r, assay_json *j, const lap *l)
{
    assay_json_open(j, "step_seconds", '[');
    for (int64_t i = 0; i < l->n_steps; i++)
        assay_json_num(j, NULL, r->step[l->step + i]);
    assay_json_close(j);
}

void assay_generate_speeds_json(const run *r, assay_json *j)
{
    double p[PERCENTS];
    int64_t n;
    percentiles(r, &n, p);
    assay_json_open(j, "percentiles", '{');
    assay_json_int(j, "steps", n);
    for (int i = 0; i < PERCENTS; i++) {
        char name[16];
        snprintf(name, sizeof name, "p%d", percents[i]);
        number(j, name, p[i]);
    }
    assay_json_close(j);
    json_steps(r, j, &r->lap[0]);
    assay_json_open(j, "repetitions", '[');
    for (int64_t i = 1; i < r->n_laps; i++) {
        const lap *l = &r->lap[i];
        assay_json_open(j, NULL, '{');
        for (int k = 0; k < MEASURES; k++)
            number(j, measures[k].name, measures[k].of(l));
        assay_json_num(j, "prefill_seconds", l->prefill);
        assay_json_num(j, "decode_seconds", l->decode);
        json_steps(r, j, l);
        assay_json_close(j);
    }
    assay_json_close(j);
    if (r->n_laps < 2)
        return;
    assay_json_bool(j, "same_text", !r->o->differs);
    assay_json_open(j, "spread", '{');
    for (int k = 0; k < MEASURES; k++) {
        const assay_spread s = spread(r, &measures[k]);
        assay_json_open(j, measures[k].name, '{');
        number(j, "mean", s.mean);
        number(j, "deviation", s.deviation);
        number(j, "low", s.low);
        number(j, "high", s.high);
        assay_json_close(j);
    }
    assay_json_close(j);
}
