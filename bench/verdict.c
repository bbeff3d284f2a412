/* SPDX-License-Identifier: MIT
 * verdict.c - is what the timed loop wrote right?  The oracle on everything, or, for the largest products, on sampled
 * rows of the weights (with Freivalds over all elements, freivalds.c). */
#include "../reference/core/rng.h"
#include "../reference/core/tensor.h"
#include "bench.h"
#include <stdlib.h>
#include <string.h>

enum { SAMPLED_ROWS = 16 };

static bool same_rounding(const assay_contract *a, const assay_contract *b)
{
    static const assay_contract none;
    a = a ? a : &none, b = b ? b : &none;
    for (size_t i = 0; i < ASSAY_COUNT_OF(a->round); i++) {
        const assay_round *x = &a->round[i], *y = &b->round[i];
        if (!x->operand != !y->operand || (x->operand && (strcmp(x->operand, y->operand) || x->to != y->to)))
            return false;
    }
    return true;
}

static void judge(const assay_problem *p, const assay_contract *k, const assay_tensor *got, bench_verdict *v)
{
    assay_finding f;
    assay_compare(p, k, got, &f);
    v->pass = f.pass;
    v->used = f.used;
    snprintf(v->by, sizeof v->by, "%s", assay_by_name(f.by));
    snprintf(v->why, sizeof v->why, "%s", f.pass ? "" : f.why.text);
}

static void whole(const bench_task *t, assay_problem *p, bench_verdict *v)
{
    /* kernels that round alike share a golden; it lives as long as the problem does */
    static const assay_problem *last;
    static const assay_contract *solved;
    static uint64_t seed;
    static char line[ASSAY_CASE_LINE];
    char now[ASSAY_CASE_LINE];
    assay_tensor got[ASSAY_MAX_OPND];
    assay_why why = { "" };
    assay_case_print(&p->c, now, sizeof now);
    if (last != p || seed != p->c.seed || strcmp(line, now) != 0 || !same_rounding(solved, t->k->contract)) {
        if (assay_problem_solve(p, t->k->contract, &why)) {
            snprintf(v->why, sizeof v->why, "the oracle: %.200s", why.text);
            last = NULL;
            return;
        }
        last = p, solved = t->k->contract, seed = p->c.seed;
        memcpy(line, now, sizeof line);
    }
    for (int i = 0; i < p->c.op->n_operands; i++) {
        got[i] = p->t[i];
        got[i].data = t->out.data[i] ? t->out.data[i] : got[i].data;
        v->elements += t->out.data[i] ? assay_tensor_count(&got[i]) : 0;
    }
    snprintf(v->how, sizeof v->how, "all elements");
    judge(p, t->k->contract, got, v);
}

static bool sampled(const bench_task *t, const assay_problem *p, bench_verdict *v)
{
    const int d = bench_part_dim(p->c.op);
    const int64_t all = d < 0 ? 0 : p->c.dim[d], n = all < SAMPLED_ROWS ? all : SAMPLED_ROWS;
    int64_t index[SAMPLED_ROWS];
    assay_problem part;
    assay_tensor got[ASSAY_MAX_OPND];
    assay_rng rng = { p->c.seed, 77, 0 };
    assay_why why = { "" };
    bool ok = n > 0;
    if (!ok)
        return false;
    for (int64_t i = 0; i < n; i++) /* one from each of n equal stretches, the first and the last row among them */
        index[i] = i == 0       ? 0
                   : i == n - 1 ? all - 1
                                : all * i / n + assay_rng_below(&rng, all * (i + 1) / n - all * i / n);
    if (!bench_part(p, d, index, n, &part))
        return false;
    for (int i = 0; ok && i < p->c.op->n_operands; i++) {
        got[i] = part.t[i];
        if (!t->out.data[i])
            continue;
        got[i].data = calloc(assay_tensor_bytes(&part.t[i]) + 64, 1);
        ok = got[i].data && bench_part_output(p, d, index, n, i, t->out.data[i], got[i].data);
        v->elements += assay_tensor_count(&got[i]);
    }
    ok = ok && !assay_problem_solve(&part, t->k->contract, &why);
    if (ok) {
        snprintf(v->how, sizeof v->how, "%lld of %lld %c", (long long)n, (long long)all, p->c.op->dims[d]);
        judge(&part, t->k->contract, got, v);
    }
    for (int i = 0; i < p->c.op->n_operands; i++)
        if (t->out.data[i])
            free(got[i].data);
    assay_problem_free(&part);
    return ok;
}

void bench_judge(bench_task *t, const bench_result *r, assay_problem *p, bool all, bench_verdict *v)
{
    *v = (bench_verdict){ .by = "status" };
    if (r->status) {
        snprintf(v->why, sizeof v->why, "%s", r->why);
        return;
    }
    if (!all && sampled(t, p, v)) {
        if (v->pass)
            bench_freivalds(t, p, v);
        return;
    }
    *v = (bench_verdict){ .by = "oracle" };
    whole(t, p, v);
}

void bench_verdict_json(const bench_verdict *v, assay_json *j, const char *key)
{
    assay_json_open(j, key, '{');
    assay_json_bool(j, "pass", v->pass);
    assay_json_str(j, "by", v->by);
    assay_json_str(j, "how", v->how);
    assay_json_int(j, "elements", v->elements);
    assay_json_num(j, "used", v->used);
    if (v->freivalds[0])
        assay_json_str(j, "freivalds", v->freivalds);
    assay_json_str(j, "why", v->why);
    assay_json_close(j);
}
