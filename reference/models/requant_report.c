/* SPDX-License-Identifier: MIT
 * What a plan or a finished file is, as a table and as JSON. */
#include "../core/document.h"
#include "../core/dtype.h"
#include "../core/plain.h"
#include "requant.h"
#include <fnmatch.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct group { /* tensors of which the same is done */
    assay_dtype from, to;
    assay_requant_why why;
    bool same; /* bytes: neither another type nor scaled by a method */
    int tensors, weighted;
    int64_t n;
    uint64_t bytes;
    double e2, x2, most_e, we2, wx2;
    const assay_requant_tensor *first;
} group;

static void add(group *g, const assay_requant_tensor *t)
{
    g->tensors++, g->weighted += t->weighted;
    g->n += t->rows * t->width, g->bytes += t->bytes;
    g->e2 += t->e2, g->x2 += t->x2, g->we2 += t->we2, g->wx2 += t->wx2;
    g->most_e = fmax(g->most_e, t->most_e);
}

static group one(const assay_requant *r, const assay_requant_tensor *t)
{
    group g = { .from = t->from, .to = t->to, .why = t->why, .first = t };
    g.same = t->from == t->to && !assay_method_changes(r, t);
    add(&g, t);
    return g;
}

static double relative(double e2, double x2)
{
    return x2 > 0 ? sqrt(e2 / x2) : 0;
}

static double rmse(const group *g)
{
    return g->n ? sqrt(g->e2 / (double)g->n) : 0;
}

static void print_line(const group *g, const char *what, bool done)
{
    printf("%-7s %-7s %-13s %7d %12" PRId64 " %7.4g", assay_requant_from(g->first), assay_dtype_of(g->to)->name,
           assay_requant_why_text(g->why), g->tensors, g->n, g->n ? 8.0 * (double)g->bytes / (double)g->n : 0);
    char errors[64] = "";
    if (done && g->same)
        snprintf(errors, sizeof errors, "  the same bytes");
    else if (done)
        snprintf(errors, sizeof errors, "  %-9.3g  %-8.3g  %.3g", rmse(g), relative(g->e2, g->x2), g->most_e);
    printf("%-*s%s%s%s\n", done && (g->weighted || *what) ? 33 : 0, errors, g->weighted ? "  weighted" : "",
           *what ? "  " : "", what);
}

static size_t group_all(const assay_requant *r, group *all)
{
    size_t n = 0;
    for (size_t i = 0; i < r->n_tensors; i++) {
        const assay_requant_tensor *t = &r->tensor[i];
        size_t k = 0;
        const group g = one(r, t);
        while (k < n && (strcmp(assay_requant_from(all[k].first), assay_requant_from(t)) || all[k].to != t->to ||
                         all[k].why != t->why || all[k].same != g.same))
            k++;
        if (k == n)
            all[n++] = g;
        else
            add(&all[k], t);
    }
    return n;
}

/* How weights of few bits were read: what decides their values. */
static void print_packed(const assay_requant *r)
{
    int n = 0, lies = 0, ordered = 0;
    const assay_requant_packed *one_of = NULL, *liar = NULL;
    for (size_t i = 0; i < r->n_tensors; i++) {
        const assay_requant_packed *q = r->tensor[i].packed;
        if (!q || q->scaled)
            continue;
        n++, lies += q->lies, ordered += q->p.g_idx != NULL;
        one_of = one_of ? one_of : q;
        liar = q->lies && !liar ? q : liar;
    }
    if (n)
        printf("note: %d are codes of %d bits in %s's layout, by %s: groups of %" PRId64 "%s\n", n, one_of->p.bits,
               assay_packed_name(one_of->p.layout), r->config.source, one_of->p.group,
               ordered ? ", by their g_idx" : "");
    if (n && *r->config.other)
        printf("note: %s: %s is believed\n", r->config.other, r->config.source);
    if (lies)
        printf("note: %d of them store their zero points as %s does, though %s says %s: the grid is symmetric, so "
               "that they tell\n",
               lies, assay_packed_name(liar->p.layout), r->config.source, assay_packed_name(r->config.layout));
}

/* Rules that name nothing are most likely mistyped. */
static void print_idle(const assay_requant *r)
{
    for (int i = 0; i < r->n_rules; i++) {
        bool idle = true;
        for (size_t t = 0; t < r->n_tensors && idle; t++) {
            char name[256];
            snprintf(name, sizeof name, "%.*s", (int)r->tensor[t].name.n, r->tensor[t].name.at);
            idle = fnmatch(r->rule[i].pattern, name, 0) != 0;
        }
        if (idle)
            printf("note: --tensor '%s' matches none of the %zu tensors\n", r->rule[i].pattern, r->n_tensors);
    }
}

/* In words: why tensors have another type than the one that was asked for, and what a reader should know. */
static void print_notes(const assay_requant *r, const group *all, size_t n)
{
    const char *type = assay_dtype_of(r->type)->name;
    int again = 0, lost = 0;
    for (size_t i = 0; i < n; i++) {
        const group *g = &all[i];
        if (g->why == ASSAY_REQUANT_SHORT)
            printf("note: %d %s instead of %s: rows of %" PRId64 " weights are no whole blocks of %d (%.*s, ...)\n",
                   g->tensors, assay_dtype_of(g->to)->name, type, g->first->width, assay_dtype_of(r->type)->block,
                   (int)(g->first->name.n < 60 ? g->first->name.n : 60), g->first->name.at);
        again += g->from != g->to && (assay_dtype_of(g->from)->block > 1 || g->first->packed) ? g->tensors : 0;
        if (g->n && g->first->rank > 1 && !assay_requant_runs(g->to) && !lost++)
            printf("note: assay run will refuse it: matmul takes no %s yet (assay list op matmul)\n",
                   assay_dtype_of(g->to)->name);
    }
    print_idle(r);
    if (again)
        printf("note: %d were in blocks already: errors are against what these say, not against the weights before\n",
               again);
    print_packed(r);
    if (r->imatrix) {
        int known = 0, heeded = 0, matrices = 0;
        for (size_t i = 0; i < r->n_tensors; i++) {
            const assay_requant_tensor *t = &r->tensor[i];
            matrices += t->from != t->to && t->rank > 1;
            known += t->weight != NULL, heeded += t->weighted;
        }
        printf("imatrix: of %d matrices it knows %d; the search of %d heeds it\n", matrices, known, heeded);
    }
}

void assay_requant_print(const assay_requant *r, bool each, bool done)
{
    group *all = calloc(r->n_tensors + 1, sizeof *all), sum = { 0 };
    if (!all)
        return;
    const size_t n = group_all(r, all);
    char name[128];
    printf("%-7s %-7s %-13s %7s %12s %7s%s\n", "from", "to", "why", "tensors", "numbers", "bits",
           done ? "  RMSE       relative  largest" : "");
    for (size_t i = 0; each && i < r->n_tensors; i++) {
        const group g = one(r, &r->tensor[i]);
        snprintf(name, sizeof name, "%.*s", (int)g.first->name.n, g.first->name.at);
        print_line(&g, assay_plain(name), done);
    }
    for (size_t i = 0; i < n; i++) {
        if (!each)
            print_line(&all[i], "", done);
        sum.tensors += all[i].tensors, sum.n += all[i].n, sum.bytes += all[i].bytes;
    }
    printf("all: %d tensors, %" PRId64 " numbers, %.1f MB of data, %.4g bits each (the file was %.1f MB)\n",
           sum.tensors, sum.n, (double)sum.bytes / 1e6, sum.n ? 8.0 * (double)sum.bytes / (double)sum.n : 0,
           (double)r->bytes_in / 1e6);
    print_notes(r, all, n);
    free(all);
}

char *assay_requant_json(const assay_requant *r, bool done)
{
    assay_json j = { 0 };
    char name[512];
    assay_document_open(&j, "quantize");
    assay_json_str(&j, "in", r->in);
    assay_json_str(&j, "out", r->out);
    assay_json_bool(&j, "written", done);
    assay_json_str(&j, "type", assay_dtype_of(r->type)->name);
    assay_json_str(&j, "imatrix", r->imatrix);
    assay_json_str(&j, "method", r->how.method ? assay_method_name(r->how.method) : NULL);
    assay_json_uint(&j, "bytes", r->bytes_out);
    assay_json_open(&j, "tensors", '[');
    for (size_t i = 0; i < r->n_tensors; i++) {
        const assay_requant_tensor *t = &r->tensor[i];
        const group g = one(r, t);
        snprintf(name, sizeof name, "%.*s", (int)t->name.n, t->name.at);
        assay_json_open(&j, NULL, '{');
        assay_json_str(&j, "name", name);
        assay_json_str(&j, "from", assay_requant_from(t));
        assay_json_str(&j, "to", assay_dtype_of(t->to)->name);
        assay_json_str(&j, "why", assay_requant_why_text(t->why));
        assay_json_open(&j, "shape", '[');
        for (int k = 0; k < t->rank; k++)
            assay_json_int(&j, NULL, t->dim[k]);
        assay_json_close(&j);
        assay_json_uint(&j, "bytes", t->bytes);
        assay_json_bool(&j, "weighted", t->weighted);
        if (done) {
            assay_json_num(&j, "rmse", rmse(&g));
            assay_json_num(&j, "relative", relative(t->e2, t->x2));
            assay_json_num(&j, "max_error", t->most_e);
            if (t->weight)
                assay_json_num(&j, "weighted_relative", relative(t->we2, t->wx2));
            if (r->change && r->change[i].size > 0) {
                assay_json_num(&j, "output_loss", r->change[i].loss / r->change[i].size);
                assay_json_num(&j, "output_loss_plain", r->change[i].plain / r->change[i].size);
            }
        }
        assay_json_close(&j);
    }
    assay_json_close(&j);
    assay_json_close(&j);
    if (j.failed) {
        assay_json_free(&j);
        return NULL;
    }
    return j.text;
}
