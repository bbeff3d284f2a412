/* SPDX-License-Identifier: MIT
 * A row alone, and a few rows, as in the whole batch: along every dimension whose role is rows.  A prompt in one piece,
 * in chunks and token by token are three such batches, so who holds to it gives the same logits for all of them. */
#include "../../reference/core/dtype.h"
#include "../../reference/core/status.h"
#include "../../reference/core/tensor.h"
#include "certificate.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct rows { /* first .. first + n - 1 of dimension d of a case */
    const assay_case *c;
    int d;
    int64_t first, n;
} rows;

/* How operand i lies: `outer` times the lengths of the dimension, each of `inner` bytes.  Outer 0: it does not have the
 * dimension, and is the same for all rows. */
typedef struct lie {
    int64_t outer, inner;
} lie;

static lie lie_of(const rows *r, const char *shape, uint32_t spread, int64_t bytes)
{
    lie l = { strchr(shape, r->c->op->dims[r->d]) && !(spread >> r->d & 1), 0 };
    for (const char *p = shape; l.outer && *p != r->c->op->dims[r->d]; p++) {
        const int d = assay_op_dim(r->c->op, *p);
        l.outer *= (spread >> d & 1) ? 1 : r->c->dim[d];
    }
    l.inner = l.outer ? bytes / (l.outer * r->c->dim[r->d]) : 0;
    return l;
}

/* The rows' part of something of this shape that is constant over the dimensions in spread. */
static char *cut(const rows *r, const char *shape, uint32_t spread, const void *from, size_t bytes, size_t *n)
{
    const lie l = lie_of(r, shape, spread, (int64_t)bytes);
    *n = l.outer ? (size_t)(l.outer * r->n * l.inner) : bytes;
    char *to = assay_zeros(*n + 1, 1);
    if (!l.outer)
        memcpy(to, from, bytes);
    for (int64_t o = 0; o < l.outer; o++)
        memcpy(to + o * r->n * l.inner, (const char *)from + (o * r->c->dim[r->d] + r->first) * l.inner,
               (size_t)(r->n * l.inner));
    return to;
}

/* Of an operand's bytes, or of its values. */
static char *part_of(const rows *r, int i, const void *from, size_t bytes, size_t *n)
{
    return cut(r, r->c->op->operands[i].shape, r->c->spread_over[i], from, bytes, n);
}

/* May these rows be cut out?  Blocks of elements are not cut, nor storage orders but along their outermost dimension.
 */
static bool can_cut(const rows *r)
{
    const assay_op *op = r->c->op;
    for (int i = 0; i < op->n_operands; i++) {
        const char *at = strchr(op->operands[i].shape, op->dims[r->d]);
        if (!(r->c->present >> i & 1))
            continue;
        if (op->operands[i].access == ASSAY_INOUT || op->operands[i].index_of == op->dims[r->d] ||
            (at && r->c->layout[i] && at != op->operands[i].shape) ||
            (at && !at[1] && assay_dtype_of(r->c->type[i])->block > 1))
            return false;
    }
    return true;
}

/* Do the rows alone have the condition quantities that they have in the batch?  Two ways to an equal golden differ
 * there: queries whose position follows from their number see other keys. */
static bool same_planes(const assay_problem *p, const rows *r, const assay_problem *row)
{
    const assay_op *op = p->c.op;
    bool same = true;
    for (int k = 0; same && k < op->n_planes; k++) {
        size_t n;
        const size_t bytes = (size_t)assay_op_shape(op, op->planes[k].shape, p->c.dim, NULL) * sizeof(double);
        char *want = cut(r, op->planes[k].shape, 0, p->plane[k], bytes, &n);
        same = !memcmp(row->plane[k], want, n);
        free(want);
    }
    return same;
}

/* The rows as a case of their own; false: the op itself has another golden for them (it counts rows). */
static bool cut_out(const assay_problem *p, const assay_contract *k, const rows *r, assay_problem *row)
{
    void *data[ASSAY_MAX_OPND] = { NULL };
    size_t bytes[ASSAY_MAX_OPND] = { 0 };
    assay_case c = p->c;
    c.dim[r->d] = r->n;
    for (int i = 0; i < c.op->n_operands; i++)
        if (p->t[i].data)
            data[i] = part_of(r, i, p->t[i].data, assay_tensor_bytes(&p->t[i]), &bytes[i]);
    bool same =
        !assay_problem_load(&c, (const void *const *)data, bytes, row, NULL) && !assay_problem_solve(row, k, NULL);
    for (int i = 0; same && i < c.op->n_operands; i++) {
        size_t n;
        if (c.op->operands[i].access == ASSAY_IN || !row->value[i])
            continue;
        char *want = part_of(r, i, p->value[i], (size_t)assay_tensor_count(&p->t[i]) * sizeof(double), &n);
        same = !memcmp(row->value[i], want, n);
        free(want);
    }
    for (int i = 0; i < c.op->n_operands; i++)
        free(data[i]);
    return same && same_planes(p, r, row);
}

static void compare(const assay_probe *x, assay_measure *m, const rows *r)
{
    const assay_manner plain = { ASSAY_PLACE_PLAIN, 1, ASSAY_WHOLE, false, 0xff, 0xff, true };
    const assay_op *op = x->p->c.op;
    assay_problem row = { .own_gen = false };
    assay_tensor out[ASSAY_MAX_OPND] = { { 0 } }, want[ASSAY_MAX_OPND] = { { 0 } };
    assay_finding f;
    assay_why why = { "" };
    char what[64];
    if (r->n == 1)
        snprintf(what, sizeof what, "row %c=%lld alone", op->dims[r->d], (long long)r->first);
    else
        snprintf(what, sizeof what, "rows %c=%lld..%lld alone", op->dims[r->d], (long long)r->first,
                 (long long)(r->first + r->n - 1));
    if (!cut_out(x->p, x->kernel->contract, r, &row))
        m->not_applicable = "the op's own result for a row depends on its number";
    else if (assay_judge_once(x->pool, &row, x->kernel, x->plugin, &plain, &f, out) == ASSAY_NOT_ACCEPTED)
        m->not_applicable = "the kernel refuses a single row";
    else if (!assay_has_outputs(out))
        assay_measure_lost(x, m, what, &f);
    else {
        for (int i = 0; i < op->n_operands; i++) {
            size_t n;
            want[i] = out[i];
            if (out[i].data && x->base[i].data)
                want[i].data = part_of(r, i, x->base[i].data, assay_tensor_bytes(&x->base[i]), &n);
        }
        assay_measure_count(x, m, assay_same_bits(op, want, out, &why), what, &why);
        assay_outputs_free(want);
    }
    assay_outputs_free(out);
    assay_problem_free(&row);
}

void assay_measure_batch(const assay_probe *x, assay_measure *m)
{
    const assay_case *c = &x->p->c;
    const char *none = "the op's spec names no dimension of rows";
    for (int d = 0; c->op->dims[d]; d++) {
        const int64_t n = c->dim[d];
        /* one at each end and one between, and a third to a half of them: kernels change their way by how many there
         * are */
        const rows at[] = { { c, d, 0, 1 }, { c, d, n / 2, 1 }, { c, d, n - 1, 1 }, { c, d, n / 3, (n + 1) / 2 } };
        if (c->op->role[d] != ASSAY_ROLE_ROWS)
            continue;
        none = "no case has several rows that can be cut out";
        for (int k = 0; n > 1 && can_cut(&at[0]) && k < 4; k++)
            if (k != 1 || n > 2)
                if (k != 3 || n > 2)
                    compare(x, m, &at[k]);
    }
    if (!m->not_applicable)
        m->not_applicable = none;
}
