/* SPDX-License-Identifier: MIT
 * part.c - a sub-case: some rows of the weights and the outputs that they make, with the very inputs of the whole. */
#include "../reference/core/dtype.h"
#include "../reference/core/tensor.h"
#include "bench.h"
#include <stdlib.h>
#include <string.h>

int bench_part_dim(const assay_op *op)
{
    bool in_weight = false, in_outputs = true;
    for (int d = 0; op->dims[d]; d++) /* may follow from the one that is cut: blocks of rows have scales of their own */
        for (int i = 0; op->role[d] == ASSAY_ROLE_DERIVED && i < op->n_operands; i++)
            if (op->operands[i].flags & ASSAY_WEIGHT && strchr(op->operands[i].shape, op->dims[d]))
                return -1;
    for (int i = 0; op->split && i < op->n_operands; i++) {
        const bool has = strchr(op->operands[i].shape, op->split) != NULL;
        in_weight |= has && (op->operands[i].flags & ASSAY_WEIGHT);
        in_outputs &= op->operands[i].access == ASSAY_IN || has;
        if (op->operands[i].access == ASSAY_INOUT)
            return -1;
    }
    return in_weight && in_outputs ? assay_op_dim(op, op->split) : -1;
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
    bool ok = d >= 0;
    *part = (assay_problem){ .c = p->c, .tag = p->tag, .own_gen = p->own_gen };
    if (!ok)
        return false;
    part->c.dim[d] = n;
    assay_case_tensors(&part->c, part->t);
    for (int i = 0; ok && i < op->n_operands; i++) {
        const char *at = strchr(op->operands[i].shape, op->dims[d]);
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
            ok = gather(&p->t[i], (int)(at - op->operands[i].shape), index, n, part->t[i].data);
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
