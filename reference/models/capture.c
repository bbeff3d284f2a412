/* SPDX-License-Identifier: MIT */
#include "capture.h"
#include "../core/dtype.h"
#include "../core/status.h"
#include "../core/registry.h"
#include "../core/tensor.h"
#include "session_parts.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Positions that follow each other, the last that of the last key, are what an op that is given none takes them for:
 * leaving them out makes the case say where its queries stand. */
static bool in_order(const assay_operand *o, const assay_value *v)
{
    const uint32_t both = ASSAY_OPTIONAL | ASSAY_POSITION;
    return (o->flags & both) == both && v->kind == ASSAY_VALUE_POS && v->dim[0] == ASSAY_DIM_T && !v->shift && !v->lost;
}

/* The call as a case, with the element types that its kernel gets. */
void assay_session_case(const assay_session *s, const assay_entry *e, const assay_tensor *t, assay_case *c)
{
    char least[64];
    snprintf(least, sizeof least, "%s", e->node.op->name);
    assay_case_parse(least, c, NULL);
    memcpy(c->dim, e->dim, sizeof c->dim);
    memcpy(c->params, e->node.params, sizeof c->params);
    c->present = 0;
    for (int i = 0; i < c->op->n_operands; i++) {
        const int v = e->node.operand[i];
        if (v < 0 || in_order(&c->op->operands[i], &s->slot[v].v))
            continue;
        c->present |= 1u << i;
        c->type[i] = t[i].type;
        c->layout[i] = t[i].layout;
    }
}

/* The innermost rows of a view one behind the other; returns where the next belongs. */
static char *gather(char *to, const char *from, const assay_tensor *t, int rank)
{
    if (rank == t->rank - 1 || !t->rank) {
        const size_t n = (size_t)assay_dtype_bytes(t->type, t->rank ? t->dim[rank] : 1);
        memcpy(to, from, n);
        return to + n;
    }
    for (int64_t i = 0; i < t->dim[rank]; i++)
        to = gather(to, from + i * t->stride[rank], t, rank + 1);
    return to;
}

static void *dense(const assay_tensor *t, size_t *bytes)
{
    assay_tensor d = assay_tensor_dense(t->type, t->layout, t->rank, t->dim);
    *bytes = assay_tensor_bytes(&d);
    char *to = assay_room(*bytes + 1, 1);
    if (t->layout)
        memcpy(to, t->data, *bytes);
    else if (assay_tensor_count(t) > 0)
        gather(to, t->data, t, 0);
    return to;
}

void assay_capture_add(assay_capture *w, const assay_session *s, const assay_entry *e)
{
    assay_captured call = { .step = w->steps - 1, .layer = e->node.layer, .nth = w->kept };
    void *copy[ASSAY_MAX_OPND] = { NULL };
    if (e->node.op != w->op || call.step != w->step || (!w->any && e->node.layer != w->layer))
        return;
    if (e->how != ASSAY_RUN_KERNEL) {
        w->seen++;
        return;
    }
    assay_session_case(s, e, e->t, &call.c);
    call.kernel = e->call.kernel->name;
    for (int i = 0; i < e->node.op->n_operands; i++)
        if ((call.c.present >> i & 1) && e->node.op->operands[i].access != ASSAY_OUT)
            call.data[i] = copy[i] = dense(&e->t[i], &call.bytes[i]);
    w->kept++;
    w->keep(w->ctx, &call);
    for (int i = 0; i < ASSAY_MAX_OPND; i++)
        free(copy[i]);
}
