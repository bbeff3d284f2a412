/* SPDX-License-Identifier: MIT
 * The machine behind the relations of the ops: builds the changed case, runs both, compares.  No golden is computed. */
#include "metamorphic.h"
#include "../../reference/core/dtype.h"
#include "../../reference/core/registry.h"
#include "../../reference/core/status.h"
#include "../../reference/core/tensor.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MORE = 3 };

typedef struct results {
    double *v[ASSAY_MAX_OPND]; /* dense outputs; NULL: not an output */
} results;

typedef struct trial {
    assay_pool *pool;
    const assay_kernel *kernel;
    int plugin;
    const assay_relation *r;
    assay_related *sum;
    const double *carried; /* CARRY: what the first call left for the second */
} trial;

static bool named(const char *list, const char *name)
{
    const size_t n = strlen(name);
    for (const char *at = list; at && *at;) {
        const size_t len = strcspn(at, " ");
        if (len == n && !strncmp(at, name, n))
            return true;
        at += len + strspn(at + len, " ");
    }
    return false;
}

/* Element of the former case under element i of the changed one: the dimensions `letters` start `from` later, or run
 * backward; -1: it is new. */
static int64_t source(const assay_op *op, const char *shape, const int64_t *was, const int64_t *is, int64_t i,
                      const char *letters, int64_t from, bool reverse)
{
    int64_t to = 0, step = 1;
    for (int r = (int)strlen(shape) - 1; r >= 0; r--) {
        const int d = assay_op_dim(op, shape[r]);
        int64_t at = i % is[d];
        i /= is[d];
        if (letters && strchr(letters, shape[r]))
            at = reverse ? was[d] - 1 - at : at + from;
        if (at < 0 || at >= was[d])
            return -1;
        to += at * step;
        step *= was[d];
    }
    return to;
}

static void forget(results *x)
{
    for (int i = 0; i < ASSAY_MAX_OPND; i++)
        free(x->v[i]);
    *x = (results){ { NULL } };
}

/* One plain run; false: refused.  poison: another one each time, so that what is never written agrees with nothing. */
static bool run(const trial *t, const assay_problem *p, unsigned char poison, results *x)
{
    assay_manner plain = assay_manner_of(p, ASSAY_PLACE_PLAIN, 1);
    assay_tensor out[ASSAY_MAX_OPND] = { { 0 } };
    assay_finding f;
    plain.blind = true;
    plain.poison = poison;
    const bool ran = assay_judge_once(t->pool, p, t->kernel, t->plugin, &plain, &f, out) == ASSAY_PASSED;
    *x = (results){ { NULL } };
    for (int i = 0; ran && i < ASSAY_MAX_OPND; i++)
        if (out[i].data) {
            x->v[i] = assay_zeros((size_t)assay_tensor_count(&out[i]), sizeof(double));
            assay_tensor_decode(x->v[i], &out[i]);
        }
    assay_outputs_free(out);
    return ran;
}

/* What input i holds at element j of the changed case.  part: of CUT, CARRY and ADD, 0 or 1. */
static double changed(const trial *t, const assay_problem *p, const assay_case *c, int i, int64_t j, int64_t from,
                      int part)
{
    const assay_relation *r = t->r;
    const assay_op *op = c->op;
    int o = i;
    if (t->carried && named(r->fill, op->operands[i].name))
        return t->carried[j];
    if (r->act == ASSAY_ACT_SWAP && named(r->on, op->operands[i].name))
        for (o = 0; o == i || !named(r->on, op->operands[o].name);)
            o++;
    const int64_t at = source(op, op->operands[i].shape, p->c.dim, c->dim, j, r->on, from, r->act == ASSAY_ACT_REVERSE);
    if (at < 0)
        return named(r->fill, op->operands[i].name) ? r->plus : 0;
    const double v = p->value[o][at];
    const bool on = named(r->on, op->operands[i].name);
    if (r->act == ASSAY_ACT_AFFINE && on)
        return r->by * v + r->plus;
    if (r->act == ASSAY_ACT_ADD && on)
        return part ? v - 64 * floor(v / 64) : 64 * floor(v / 64); /* few bits each */
    return v;
}

/* The changed case.  False: its types cannot hold those numbers, or the op refuses it. */
static bool build(const trial *t, const assay_problem *p, const assay_case *c, int64_t from, int part, assay_problem *q)
{
    assay_tensor view[ASSAY_MAX_OPND];
    const void *data[ASSAY_MAX_OPND] = { NULL };
    size_t bytes[ASSAY_MAX_OPND] = { 0 };
    bool ok = true;
    assay_case_tensors(c, view);
    for (int i = 0; i < c->op->n_operands; i++) {
        if (!(c->present >> i & 1) || c->op->operands[i].access == ASSAY_OUT)
            continue;
        const int64_t n = assay_tensor_count(&view[i]);
        double *v = assay_zeros((size_t)n, sizeof *v), *back = assay_zeros((size_t)n, sizeof *back);
        bytes[i] = assay_tensor_bytes(&view[i]);
        view[i].data = assay_zeros(bytes[i], 1);
        data[i] = view[i].data;
        for (int64_t j = 0; j < n; j++)
            v[j] = changed(t, p, c, i, j, from, part);
        assay_tensor_encode(&view[i], v);
        assay_tensor_decode(back, &view[i]);
        for (int64_t j = 0; ok && j < n; j++)
            ok = back[j] == v[j] || isnan(v[j]);
        free(v);
        free(back);
    }
    ok = assay_problem_load(c, data, bytes, q, NULL) == ASSAY_OK && ok;
    for (int i = 0; i < c->op->n_operands; i++)
        if (data[i])
            free(view[i].data);
    return ok;
}

static double row_max(const double *want, int64_t len)
{
    double most = 0;
    for (int64_t i = 0; i < len; i++)
        most = isfinite(want[i]) ? fmax(most, fabs(want[i])) : most;
    return most;
}

static void settle(const trial *t, const assay_case *c, bool held, const char *what)
{
    if (held) {
        t->sum->held++;
        return;
    }
    if (!t->sum->broken++) {
        assay_case_print(c, t->sum->line, sizeof t->sum->line);
        assay_fail(&t->sum->why, ASSAY_OK, "\"%s\": %s", t->r->says, what);
    }
}

/* Elements of output i agree: to the slack, in u of the largest in their row. */
static bool agree(const assay_relation *r, const double *got, const double *want, int64_t n, int64_t len, char *what,
                  size_t room)
{
    for (int64_t at = 0; at < n; at += len) {
        const double slack = r->slack * 0x1p-24 * row_max(want + at, len);
        for (int64_t k = at; k < at + len; k++) {
            const bool nan = isnan(got[k]) && isnan(want[k]);
            if (nan || got[k] == want[k] || fabs(got[k] - want[k]) <= slack)
                continue;
            const assay_pair is = assay_two(got[k], want[k]);
            snprintf(what, room, "element %lld is %s, not %s", (long long)k, is.a, is.b);
            return false;
        }
    }
    return true;
}

/* Outputs z of the changed case (and z2 of its other part, summed) against y. */
static bool related(const trial *t, const assay_problem *p, const assay_problem *q, const results *y, const results *z,
                    const results *z2, int64_t from, char *what, size_t room)
{
    const assay_op *op = p->c.op;
    bool ok = true;
    for (int i = 0; ok && i < op->n_operands; i++) {
        if (!z->v[i] || (t->r->left && !t->carried && named(t->r->left, op->operands[i].name)))
            continue;
        const int64_t n = assay_tensor_count(&q->t[i]), len = q->t[i].rank ? q->t[i].dim[q->t[i].rank - 1] : 1;
        double *want = assay_zeros((size_t)n, sizeof *want);
        const int same = t->r->equals ? assay_op_operand(op, t->r->equals) : -1;
        const int less = t->r->less ? assay_op_operand(op, t->r->less) : -1;
        for (int64_t j = 0; j < n; j++) {
            const int64_t at = source(op, op->operands[i].shape, p->c.dim, q->c.dim, j, t->r->on, from,
                                      t->r->act == ASSAY_ACT_REVERSE);
            want[j] = at < 0      ? z->v[i][j]
                      : same >= 0 ? p->value[same][at]
                                  : y->v[i][at] * (t->r->out != 0 ? t->r->out : 1) + t->r->more;
            if (t->r->act == ASSAY_ACT_AFFINE && t->r->by == 0 && same < 0)
                want[j] = t->r->plus; /* a constant came in, and must come out */
            if (less >= 0 && at >= 0)
                want[j] -= p->value[less][at];
            if (z2)
                z->v[i][j] += z2->v[i][j];
        }
        ok = agree(t->r, z->v[i], want, n, len, what, room);
        free(want);
    }
    return ok;
}

/* Properties of one result: row sums, row lengths. */
static bool by_rows(const trial *t, const assay_problem *p, const results *y, char *what, size_t room)
{
    for (int i = 0; i < p->c.op->n_operands; i++) {
        const int64_t len = y->v[i] && p->t[i].rank ? p->t[i].dim[p->t[i].rank - 1] : 0;
        const int64_t n = len ? assay_tensor_count(&p->t[i]) : 0;
        const double *x = t->r->on ? p->value[assay_op_operand(p->c.op, t->r->on)] : NULL;
        for (int64_t at = 0; at < n; at += len) {
            double sum = 0, want = x ? 0 : t->r->by;
            for (int64_t k = at; k < at + len; k++) {
                sum += x ? y->v[i][k] * y->v[i][k] : y->v[i][k];
                want += x ? x[k] * x[k] : 0;
            }
            if (!(fabs(sum - want) <= t->r->slack * 0x1p-24 * fabs(want))) {
                const assay_pair is = assay_two(sum, want);
                snprintf(what, room, "row %lld makes %s, not %s", (long long)(at / len), is.a, is.b);
                return false;
            }
        }
    }
    return true;
}

static void two_results(const trial *t, const assay_problem *p, const results *y)
{
    const assay_act act = t->r->act;
    const bool cut = act == ASSAY_ACT_CUT || act == ASSAY_ACT_CARRY, add = act == ASSAY_ACT_ADD;
    trial of[2] = { *t, *t };
    const int d = cut || act == ASSAY_ACT_APPEND ? assay_op_dim(p->c.op, t->r->on[0]) : -1;
    results z[2] = { { { NULL } }, { { NULL } } };
    assay_problem q[2];
    char what[120] = "";
    bool ran = true;
    int64_t from[2] = { 0, 0 };
    for (int part = 0; part < (cut || add ? 2 : 1); part++) {
        assay_case c = p->c;
        if (act == ASSAY_ACT_APPEND)
            c.dim[d] += MORE;
        for (const char *l = t->r->on; act == ASSAY_ACT_PREFIX && *l; l++)
            c.dim[assay_op_dim(c.op, *l)] = (c.dim[assay_op_dim(c.op, *l)] + 1) / 2;
        if (cut) {
            from[part] = part ? p->c.dim[d] / 2 : 0;
            c.dim[d] = part ? p->c.dim[d] - from[1] : p->c.dim[d] / 2;
        }
        ran = build(&of[part], p, &c, from[part], part, &q[part]) && run(t, &q[part], 0x7f, &z[part]) && ran;
        if (!part && t->r->left)
            of[1].carried = z[0].v[assay_op_operand(p->c.op, t->r->left)];
    }
    if (ran && add)
        settle(t, &p->c, related(t, p, &q[0], y, &z[0], &z[1], 0, what, sizeof what), what);
    for (int part = 0; ran && !add && part < (cut ? 2 : 1); part++)
        settle(t, &p->c, related(&of[part], p, &q[part], y, &z[part], NULL, from[part], what, sizeof what), what);
    for (int part = 0; part < (cut || add ? 2 : 1); part++) {
        assay_problem_free(&q[part]);
        forget(&z[part]);
    }
}

static assay_status visit(const char *line, void *ctx, assay_why *why)
{
    const trial *t = ctx;
    assay_case c;
    assay_problem p;
    results y = { { NULL } };
    char what[120] = "";
    assay_status s = assay_case_parse(line, &c, why);
    if (s)
        return s;
    s = assay_problem_make(&c, &p, why);
    const assay_args a = { .operand = p.t, .dim = p.c.dim, .params = p.c.params };
    if (!s && assay_kernel_takes(p.c.op, t->kernel, &a) && run(t, &p, 0xff, &y)) {
        if (t->r->act == ASSAY_ACT_TOTAL || t->r->act == ASSAY_ACT_NORM)
            settle(t, &p.c, by_rows(t, &p, &y, what, sizeof what), what);
        else
            two_results(t, &p, &y);
    }
    forget(&y);
    assay_problem_free(&p);
    return s;
}

assay_status assay_relate(assay_pool *pool, const assay_kernel *k, int plugin, assay_related *sum, assay_why *why)
{
    const assay_op *op = assay_op_find(k->op);
    const assay_relation *r;
    assay_status s = ASSAY_OK;
    *sum = (assay_related){ .held = 0 };
    for (size_t i = 0; !s && (r = assay_relation_of(op, i)); i++)
        s = assay_case_expand(op, r->line, visit, &(trial){ pool, k, plugin, r, sum }, why);
    return s;
}
