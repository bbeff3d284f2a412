/* SPDX-License-Identifier: MIT
 * A sum that is kept in a narrower type, made from outside: where the op is additive in what an operand holds along a
 * dimension that is reduced, its result is the sum of the results for up to 16 pieces of it, each alone with zeros in
 * place of the others; so many partial results are added, and each sum is rounded.  That it is additive is seen in each
 * case by the same numbers.  Of other ops (a sum of squares under a root, of exponentials in a quotient, scores that a
 * softmax takes) only a kernel itself can narrow the sum. */
#include "../../reference/core/dtype.h"
#include "../../reference/core/fused.h"
#include "../../reference/core/status.h"
#include "slips.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PIECES = 16 };

typedef struct split {
    assay_slip_call *c;
    double *x, *whole; /* the operand, and what stood in it */
    double *y;         /* the output, where each piece's result appears */
    int64_t outer, length, inner, n_x, n_y;
    int out;
} split;

/* The only output, and no operand is updated; -1: else. */
static int output_of(const assay_op *op)
{
    int out = -1;
    for (int i = 0; i < op->n_operands; i++)
        if (op->operands[i].access != ASSAY_IN) {
            if (out >= 0 || op->operands[i].access != ASSAY_OUT)
                return -1;
            out = i;
        }
    return out;
}

static split split_of(assay_slip_call *c, int out)
{
    const assay_op *op = c->slip->op;
    int64_t dim[ASSAY_MAX_RANK] = { 1 };
    split s = { c, c->value[c->slip->operand], c->spare, c->value[out], 1, 1, 1, 0, 0, out };
    s.n_x = assay_op_shape(op, op->operands[c->slip->operand].shape, c->dim, dim);
    s.n_y = assay_op_shape(op, op->operands[out].shape, c->dim, NULL);
    for (int k = 0; op->operands[c->slip->operand].shape[k]; k++)
        *(k < c->slip->axis ? &s.outer : k == c->slip->axis ? &s.length : &s.inner) *= dim[k];
    memcpy(s.whole, s.x, (size_t)s.n_x * sizeof *s.x);
    return s;
}

/* The op on what lies at first .. end - 1 of the axis alone, into s->y. */
static bool alone(const split *s, int64_t first, int64_t end)
{
    const assay_slip_call *c = s->c;
    void *before[ASSAY_MAX_OPND] = { NULL };
    for (int64_t k = 0; k < s->n_x; k++) {
        const int64_t at = k / s->inner % s->length;
        s->x[k] = at >= first && at < end ? s->whole[k] : 0;
    }
    memset(s->y, 0, (size_t)s->n_y * sizeof *s->y);
    const assay_dense d = { (void *const *)c->value, before, c->dim, c->params, NULL, false };
    return !assay_reference(c->slip->op, &d, sizeof(double), NULL);
}

static double narrow(assay_dtype type, double v)
{
    unsigned char code[8];
    assay_dtype_of(type)->encode(code, &v, 1);
    assay_dtype_of(type)->decode(&v, code, 1);
    return v;
}

/* Adds the pieces' results, less what zeros alone give (none), to sum[], rounded each time if type is one; terms[]:
 * their sizes, most[]: the largest of these. */
static bool add_up(const split *s, int pieces, int type, const double *none, double *sum, double *terms, double *most)
{
    bool ok = true;
    for (int p = 0; ok && p < pieces; p++) {
        ok = alone(s, s->length * p / pieces, s->length * (p + 1) / pieces);
        for (int64_t i = 0; i < s->n_y; i++) {
            const double t = s->y[i] - none[i];
            sum[i] = type < 0 ? sum[i] + t : narrow((assay_dtype)type, sum[i] + t);
            terms[i] += fabs(t), most[i] = fmax(most[i], fabs(t));
        }
    }
    return ok;
}

/* Is each result the sum of those of pieces, as doubles hold it, and one at least of more than one that is not 0? */
static bool is_sum(const split *s, const double *want, const double *sum, const double *terms, const double *most)
{
    bool all = true, any = false;
    for (int64_t i = 0; i < s->n_y; i++) {
        all &= fabs(sum[i] - want[i]) <= 0x1p-40 * terms[i];
        any |= most[i] < terms[i];
    }
    return all && any;
}

void assay_slip_summed(assay_slip_call *c)
{
    const int out = output_of(c->slip->op);
    const split s = split_of(c, out);
    const size_t n = (size_t)s.n_y;
    double *room = assay_zeros(5 * n + 1, sizeof *room), *want = room, *none = room + n, *sum = room + 2 * n;
    double *terms = room + 3 * n, *most = room + 4 * n;
    memcpy(want, s.y, n * sizeof *want);
    bool ok = s.length > 1 && alone(&s, 0, 0);
    memcpy(none, s.y, n * sizeof *none);
    memcpy(sum, none, n * sizeof *sum);
    ok = ok && add_up(&s, 2, -1, none, sum, terms, most) && is_sum(&s, want, sum, terms, most);
    for (size_t i = 0; ok && i < n; i++)
        sum[i] = narrow((assay_dtype)c->slip->type, none[i]), terms[i] = most[i] = 0;
    const int pieces = s.length < PIECES ? (int)s.length : PIECES;
    ok = ok && add_up(&s, pieces, c->slip->type, none, sum, terms, most);
    memcpy(s.x, s.whole, (size_t)s.n_x * sizeof *s.x);
    memcpy(s.y, ok ? sum : want, n * sizeof *s.y);
    if (!ok)
        c->idle = "its result is no sum over this dimension of what the operand alone gives: only from inside";
    free(room);
}
