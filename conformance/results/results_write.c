/* SPDX-License-Identifier: MIT
 * The document: what is computed from the parts first, for readers; the parts last, for `assay merge`. */
#include "../../reference/core/status.h"
#include "output.h"
#include "results_form.h"
#include "../proof/scores/tightness.h"
#include <stdlib.h>
#include <string.h>

/* The text that all parts agree on, else "several". */
static const char *common(const assay_results *r, size_t at)
{
    const char *first = NULL;
    for (size_t i = 0; i < r->n; i++) {
        const char *text = *(const char *const *)assay_m_at(&r->part[i], at);
        text = text ? text : "";
        if (first && strcmp(first, text) != 0)
            return "several";
        first = text;
    }
    return first;
}

static void write_kernel(assay_json *j, const assay_result_sum *s)
{
    assay_json_open(j, NULL, '{');
    assay_json_str(j, "verdict", s->verdict);
    assay_json_str(j, "caught_by", s->k.expected && s->k.n_failures ? s->k.failure[0].by : NULL);
    assay_members_write(j, &s->k, assay_m_kernel, true);
    assay_json_close(j);
}

/* One entry for each kernel that is not judged on the whole of the cases anywhere: reason by machine. */
static void write_not_covered(assay_json *j, const assay_result_sum *s)
{
    assay_json_open(j, NULL, '{');
    assay_json_str(j, "what", s->what);
    assay_json_str(j, "op", s->k.op);
    assay_json_str(j, "kernel", s->k.kernel);
    assay_json_str(j, "isa", s->k.isa);
    assay_json_str(j, "reason", s->verdict);
    assay_json_open(j, "hosts", '[');
    for (size_t i = 0; i < s->n_seen; i++) {
        const assay_result_seen *x = &s->seen[i], *last = i ? x - 1 : NULL;
        if (last && !strcmp(last->part->target, x->part->target) && !strcmp(last->part->model, x->part->model) &&
            last->k->reached == x->k->reached)
            continue;
        assay_json_open(j, NULL, '{');
        assay_json_str(j, "target", x->part->target);
        assay_json_str(j, "model", x->part->model);
        assay_json_str(j, "reason", x->k->reached == ASSAY_JUDGED ? s->verdict : assay_reached_name(x->k->reached));
        assay_json_close(j);
    }
    assay_json_close(j);
    assay_json_close(j);
}

static void write_totals(assay_json *j, const assay_summary *s)
{
    const struct {
        const char *name;
        int64_t n;
    } totals[] = { { "kernels", (int64_t)s->n },
                   { "judged", s->judged },
                   { "off_cpu", s->off_cpu },
                   { "not_built", s->not_built },
                   { "filtered", s->filtered },
                   { "bad", s->bad },
                   { "passed", s->passed },
                   { "failed", s->failed },
                   { "not_accepted", s->not_accepted },
                   { "other_types", s->other_types },
                   { "not_run", s->not_run },
                   { "faults", s->faults },
                   { "caught", s->caught },
                   { "legal", s->legal },
                   { "flagged", s->flagged },
                   { "known", s->known } };
    assay_json_open(j, "totals", '{');
    for (size_t i = 0; i < sizeof totals / sizeof *totals; i++)
        assay_json_int(j, totals[i].name, totals[i].n);
    assay_json_close(j);
}

static void write_texts(assay_json *j, const char *key, const char *const *text, size_t n)
{
    assay_json_open(j, key, '[');
    for (size_t i = 0; i < n; i++)
        assay_json_str(j, NULL, text[i]);
    assay_json_close(j);
}

static void write_document(assay_json *j, const assay_summary *s)
{
    const assay_results *r = s->of;
    assay_json_open(j, NULL, '{');
    assay_json_int(j, "schema", ASSAY_RESULTS_SCHEMA);
    assay_json_str(j, "kind", "check");
    for (const assay_member *m = assay_m_part; m->name; m++)
        if (m->kind == ASSAY_M_TEXT || m->kind == ASSAY_M_MAYBE)
            assay_json_str(j, m->name, !strcmp(m->name, "secret") ? r->n ? r->part[0].secret : NULL : common(r, m->at));
    assay_json_str(j, "verdict", assay_summary_code(s) ? "failed" : "passed");
    assay_json_str(j, "digest", s->digest);
    assay_json_int(j, "cases", s->cases);
    assay_json_int(j, "coverage_holes", s->holes);
    write_totals(j, s);
    assay_tightness_json(s, j);
    write_texts(j, "holes", s->hole, s->n_holes);
    write_texts(j, "lacking", s->lacking, s->n_lacking);
    write_texts(j, "unmet", s->unmet, s->n_unmet);
    assay_json_open(j, "not_built", '[');
    for (size_t i = 0; i < s->n; i++)
        if (s->kernel[i].k.reached == ASSAY_NO_BUILD)
            assay_json_str(j, NULL, s->kernel[i].k.file);
    assay_json_close(j);
    assay_json_open(j, "not_covered", '[');
    for (size_t i = 0; i < s->n; i++)
        if (s->kernel[i].k.reached != ASSAY_JUDGED || !s->kernel[i].whole)
            write_not_covered(j, &s->kernel[i]);
    assay_json_close(j);
    assay_json_open(j, "kernels", '[');
    for (size_t i = 0; i < s->n; i++)
        if (s->kernel[i].k.reached <= ASSAY_NO_CPU)
            write_kernel(j, &s->kernel[i]);
    assay_json_close(j);
    assay_json_open(j, "parts", '[');
    for (size_t i = 0; i < r->n; i++) {
        assay_json_open(j, NULL, '{');
        assay_json_str(j, "digest", r->part[i].digest);
        assay_members_write(j, &r->part[i], assay_m_part, true);
        assay_json_close(j);
    }
    assay_json_close(j);
    assay_json_close(j);
}

assay_status assay_report_json(const assay_summary *s, FILE *f)
{
    assay_json j = { 0 };
    write_document(&j, s);
    const bool bad = j.failed;
    if (!bad)
        fprintf(f, "%s\n", j.text);
    assay_json_free(&j);
    return bad ? ASSAY_ERR_NOMEM : ASSAY_OK;
}
