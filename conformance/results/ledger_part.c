/* SPDX-License-Identifier: MIT
 * A ledger as one part of a results document: what was judged, and what was not with the reason. */
#include "../../reference/core/contract.h"
#include "../../reference/core/plain.h"
#include "../../reference/core/registry.h"
#include "../../reference/core/secret.h"
#include "assay_build.h"
#include "../judge/absent.h"
#include "ledger.h"
#include "machine_name.h"
#include "results.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef ASSAY_EMULATE
static const bool emulated = true;
#else
static const bool emulated = false;
#endif

/* Names come from plug-ins, sentences from system calls: only what is plain goes further. */
static const char *keep(assay_results *r, const char *text)
{
    const size_t n = strlen(text) + 1;
    return assay_plain(memcpy(assay_results_alloc(r, n), text, n));
}

static const char *text_or_null(assay_results *r, const char *text)
{
    return text ? keep(r, text) : NULL;
}

/* A tier that this build holds as portable C is another tier: it proves no instruction. */
static const char *tier_of(assay_results *r, const assay_kernel *k)
{
    char text[64];
    const assay_isa *isa = assay_isa_of(k->isa);
    const bool portable = emulated && isa && !strncmp(isa->name, "avx512", 6);
    snprintf(text, sizeof text, "%s%s", isa ? isa->name : "?", portable ? "-emulated" : "");
    return keep(r, text);
}

static const char *file_of(assay_results *r, const assay_entry *e)
{
    char text[160];
    const char *file = assay_kernel_file(e->kernel);
    if (e->fault || e->plugin >= 0)
        return "";
    snprintf(text, sizeof text, "%s%s", emulated && file && strstr(file, "avx512") ? "emulated/" : "",
             file ? file : "");
    return keep(r, text);
}

static void put_finding(assay_results *r, const assay_entry *e, const assay_finding *x, const char *line, int64_t at,
                        const char *words, assay_result_failure *f)
{
    const assay_op *op = assay_op_find(e->kernel->op);
    *f = (assay_result_failure){ .by = assay_by_name(x->by),
                                 .line = keep(r, line),
                                 .operand = op && x->operand >= 0 ? op->operands[x->operand].name : NULL,
                                 .why = keep(r, x->why.text),
                                 .at = at,
                                 .index = x->index,
                                 .got = x->got,
                                 .want = x->want,
                                 .bound = x->bound,
                                 .words = words[0] ? keep(r, words) : NULL,
                                 .known = x->known.text[0] ? keep(r, x->known.text) : NULL,
                                 .placement = x->threads ? assay_place_name(x->place) : NULL,
                                 .threads = x->threads };
}

static void put_more(assay_results *r, const assay_entry *e, const assay_more *m, assay_result_failure *to, size_t *n)
{
    for (size_t i = 0; i < m->n; i++)
        put_finding(r, e, &m->one[i].finding, m->one[i].line, m->one[i].at, "", &to[(*n)++]);
}

static void put_entry(assay_results *r, const assay_entry *e, assay_result_kernel *k)
{
    char contract[256];
    *k = (assay_result_kernel){ .op = keep(r, e->kernel->op),
                                .kernel = keep(r, e->kernel->name),
                                .isa = tier_of(r, e->kernel),
                                .file = file_of(r, e),
                                .reached = e->on_cpu ? ASSAY_JUDGED : ASSAY_NO_CPU,
                                .passed = e->passed,
                                .failed = e->failed,
                                .known = e->known,
                                .not_accepted = e->not_accepted,
                                .other_types = e->other_types,
                                .not_run = e->not_run,
                                .worst = e->used,
                                .worst_at = e->worst_at,
                                .worst_long = e->used_long,
                                .seconds = round(1e6 * e->seconds) / 1e6,
                                .shrunk = e->shrunk.line[0] ? keep(r, e->shrunk.line) : NULL,
                                .worst_case = keep(r, e->worst),
                                .note = e->note[0] ? keep(r, e->note) : NULL,
                                .note_case = e->note[0] ? keep(r, e->note_line) : NULL,
                                .expected = !e->fault                       ? NULL
                                            : e->fault->kind == ASSAY_FAULT ? "fault"
                                                                            : "legal",
                                .source = e->fault ? e->fault->source : NULL,
                                .says = e->fault ? e->fault->says : NULL };
    char cause[ASSAY_CAUSES * (ASSAY_CAUSE_TEXT + 2)] = "";
    for (int i = 0, at = 0; i < ASSAY_CAUSES && e->cause[i][0]; i++)
        at += snprintf(cause + at, sizeof cause - (size_t)at, "%s%s", i ? "; " : "", e->cause[i]);
    k->cause = cause[0] ? keep(r, cause) : NULL;
    k->contract = keep(r, assay_contract_text(e->kernel->contract, contract, sizeof contract));
    k->typed = assay_results_alloc(r, sizeof *k->typed * (size_t)e->n_typed + 1);
    for (int i = 0; i < e->n_typed; i++)
        k->typed[k->n_typed++] = (assay_result_typed){ keep(r, e->typed[i].types), e->typed[i].passed,
                                                       e->typed[i].failed, e->typed[i].known, e->typed[i].used };
    k->shared = assay_results_alloc(r, sizeof *k->shared * (size_t)e->n_shared + 1);
    for (int i = 0; i < e->n_shared; i++) {
        const assay_shared *s = &e->shared[i];
        k->shared[k->n_shared++] =
            (assay_result_shared){ keep(r, s->gen), keep(r, s->line), s->passed, s->at, s->used, s->typical };
    }
    k->failure = assay_results_alloc(r, sizeof *k->failure * (ASSAY_LEDGER_FAILURES + e->more.n));
    for (int i = 0; i < e->failed && i < ASSAY_LEDGER_FAILURES; i++)
        put_finding(r, e, &e->finding[i], e->line[i], e->line_at[i], e->words[i], &k->failure[k->n_failures++]);
    put_more(r, e, &e->more, k->failure, &k->n_failures);
    k->known_failure = assay_results_alloc(r, sizeof *k->known_failure * e->expected.n + 1);
    put_more(r, e, &e->expected, k->known_failure, &k->n_known);
}

static void put_absent(assay_results *r, assay_result_kernel *k, const char *op, const char *name, const char *isa,
                       const char *file, assay_reached why)
{
    *k = (assay_result_kernel){ .op = keep(r, op),
                                .kernel = keep(r, name),
                                .isa = keep(r, isa),
                                .file = keep(r, file),
                                .reached = why,
                                .worst_case = "",
                                .contract = "" };
}

static void put_not_built(assay_results *r, const assay_ledger *l, assay_result_kernel *k, const char *file)
{
    const assay_kernel named = assay_kernel_of_file(file);
    put_absent(r, k, named.op, named.name, strrchr(file, '_') ? strrchr(file, '_') + 1 : "?", file,
               assay_filter_absent(l->filter, file) ? ASSAY_NO_BUILD : ASSAY_FILTERED_OUT);
}

/* Kernels that the filter left out, and those that this build lacks. */
static void put_others(assay_results *r, const assay_ledger *l, assay_result_part *p)
{
    const assay_kernel *k;
    if (strcmp(p->what, "kernels") != 0 || p->plugin)
        return;
    for (size_t i = 0; (k = assay_kernel_at(i)); i++) {
        const assay_entry e = { .kernel = k, .plugin = -1 };
        size_t have = 0;
        while (have < l->n && l->entry[have].kernel != k)
            have++;
        if (have == l->n)
            put_absent(r, &p->kernels[p->n_kernels++], k->op, k->name, tier_of(r, k), file_of(r, &e),
                       ASSAY_FILTERED_OUT);
        if (emulated && strstr(tier_of(r, k), "emulated"))
            put_not_built(r, l, &p->kernels[p->n_kernels++], assay_kernel_file(k));
    }
    for (size_t i = 0; assay_kernel_not_built(i); i++)
        put_not_built(r, l, &p->kernels[p->n_kernels++], assay_kernel_not_built(i));
}

static void put_filter(assay_results *r, const assay_ledger *l, assay_result_part *p)
{
    static const char *const levels[][2] = { { "quick", "rows" },
                                             { "full", "full rows" },
                                             { "exhaustive", "exhaustive rows" } };
    const assay_filter *f = l->filter;
    char text[128] = "";
    p->level = levels[f ? f->level : ASSAY_QUICK][f && f->rows_only];
    p->shard = f && f->shards ? f->shard : 1;
    p->shards = f && f->shards ? f->shards : 1;
    p->secret = assay_secret_name();
    p->line = text_or_null(r, l->line);
    p->plugin = text_or_null(r, l->plugin);
    p->not_checked = l->plugin && assay_not_checked()[0] ? keep(r, assay_not_checked()) : NULL;
    if (!f)
        return;
    p->op = text_or_null(r, f->op);
    p->plugin_file = text_or_null(r, f->plugin);
    char globs[512] = "";
    for (int i = 0, at = snprintf(globs, sizeof globs, "%s", f->kernel ? f->kernel : "");
         i < f->n_also && at < (int)sizeof globs; i++)
        at += snprintf(globs + at, sizeof globs - (size_t)at, ",%s", f->also[i]);
    p->kernel = f->kernel ? keep(r, globs) : NULL;
    p->isa = text_or_null(r, f->isa);
    snprintf(text, sizeof text, "%llu", (unsigned long long)f->seed);
    p->seed = f->has_seed ? keep(r, text) : NULL;
    for (int i = 0, at = 0; i < f->n_threads; i++)
        at += snprintf(text + at, sizeof text - (size_t)at, "%s%d", i ? "," : "", f->threads[i]);
    p->threads = f->n_threads ? keep(r, text) : NULL;
}

void assay_ledger_results(const assay_ledger *l, assay_results *r)
{
    size_t room = l->n;
    for (size_t i = 0; assay_kernel_at(i); i++)
        room += 2;
    for (size_t i = 0; assay_kernel_not_built(i); i++)
        room++;
    r->part = realloc(r->part, (r->n + 1) * sizeof *r->part);
    if (!r->part)
        abort();
    assay_result_part *p = &r->part[r->n++];
    *p = (assay_result_part){ .what = l->what ? l->what : "kernels",
                              .version = ASSAY_VERSION,
                              .commit = ASSAY_COMMIT,
                              .compiler = ASSAY_COMPILER,
                              .target = ASSAY_TARGET,
                              .flags = ASSAY_FLAGS,
                              .emulated = emulated,
                              .elements = l->elements,
                              .elements_judged = l->elements_judged,
                              .outputs_not_judged = l->outputs_not_judged };
    p->model = keep(r, assay_machine_name());
    p->features = keep(r, assay_machine_features());
    put_filter(r, l, p);
    p->ops = assay_results_alloc(r, sizeof *p->ops * l->n_ops + 1);
    for (size_t i = 0; i < l->n_ops; i++) {
        const assay_ledger_op *o = &l->op[i];
        assay_result_op *to = &p->ops[p->n_ops++];
        *to = (assay_result_op){
            .op = o->op, .cases = o->cases, .covered = o->covered, .known = text_or_null(r, o->known)
        };
        to->missing = assay_results_alloc(r, sizeof *to->missing * o->n_missing + 1);
        for (size_t m = 0; m < o->n_missing; m++)
            to->missing[to->n_missing++] = keep(r, o->missing[m]);
    }
    p->unmet = assay_results_alloc(r, sizeof *p->unmet * l->n_unmet + 1);
    for (size_t i = 0; i < l->n_unmet; i++)
        p->unmet[p->n_unmet++] = (assay_result_unmet){ keep(r, l->unmet[i]) };
    p->kernels = assay_results_alloc(r, sizeof *p->kernels * room);
    for (size_t i = 0; i < l->n; i++) {
        const assay_entry *e = &l->entry[i];
        if (!l->partial || !e->on_cpu || e->passed + e->failed + e->not_accepted + e->not_run)
            put_entry(r, e, &p->kernels[p->n_kernels++]);
    }
    put_others(r, l, p);
    assay_part_seal(p);
}
