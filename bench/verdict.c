/* SPDX-License-Identifier: MIT
 * verdict.c - is what the timed loop wrote right?  The oracle on everything, or, for the largest products, on sampled
 * rows of the weights, with Freivalds over all elements (freivalds.c), or where its integers cannot be had with all
 * weights for sampled rows of activations. */
#include "../reference/core/contract.h"
#include "../reference/core/rng.h"
#include "../reference/core/secret.h"
#include "../reference/core/tensor.h"
#include "bench.h"
#include <stdlib.h>
#include <string.h>

enum {
    SAMPLED_ROWS = 16,
    CROSS_ROWS = 4, /* of activations, by all rows of the weights, so many at once */
    CROSS_STRETCH = 1024,
    LEFT_WHOLE = 20000000, /* operations: what the timed loop left is judged whole up to here, */
    LEFT_MOST = 200000000  /* and up to here where it cannot be sampled */
};

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
    /* kernels that round alike share a golden; it lives as long as the problem does, whose solving has a number */
    static const assay_contract *solved;
    static uint64_t mine;
    assay_tensor got[ASSAY_MAX_OPND];
    assay_why why = { "" };
    if (!p->solved || p->solved != mine || !assay_contract_rounds_alike(solved, t->k->contract)) {
        if (assay_problem_solve(p, t->k->contract, &why)) {
            snprintf(v->why, sizeof v->why, "the oracle: %.200s", why.text);
            p->solved = 0;
            return;
        }
        solved = t->k->contract, mine = p->solved;
    }
    for (int i = 0; i < p->c.op->n_operands; i++) {
        got[i] = p->t[i];
        got[i].data = t->out.data[i] ? t->out.data[i] : got[i].data;
        v->elements += t->out.data[i] ? assay_tensor_count(&got[i]) : 0;
    }
    snprintf(v->how, sizeof v->how, "all elements");
    judge(p, t->k->contract, got, v);
}

typedef struct cut { /* n indices of a dimension */
    int d;
    const int64_t *index;
    int64_t n;
} cut;

/* The sub-case that n cuts, one after the other, leave of p and of outputs that a kernel wrote for the whole. */
static bool judge_cut(const bench_task *t, const assay_problem *p, void *const *out, const cut *k, int n,
                      bench_verdict *v)
{
    assay_problem part;
    assay_tensor got[ASSAY_MAX_OPND];
    void *mine[ASSAY_MAX_OPND] = { NULL };
    assay_why why = { "" };
    bool ok = bench_part(p, k->d, k->index, k->n, &part);
    if (!ok)
        return false;
    for (int i = 0; ok && i < p->c.op->n_operands; i++) {
        got[i] = part.t[i];
        if (!out[i])
            continue;
        got[i].data = mine[i] = calloc(assay_tensor_bytes(&part.t[i]) + 64, 1);
        ok = mine[i] && bench_part_output(p, k->d, k->index, k->n, i, out[i], mine[i]);
    }
    if (ok && n > 1)
        ok = judge_cut(t, &part, mine, k + 1, n - 1, v);
    else if (ok && (ok = !assay_problem_solve(&part, t->k->contract, &why))) {
        judge(&part, t->k->contract, got, v);
        for (int i = 0; i < p->c.op->n_operands; i++)
            v->elements += mine[i] ? assay_tensor_count(&got[i]) : 0;
    }
    for (int i = 0; i < p->c.op->n_operands; i++)
        free(mine[i]);
    assay_problem_free(&part);
    return ok;
}

/* One from each of n equal stretches, the first and the last among them; of one any. */
static void sample_of(int64_t all, int64_t n, assay_rng *rng, int64_t *index)
{
    for (int64_t i = 0; i < n; i++)
        index[i] = n > 1 && i == 0       ? 0
                   : n > 1 && i == n - 1 ? all - 1
                                         : all * i / n + assay_rng_below(rng, all * (i + 1) / n - all * i / n);
}

static bool sampled(const bench_task *t, const assay_problem *p, void *const *out, bench_verdict *v)
{
    const int d = bench_part_dim(&p->c);
    const int64_t all = d < 0 ? 0 : p->c.dim[d], n = all < SAMPLED_ROWS ? all : SAMPLED_ROWS;
    int64_t index[SAMPLED_ROWS];
    assay_rng rng = { assay_secret_seed(p->c.seed), 77, 0 };
    if (n <= 0)
        return false;
    sample_of(all, n, &rng, index);
    snprintf(v->how, sizeof v->how, "%lld of %lld %c", (long long)n, (long long)all, p->c.op->dims[d]);
    return judge_cut(t, p, out, &(cut){ d, index, n }, 1, v);
}

/* Where no exact integers can decide on all elements: every row of the weights, for a few rows of what they are
 * multiplied with.  Beside the sampled rows of the weights, for all of these, a cross: what depends on one of the two
 * alone is seen.  In stretches, since a problem of that size is in memory already. */
static bool across(const bench_task *t, const assay_problem *p, bench_verdict *v)
{
    const int d = bench_part_dim(&p->c), r = bench_rows_dim(p->c.op);
    const int64_t all = r < 0 ? 0 : p->c.dim[r], n = all < CROSS_ROWS ? all : CROSS_ROWS;
    int64_t row[CROSS_ROWS] = { 0 }, index[CROSS_STRETCH];
    assay_rng rng = { assay_secret_seed(p->c.seed), 78, 0 };
    bool ok = n > 0;
    if (ok)
        sample_of(all, n, &rng, row);
    for (int64_t at = 0, m; ok && v->pass && at < p->c.dim[d]; at += m) {
        bench_verdict mine = { .by = "oracle" };
        m = p->c.dim[d] - at < CROSS_STRETCH ? p->c.dim[d] - at : CROSS_STRETCH;
        for (int64_t i = 0; i < m; i++)
            index[i] = at + i;
        ok = judge_cut(t, p, t->out.data, (cut[]){ { d, index, m }, { r, row, n } }, 2, &mine);
        v->elements += mine.elements;
        v->used = mine.used > v->used ? mine.used : v->used;
        if (ok && !mine.pass) {
            v->pass = false;
            memcpy(v->by, mine.by, sizeof v->by);
            memcpy(v->why, mine.why, sizeof v->why);
        }
    }
    const size_t said = strlen(v->how);
    if (ok)
        snprintf(v->how + said, sizeof v->how - said, ", and %lld of %lld %c", (long long)n, (long long)all,
                 p->c.op->dims[r]);
    return ok;
}

/* The judge's own golden for what the timed loop left in one set; every golden is another, so only a sample is made of
 * what takes long.  False: not judged, and left says why. */
static bool judge_left(const bench_task *t, const assay_problem *p, int set, uint64_t calls, double flops,
                       bench_verdict *v)
{
    void *const *out = t->out.left[set];
    assay_problem left;
    assay_tensor got[ASSAY_MAX_OPND];
    assay_why why = { "" };
    if (!bench_left_make(p, set, calls, &left)) {
        snprintf(v->left, sizeof v->left, "n/a: its inputs cannot be made again");
        return false;
    }
    bool done = flops > LEFT_WHOLE && sampled(t, &left, out, v);
    if (!done && flops > LEFT_MOST)
        snprintf(v->left, sizeof v->left, "n/a: too large; compared with the same calls over poison");
    else if (!done && assay_problem_solve(&left, t->k->contract, &why))
        snprintf(v->left, sizeof v->left, "n/a: the oracle: %.60s", why.text);
    else if (!done) {
        for (int i = 0; i < p->c.op->n_operands; i++) {
            got[i] = left.t[i];
            got[i].data = p->c.op->operands[i].access == ASSAY_OUT ? out[i] : got[i].data;
        }
        judge(&left, t->k->contract, got, v);
        done = true;
    }
    bench_left_free(&left);
    return done;
}

/* Outputs alone: what an operand that is worked on in place held before the last call, nobody knows. */
static void left_of_loop(const bench_task *t, const assay_problem *p, uint64_t calls, bench_verdict *v)
{
    const assay_args a = { .operand = p->t, .dim = p->c.dim, .params = p->c.params };
    const double flops = p->c.op->flops ? p->c.op->flops(&a) : 0;
    const int last = (int)((calls - 1) % BENCH_SETS);
    for (int i = 0; i < p->c.op->n_operands; i++)
        if ((p->c.present >> i & 1) && p->c.op->operands[i].access != ASSAY_IN &&
            (p->c.op->operands[i].access == ASSAY_INOUT || p->c.op->operands[i].flags & ASSAY_COUNT ||
             !t->out.left[last][i])) {
            snprintf(v->left, sizeof v->left, "n/a: %s is %s; compared with the same calls", p->c.op->operands[i].name,
                     p->c.op->operands[i].access == ASSAY_INOUT ? "worked on in place" : "of no fixed size");
            return;
        }
    for (int set = 0; set < BENCH_SETS; set++) {
        bench_verdict mine = { .by = "oracle" };
        if (set != last && flops > LEFT_WHOLE)
            continue;
        if (!judge_left(t, p, set, calls, flops, &mine)) {
            snprintf(v->left, sizeof v->left, "%s", mine.left);
            return;
        }
        v->used = mine.used > v->used ? mine.used : v->used;
        if (!mine.pass) {
            v->pass = false;
            snprintf(v->left, sizeof v->left, "fail");
            snprintf(v->by, sizeof v->by, "%s", mine.by);
            snprintf(v->why, sizeof v->why, "what the timed calls left: %.200s", mine.why);
            return;
        }
    }
    snprintf(v->left, sizeof v->left, "pass");
}

bench_way bench_way_of(const assay_case *c, bool all)
{
    if (all || bench_part_dim(c) < 0)
        return BENCH_WHOLE;
    return !bench_freivalds_lacks(c) ? BENCH_FREIVALDS : bench_rows_dim(c->op) >= 0 ? BENCH_CROSS : BENCH_WHOLE;
}

void bench_judge(bench_task *t, const bench_result *r, assay_problem *p, bool all, bench_verdict *v)
{
    *v = (bench_verdict){ .by = "status" };
    if (r->status) {
        snprintf(v->why, sizeof v->why, "%s", r->why);
        return;
    }
    bool part = bench_way_of(&p->c, all) != BENCH_WHOLE && sampled(t, p, t->out.data, v);
    if (part && v->pass)
        bench_freivalds(t, p, v);
    if (part && v->pass && strcmp(v->freivalds, "pass") != 0)
        part = across(t, p, v);
    if (!part) {
        *v = (bench_verdict){ .by = "oracle" };
        whole(t, p, v);
    }
    if (v->pass && r->calls)
        left_of_loop(t, p, r->calls, v);
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
    if (v->left[0])
        assay_json_str(j, "left", v->left);
    assay_json_str(j, "why", v->why);
    assay_json_close(j);
}
