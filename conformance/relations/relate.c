/* SPDX-License-Identifier: MIT
 * Relations in `assay check`, for every kernel, and in `assay check --metamorphic`, for faults and legal variants. */
#include "../../reference/core/status.h"
#include "../check.h"
#include "../results/hash.h"
#include "metamorphic.h"
#include "../results/output.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

assay_status assay_check_related(assay_session *s, const assay_op *op, assay_why *why)
{
    const assay_filter *f = s->filter;
    assay_status st = ASSAY_OK;
    if (s->faults || s->ledger.mutants || (f->shards > 1 && assay_shard_of(op->name, f->shards) != f->shard))
        return st; /* an op's relations belong to one shard */
    for (size_t i = 0; !st && i < s->ledger.n; i++) {
        assay_entry *e = &s->ledger.entry[i];
        assay_related r;
        if (e->fault || !e->on_cpu || e->given_up || strcmp(e->kernel->op, op->name))
            continue;
        st = assay_relate(s->pool, e->kernel, e->plugin, &r, why);
        e->relations += r.held;
        assay_case c;
        if (st || !r.broken || assay_case_parse(r.line, &c, NULL))
            continue;
        assay_finding broken = { .by = ASSAY_BY_RELATION, .operand = -1, .index = -1, .threads = 1, .why = r.why };
        e->at = s->ledger.at;
        assay_ledger_count(&s->ledger, e, &c, ASSAY_FAILED, &broken);
        assay_ledger_say(&s->ledger);
    }
    return st;
}

typedef struct score { /* of one op */
    int64_t relations, faults, caught, legal, flagged, held;
} score;

static assay_status judge_op(assay_pool *pool, const assay_filter *f, const assay_op *op, assay_json *j, score *sum,
                             assay_why *why)
{
    const assay_faults *all = assay_faults_of(op);
    assay_status s = ASSAY_OK;
    for (size_t i = 0; assay_relation_of(op, i); i++)
        sum->relations++;
    for (size_t i = 0; !s && all && i < all->n; i++) {
        const assay_fault *x = &all->fault[i];
        assay_related r;
        if (assay_filter_kernel(f, &x->kernel) != ASSAY_RUNS)
            continue;
        s = assay_relate(pool, &x->kernel, -1, &r, why);
        const bool bad = x->kind == ASSAY_FAULT;
        *(bad ? &sum->faults : &sum->legal) += 1;
        *(bad ? &sum->caught : &sum->flagged) += r.broken > 0;
        sum->held += r.held;
        assay_json_open(j, NULL, '{');
        assay_json_str(j, "op", op->name);
        assay_json_str(j, "kernel", x->kernel.name);
        assay_json_str(j, "expected", bad ? "fault" : "legal");
        assay_json_int(j, "held", r.held);
        assay_json_int(j, "broken", r.broken);
        assay_json_str(j, "why", r.broken ? r.why.text : NULL);
        assay_json_str(j, "case", r.broken ? r.line : NULL);
        assay_json_close(j);
        if (r.broken)
            printf("  %s %s/%s: %.200s\n      %s\n", bad ? "caught " : "FLAGGED", op->name, x->kernel.name, r.why.text,
                   r.line);
    }
    return s;
}

int assay_check_relations(assay_pool *pool, const assay_filter *f)
{
    assay_json j = { 0 };
    assay_why why = { "" };
    assay_status s = ASSAY_OK;
    score total = { 0 };
    assay_document_open(&j, "metamorphic");
    assay_json_open(&j, "kernels", '[');
    for (size_t i = 0; !s && assay_op_at(i); i++)
        s = judge_op(pool, f, assay_op_at(i), &j, &total, &why);
    assay_json_close(&j);
    assay_json_open(&j, "totals", '{');
    assay_json_int(&j, "relations", total.relations);
    assay_json_int(&j, "faults", total.faults);
    assay_json_int(&j, "caught", total.caught);
    assay_json_int(&j, "legal", total.legal);
    assay_json_int(&j, "flagged", total.flagged);
    assay_json_close(&j);
    if (s)
        assay_json_free(&j);
    else
        s = assay_document_write(&j, f->json, &why);
    if (s) {
        fprintf(stderr, "assay check: %s\n", why.text);
        return 2;
    }
    printf("%lld relations, no golden: %lld of %lld faults caught; %lld of %lld legal variants flagged\n",
           (long long)total.relations, (long long)total.caught, (long long)total.faults, (long long)total.flagged,
           (long long)total.legal);
    return total.flagged || total.faults + total.legal == 0;
}
