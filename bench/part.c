/* SPDX-License-Identifier: MIT
 * part.c - a sub-case: some rows of the weights and the outputs that they make, with the very inputs of the whole. */
#include "../reference/core/dtype.h"
#include "../reference/core/tensor.h"
#include "bench.h"
#include <stdlib.h>
#include <string.h>

/* Cuts dimension d to n, and with it a derived one that is as long, if the case is not legal otherwise: a scale to each
 * row.  also: that one, or d.  False: no such case is legal, for rows share what is derived in blocks. */
static bool cut_to(assay_case *c, int d, int64_t n, int *also)
{
    const int64_t all = c->dim[d];
    *also = d;
    c->dim[d] = n;
    if (!assay_case_check(c, NULL))
        return true;
    for (int e = 0; c->op->dims[e]; e++)
        if (c->op->role[e] == ASSAY_ROLE_DERIVED && c->dim[e] == all) {
            *also = e;
            c->dim[e] = n;
            if (!assay_case_check(c, NULL))
                return true;
            c->dim[e] = all;
        }
    return false;
}

int bench_part_dim(const assay_case *c)
{
    const assay_op *op = c->op;
    bool in_weight = false, in_outputs = true;
    assay_case one = *c;
    int also;
    for (int i = 0; op->split && i < op->n_operands; i++) {
        const bool has = strchr(op->operands[i].shape, op->split) != NULL;
        in_weight |= has && (op->operands[i].flags & ASSAY_WEIGHT);
        in_outputs &= op->operands[i].access == ASSAY_IN || has;
        if (op->operands[i].access == ASSAY_INOUT)
            return -1;
    }
    const int d = in_weight && in_outputs ? assay_op_dim(op, op->split) : -1;
    return d >= 0 && cut_to(&one, d, 1, &also) ? d : -1;
}

int bench_rows_dim(const assay_op *op)
{
    int at = -1;
    for (int d = 0; at < 0 && op->dims[d]; d++) {
        bool fits = op->role[d] == ASSAY_ROLE_ROWS && op->dims[d] != op->split;
        for (int i = 0; fits && i < op->n_operands; i++) {
            const bool has = strchr(op->operands[i].shape, op->dims[d]) != NULL;
            fits = op->operands[i].access == ASSAY_IN ? !has || !(op->operands[i].flags & ASSAY_WEIGHT) : has;
        }
        at = fits ? d : -1;
    }
    return at;
}

/* Copies n given indices of axis r of a dense tensor. */
static bool gather(const assay_tensor *t, int r, const int64_t *index, int64_t n, char *to)
{
    const assay_dtype_info *ty = assay_dtype_of(t->type);
    int64_t outer = 1, inner = 1;
    for (int k = 0; k < t->rank; k++)
        *(k < r ? &outer : &inner) *= k == r ? 1 : t->dim[k];
    if (t->layout || (r == t->rank - 1 && ty->block > 1))
        return false;
    const size_t bytes = (size_t)(inner / ty->block) * (size_t)ty->bytes;
    for (int64_t o = 0; o < outer; o++)
        for (int64_t i = 0; i < n; i++, to += bytes)
            memcpy(to, (const char *)t->data + ((size_t)o * (size_t)t->dim[r] + (size_t)index[i]) * bytes, bytes);
    return true;
}

bool bench_part(const assay_problem *p, int d, const int64_t *index, int64_t n, assay_problem *part)
{
    const assay_op *op = p->c.op;
    int also;
    *part = (assay_problem){ .c = p->c, .tag = p->tag, .own_gen = p->own_gen };
    bool ok = d >= 0 && cut_to(&part->c, d, n, &also);
    if (!ok)
        return false;
    assay_case_tensors(&part->c, part->t);
    for (int i = 0; ok && i < op->n_operands; i++) {
        const char *shape = op->operands[i].shape, *by_d = strchr(shape, op->dims[d]);
        const char *at = by_d ? by_d : strchr(shape, op->dims[also]);
        if (!(p->c.present >> i & 1))
            continue;
        part->value[i] = calloc((size_t)assay_tensor_count(&part->t[i]) + 1, sizeof(double));
        ok = part->value[i] && !p->c.spread_over[i];
        if (!ok || !p->t[i].data)
            continue;
        part->t[i].data = calloc(assay_tensor_bytes(&part->t[i]) + 64, 1);
        if (!part->t[i].data)
            ok = false;
        else if (at)
            ok = gather(&p->t[i], (int)(at - shape), index, n, part->t[i].data);
        else
            memcpy(part->t[i].data, p->t[i].data, assay_tensor_bytes(&p->t[i]));
    }
    for (int k = 0; ok && k < op->n_planes; k++) {
        part->plane[k] = calloc((size_t)assay_op_shape(op, op->planes[k].shape, part->c.dim, NULL) + 1, sizeof(double));
        ok = part->plane[k] != NULL;
    }
    if (!ok)
        assay_problem_free(part);
    return ok;
}

/* The same rows of an output that a kernel wrote for the whole. */
bool bench_part_output(const assay_problem *p, int d, const int64_t *index, int64_t n, int i, const void *whole,
                       void *to)
{
    const char *at = strchr(p->c.op->operands[i].shape, p->c.op->dims[d]);
    assay_tensor t = p->t[i];
    t.data = (void *)(uintptr_t)whole;
    return at && gather(&t, (int)(at - p->c.op->operands[i].shape), index, n, to);
}
