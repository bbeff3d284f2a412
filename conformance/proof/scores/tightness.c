/* SPDX-License-Identifier: MIT */
#include "tightness.h"
#include "../../../reference/core/contract.h"
#include "../../../reference/core/registry.h"
#include "../../check.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool legal(const assay_entry *e)
{
    return !e->fault || e->fault->kind == ASSAY_LEGAL;
}

static bool generated(const assay_ledger *l)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->entry[i].fault && l->entry[i].fault->kind == ASSAY_LEGAL)
            return true;
    return false;
}

void assay_tightness_entries(assay_pool *pool, assay_ledger *l, const assay_filter *f)
{
    if (!generated(l)) {
        size_t n = 0;
        assay_check_faults(l, f);
        for (size_t i = 0; i < l->n; i++)
            if (legal(&l->entry[i]))
                l->entry[n++] = l->entry[i];
        l->n = n;
    }
    assay_check_kernels(pool, l, f);
}

static bool bounded(const assay_op *op)
{
    bool any = false;
    for (int i = 0; op && op->bound && i < op->n_operands; i++)
        any |= op->operands[i].access != ASSAY_IN && op->operands[i].verdict == ASSAY_BOUNDED;
    return any;
}

static assay_tight *row_of(assay_tight *rows, size_t *n, const assay_result_kernel *k, const char *gen)
{
    size_t i = 0;
    while (i < *n && (strcmp(rows[i].op, k->op) || strcmp(rows[i].contract, k->contract) || strcmp(rows[i].gen, gen)))
        i++;
    if (i == *n)
        rows[(*n)++] = (assay_tight){ .op = k->op, .contract = k->contract, .gen = gen, .used = -1 };
    return &rows[i];
}

size_t assay_tightness(const assay_summary *s, assay_tight **rows)
{
    size_t n = 0, most = 1;
    for (size_t i = 0; i < s->n; i++)
        most += s->kernel[i].k.n_shared;
    *rows = calloc(most, sizeof **rows);
    for (size_t i = 0; *rows && i < s->n; i++) {
        const assay_result_kernel *k = &s->kernel[i].k;
        if ((k->expected && strcmp(k->expected, "legal") != 0) || !k->passed || !bounded(assay_op_find(k->op)))
            continue;
        for (size_t g = 0; g < k->n_shared; g++) {
            const assay_result_shared *from = &k->shared[g];
            assay_tight *r = row_of(*rows, &n, k, from->gen);
            r->kernels++;
            r->runs += from->passed;
            r->typical = from->typical > r->typical ? from->typical : r->typical;
            if (from->worst > r->used)
                r->used = from->worst, r->kernel = k->kernel, r->line = from->line;
        }
    }
    return n;
}

/* Where a few runs came out exact, as softmax of one column, nothing was seen of the bound. */
static bool unseen(const assay_tight *r)
{
    enum { FEW = 3 };
    return r->used <= 0 && r->runs <= FEW;
}

int assay_tightness_print(const assay_summary *s)
{
    assay_tight *rows;
    const size_t n = assay_tightness(s, &rows);
    int loose = 0, aim = 0, exact = 0;
    printf("tightness: the largest share of its bound that a legal kernel used, and the largest typical one\n");
    for (size_t i = 0; i < n; i++) {
        const assay_tight *r = &rows[i];
        const bool bad = !unseen(r) && !assay_gate_good(r->contract, r->used, r->typical);
        loose += bad;
        exact += unseen(r);
        aim += !unseen(r) && r->used < ASSAY_TIGHT;
        printf("  %s %s, %s, %s: %.3f, typical %.4f (%s of %lld kernels, %lld runs: %s)\n",
               bad         ? "LOOSE"
               : unseen(r) ? "exact"
                           : "ok   ",
               r->op, r->contract, r->gen, r->used, r->typical, r->kernel, (long long)r->kernels, (long long)r->runs,
               r->line);
    }
    printf("%zu bounds; %d below %g (typical: %g), %d below %g, %d not seen: few runs, all exact\n", n, loose,
           ASSAY_LOOSE, ASSAY_LOOSE_TYPICAL, aim, ASSAY_TIGHT, exact);
    free(rows);
    return loose;
}

void assay_tightness_json(const assay_summary *s, assay_json *j)
{
    assay_tight *rows;
    if (s->legal == 0)
        return;
    const size_t n = assay_tightness(s, &rows);
    assay_json_open(j, "tightness", '[');
    for (size_t i = 0; i < n; i++) {
        assay_json_open(j, NULL, '{');
        assay_json_str(j, "op", rows[i].op);
        assay_json_str(j, "contract", rows[i].contract);
        assay_json_str(j, "gen", rows[i].gen);
        assay_json_num(j, "worst", rows[i].used);
        assay_json_num(j, "typical", rows[i].typical);
        assay_json_str(j, "kernel", rows[i].kernel);
        assay_json_str(j, "case", rows[i].line);
        assay_json_int(j, "kernels", rows[i].kernels);
        assay_json_int(j, "runs", rows[i].runs);
        assay_json_close(j);
    }
    assay_json_close(j);
    free(rows);
}
