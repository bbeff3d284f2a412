/* SPDX-License-Identifier: MIT
 * A comparison, and the noise of a machine, as JSON; samples as CSV for tools that look for change points. */
#include "../reference/core/status.h"
#include "compare.h"
#include <math.h>
#include <string.h>

static void put_side(const compare *c, compare_side side, const char *key, assay_json *j)
{
    assay_json_open(j, key, '[');
    for (int i = 0; i < c->n_runs; i++) {
        const compare_run *r = &c->run[i];
        if (r->side != side)
            continue;
        assay_json_open(j, NULL, '{');
        assay_json_str(j, "file", r->path);
        assay_json_str(j, "commit", r->commit);
        assay_json_str(j, "machine", compare_machine(r));
        if (!c->check) {
            assay_json_str(j, "date", r->date);
            assay_json_str(j, "host", r->host);
        }
        assay_json_close(j);
    }
    assay_json_close(j);
}

static void put_row(const compare_row *r, assay_json *j)
{
    static const char *const sides[][COMPARE_SIDES] = { { "base_runs", "new_runs" },
                                                        { "base_ns", "new_ns" },
                                                        { "base_used", "new_used" },
                                                        { "base_verdict", "new_verdict" },
                                                        { "base_disturbed", "new_disturbed" } };
    assay_json_open(j, NULL, '{');
    assay_json_str(j, "name", r->name);
    assay_json_str(j, "verdict", compare_verdict_name[r->verdict]);
    if (r->why)
        assay_json_str(j, "why", r->why);
    for (int k = 0; k < COMPARE_SIDES; k++) {
        assay_json_int(j, sides[0][k], r->n[k]);
        if (r->ns[k] > 0)
            assay_json_num(j, sides[1][k], r->ns[k]);
        if (r->used[k] >= 0)
            assay_json_num(j, sides[2][k], r->used[k]);
        if (r->word[k])
            assay_json_str(j, sides[3][k], r->word[k]);
        if (r->disturbed[k])
            assay_json_int(j, sides[4][k], r->disturbed[k]);
    }
    if (r->effect.ratio > 0)
        assay_json_num(j, "ratio", r->effect.ratio);
    if (r->effect.known) {
        assay_json_num(j, "low", r->effect.low);
        assay_json_num(j, "high", r->effect.high);
        assay_json_num(j, "p", r->effect.p);
        assay_json_int(j, "freedom", r->effect.freedom);
        assay_json_num(j, "smallest", r->effect.smallest);
    }
    assay_json_close(j);
}

void compare_json(const compare *c, assay_json *j)
{
    static const char *const unit[COMPARE_METRICS] = { "ns", "times of the roof's", "ns of CPU time" };
    assay_json_str(j, "of", c->check ? "check" : "bench");
    assay_json_str(j, "unit", unit[c->metric]);
    assay_json_num(j, "confidence", 1 - COMPARE_CHANCE);
    assay_json_num(j, "margin", c->margin);
    put_side(c, COMPARE_BASE, "base", j);
    put_side(c, COMPARE_NEW, "new", j);
    assay_json_open(j, "totals", '{');
    for (int v = 0; v < COMPARE_VERDICTS; v++)
        assay_json_uint(j, compare_verdict_name[v], c->count[v]);
    assay_json_close(j);
    assay_json_open(j, "rows", '[');
    for (size_t i = 0; i < c->n_rows; i++)
        put_row(&c->row[i], j);
    assay_json_close(j);
}

void compare_noise_json(const compare *c, assay_json *j)
{
    assay_json_open(j, "machine", '{');
    assay_json_str(j, "model", c->run[0].model);
    assay_json_num(j, "threads", c->run[0].threads);
    assay_json_close(j);
    put_side(c, COMPARE_BASE, "runs", j);
    assay_json_open(j, "rows", '[');
    for (size_t i = 0; i < c->n_known; i++) {
        const compare_noise_row *n = &c->known[i];
        if (!n->of[COMPARE_TIME].freedom)
            continue;
        assay_json_open(j, NULL, '{');
        assay_json_str(j, "name", n->name);
        assay_json_int(j, "runs", n->of[COMPARE_TIME].freedom + 1);
        for (int m = 0; m < COMPARE_METRICS; m++)
            if (n->of[m].freedom == n->of[COMPARE_TIME].freedom) /* else some of the runs have none */
                assay_json_num(j, compare_deviation[m], sqrt(n->of[m].variance));
        assay_json_close(j);
    }
    assay_json_close(j);
}

/* A field of RFC 4180.  What a spreadsheet would take for a formula is a text. */
static void field(FILE *f, const char *text)
{
    fprintf(f, "\"%s", strchr("=+-@", text[0]) && text[0] ? "'" : "");
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', f);
        fputc(*text, f);
    }
    fputs("\",", f);
}

void compare_csv(const compare *c, FILE *f)
{
    fputs("commit,date,machine,name,repetition,ns\n", f);
    for (size_t i = 0; i < c->n_rows; i++) {
        const compare_row *r = &c->row[i];
        for (int k = 0; k < r->n[0] + r->n[1]; k++) {
            const compare_run *run = &c->run[r->entry[k].run];
            const cJSON *ns;
            int repetition = 0;
            EACH (ns, member(r->entry[k].item, "samples")) {
                field(f, run->commit);
                field(f, run->date);
                field(f, compare_machine(run));
                field(f, r->name);
                fprintf(f, "%d,%.17g\n", repetition++, ns->valuedouble);
            }
        }
    }
}
