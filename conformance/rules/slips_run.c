/* SPDX-License-Identifier: MIT
 * The wrong kernel: operands as dense doubles in its scratch memory, the op's own reference, and one slip of it. */
#include "../../reference/core/dtype.h"
#include "../../reference/core/fused.h"
#include "../../reference/core/tensor.h"
#include "slips.h"
#include <string.h>

enum { KEPT = 1 << 15 }; /* numbers of a result that a kernel with a state remembers */

static int64_t elements(const assay_op *op, int i, const int64_t *dim)
{
    return assay_op_shape(op, op->operands[i].shape, dim, NULL);
}

bool assay_slip_is(const assay_slip *s, int kind)
{
    return s->kind == &assay_slip_kinds[kind];
}

bool assay_slip_in_units(const assay_slip *s)
{
    return assay_slip_is(s, ASSAY_SLIP_NEIGHBOUR) || assay_slip_is(s, ASSAY_SLIP_PUT_BACK);
}

size_t assay_slip_room(const assay_op *op, const int64_t *dim)
{
    int64_t most = 1;
    for (int i = 0; i < op->n_operands; i++)
        most = elements(op, i, dim) > most ? elements(op, i, dim) : most;
    return (size_t)most;
}

size_t assay_slip_scratch(const assay_args *a)
{
    const assay_slip *s = a->variant;
    size_t n = 2 * assay_slip_room(s->op, a->dim);
    for (int i = 0; i < s->op->n_operands; i++)
        n += (s->op->operands[i].access == ASSAY_INOUT ? 2 : 1) * (size_t)elements(s->op, i, a->dim);
    return n * sizeof(double);
}

/* As the slip sees the memory of operand i. */
static assay_tensor view(const assay_slip *s, int i, const assay_tensor *t)
{
    const bool flat = s->operand == i && (assay_slip_is(s, ASSAY_SLIP_DENSE) || assay_slip_is(s, ASSAY_SLIP_LAYOUT));
    assay_tensor v = flat ? assay_tensor_dense(t->type, 0, t->rank, t->dim) : *t;
    v.data = t->data;
    for (int r = 0; r < t->rank && s->operand == i && assay_slip_is(s, ASSAY_SLIP_NEAR); r++)
        v.stride[r] = (int32_t)t->stride[r];
    return v;
}

/* ---- kernels with a state ------------------------------------------------------------------------------------ */

static struct {
    const assay_slip *of;
    int64_t dim[ASSAY_MAX_DIMS];
    void *data[ASSAY_MAX_OPND];
    double result[KEPT];
} kept;

static bool same_call(const assay_args *a, const assay_slip *s)
{
    bool same = kept.of == s && !memcmp(kept.dim, a->dim, strlen(s->op->dims) * sizeof *a->dim);
    for (int i = 0; i < s->op->n_operands; i++)
        same = same && kept.data[i] == a->operand[i].data;
    return same;
}

/* The results that stand in c for those of the first call at these addresses. */
static void recall(const assay_args *a, assay_slip_call *c)
{
    const assay_slip *s = c->slip;
    const bool again = same_call(a, s);
    size_t at = 0;
    for (int i = 0; i < s->op->n_operands; i++) {
        const size_t n = (size_t)elements(s->op, i, a->dim);
        kept.data[i] = a->operand[i].data;
        if (s->op->operands[i].access == ASSAY_IN || !c->value[i] || at + n > KEPT)
            continue;
        memcpy(again ? c->value[i] : kept.result + at, again ? kept.result + at : c->value[i], n * sizeof(double));
        at += n;
    }
    kept.of = s;
    memcpy(kept.dim, a->dim, strlen(s->op->dims) * sizeof *a->dim);
}

/* Each parameter by itself: slips of several are judged in one case after another. */
static void field_of_before(assay_slip_call *c)
{
    static struct {
        const assay_slip *of;
        double value;
    } last[INT8_MAX + 1];
    const int f = c->slip->field;
    const double own = assay_slip_field(c);
    if (last[f].of == c->slip)
        assay_slip_set(c, last[f].value);
    last[f].of = c->slip;
    last[f].value = own;
}

/* ---- results into memory ------------------------------------------------------------------------------------- */

/* Beyond a count, what stood there stays. */
static void keep_beyond(const assay_args *a, assay_slip_call *c, int i)
{
    const assay_op *op = c->slip->op;
    const size_t rank = strlen(op->operands[i].shape);
    for (int k = 0; k < op->n_operands; k++) {
        const assay_operand *o = &op->operands[k];
        if (k == i || !(o->flags & ASSAY_COUNT) || o->access == ASSAY_IN || !rank ||
            op->operands[i].shape[rank - 1] != o->index_of)
            continue;
        const int64_t length = a->operand[i].dim[rank - 1];
        assay_tensor_decode(c->spare, &a->operand[i]);
        for (int64_t e = 0, n = elements(op, i, a->dim); e < n; e++)
            if ((double)(e % length) >= c->value[k][e / length])
                c->value[i][e] = c->spare[e];
    }
}

/* Of the work units begin .. end, and of the next one or, untouched, a byte of its last row. */
static void store_slice(const assay_args *a, const assay_slip_call *c, int i)
{
    const assay_op *op = c->slip->op;
    const char *shape = op->operands[i].shape, *split = strchr(shape, op->split);
    assay_tensor t = a->operand[i];
    if (!split) {
        if (a->begin == 0)
            assay_tensor_encode(&t, c->value[i]);
        return;
    }
    const int axis = (int)(split - shape);
    int64_t outer = 1, inner = 1;
    for (int r = 0; r < t.rank; r++)
        *(r < axis ? &outer : &inner) *= r == axis ? 1 : t.dim[r];
    const bool more = a->end < t.dim[axis], back = assay_slip_is(c->slip, ASSAY_SLIP_PUT_BACK);
    const int64_t length = t.dim[axis], end = more && !back ? a->end + 1 : a->end, n = end - a->begin;
    for (int64_t o = 0; o < outer; o++)
        memcpy(c->spare + o * n * inner, c->value[i] + (o * length + a->begin) * inner,
               (size_t)(n * inner) * sizeof(double));
    t.data = (char *)t.data + a->begin * t.stride[axis];
    t.dim[axis] = n;
    assay_tensor_encode(&t, c->spare);
    volatile char *next = (char *)t.data + n * t.stride[axis];
    for (int r = 0; r < axis; r++)
        next += (t.dim[r] - 1) * t.stride[r];
    if (more && back && outer > 0 && inner > 0) {
        const char there = *next;
        *next = there;
    }
}

static void store(const assay_args *a, assay_slip_call *c, int i)
{
    const assay_slip *s = c->slip;
    const assay_tensor t = view(s, i, &a->operand[i]);
    keep_beyond(a, c, i);
    if (assay_slip_in_units(s))
        store_slice(a, c, i);
    else
        assay_tensor_encode(&t, c->value[i]);
    if (assay_slip_is(s, ASSAY_SLIP_PAST) && s->operand == i)
        memset((char *)t.data + assay_tensor_bytes(&t), 0, (size_t)assay_dtype_of(t.type)->bytes);
}

assay_status assay_slip_run(const assay_args *a)
{
    const assay_slip *s = a->variant;
    const assay_op *op = s->op;
    assay_slip_call c = { .slip = s, .t = a->operand, .dim = a->dim };
    double *room = a->scratch, *before[ASSAY_MAX_OPND] = { NULL };
    const size_t most = assay_slip_room(op, a->dim);
    c.spare = room, c.was = room + most, room += 2 * most;
    memcpy(c.params, a->params, op->params_size);
    for (int i = 0; i < op->n_operands; i++) {
        const int64_t n = elements(op, i, a->dim);
        if (!a->operand[i].data)
            continue;
        const assay_tensor t = view(s, i, &a->operand[i]);
        c.value[i] = room, room += n;
        if (op->operands[i].access == ASSAY_OUT)
            memset(c.value[i], 0, (size_t)n * sizeof(double));
        else
            assay_tensor_decode(c.value[i], &t);
    }
    assay_slip_spoil(&c, ASSAY_AT_INPUT);
    if (assay_slip_is(s, ASSAY_SLIP_FIELD_BEFORE))
        field_of_before(&c);
    for (int i = 0; i < op->n_operands; i++)
        if (op->operands[i].access == ASSAY_INOUT && c.value[i]) {
            before[i] = room, room += elements(op, i, a->dim);
            memcpy(before[i], c.value[i], (size_t)elements(op, i, a->dim) * sizeof(double));
        }
    const assay_dense d = { (void *const *)c.value, (void *const *)before, a->dim, c.params, NULL, false };
    const assay_status st = assay_reference(op, &d, sizeof(double), NULL);
    if (st)
        return st;
    if (s->operand >= 0 && s->kind->at == ASSAY_AT_OUTPUT && a->operand[s->operand].data)
        assay_tensor_decode(c.was, &a->operand[s->operand]);
    assay_slip_spoil(&c, ASSAY_AT_OUTPUT);
    if (assay_slip_is(s, ASSAY_SLIP_STATE))
        recall(a, &c);
    for (int i = 0; i < op->n_operands; i++)
        if (op->operands[i].access != ASSAY_IN && a->operand[i].data)
            store(a, &c, i);
    return ASSAY_OK;
}
