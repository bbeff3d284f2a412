/* SPDX-License-Identifier: MIT */
#include "coverage.h"
#include "../../../reference/core/dtype.h"
#include <stdio.h>
#include <string.h>

void assay_coverage_add(assay_coverage *v, const assay_case *c)
{
    static const unsigned char zero[ASSAY_MAX_PARAMS];
    for (int i = 0; i < c->op->n_operands; i++)
        if (c->present >> i & 1)
            v->types[i][c->type[i] >> 6] |= UINT64_C(1) << (c->type[i] & 63);
    v->present |= c->present;
    v->absent |= ~c->present;
    for (int f = 0; f < c->op->n_fields; f++)
        if (memcmp(c->params + c->op->fields[f].offset, zero, c->op->fields[f].kind == ASSAY_KIND_I64 ? 8 : 4))
            v->fields |= 1u << f;
    v->tags |= 1u << c->gen->tag;
    for (int d = 0; c->op->dims[d]; d++) {
        v->tails[d] |= (uint16_t)(1u << (c->dim[d] & 15));
        v->zero |= c->dim[d] == 0 ? 1u << d : 0;
        v->one |= c->dim[d] == 1 ? 1u << d : 0;
    }
}

typedef struct sink {
    const assay_op *op;
    void (*hole)(void *ctx, const char *what);
    void *ctx;
} sink;

static void hole(const sink *to, const char *what)
{
    const assay_op *op = to->op;
    const assay_suite *s = assay_suite_of(op);
    for (const char *const *h = s ? s->holes : NULL; h && *h; h++)
        if (!strncmp(*h, what, strlen(what)) && (*h)[strlen(what)] == ':')
            return;
    to->hole(to->ctx, what);
}

/* Is the dimension innermost in some operand of single numbers?  Only there vector tails exist. */
static bool innermost(const assay_op *op, char letter)
{
    for (int i = 0; i < op->n_operands; i++) {
        const size_t rank = strlen(op->operands[i].shape);
        if (rank && op->operands[i].shape[rank - 1] == letter && ASSAY_HAS(op->operands[i].types, ASSAY_f32))
            return true;
    }
    return false;
}

void assay_coverage_holes(const assay_coverage *v, const assay_op *op, void (*report)(void *ctx, const char *what),
                          void *ctx)
{
    const sink to = { op, report, ctx };
    static const char *const tag[] = { "random", "exact", "adversarial", "class" };
    char what[96];
    for (int i = 0; i < op->n_operands; i++) {
        const assay_operand *o = &op->operands[i];
        for (int t = 0; t < ASSAY_DTYPE_END; t++)
            if (ASSAY_HAS(o->types, t) && !(v->types[i][t >> 6] >> (t & 63) & 1)) {
                snprintf(what, sizeof what, "%s=%s", o->name, assay_dtype_of((assay_dtype)t)->name);
                hole(&to, what);
            }
        if ((o->flags & ASSAY_OPTIONAL) && !(v->absent >> i & 1)) {
            snprintf(what, sizeof what, "%s absent", o->name);
            hole(&to, what);
        }
    }
    for (int f = 0; f < op->n_fields; f++)
        if (!(v->fields >> f & 1))
            hole(&to, op->fields[f].name);
    for (int d = 0; op->dims[d]; d++) {
        for (int r = 0; innermost(op, op->dims[d]) && r < 16; r++)
            if (!(v->tails[d] >> r & 1)) {
                snprintf(what, sizeof what, "%c mod 16 = %d", op->dims[d], r);
                hole(&to, what);
            }
        if (!(v->one >> d & 1)) {
            snprintf(what, sizeof what, "%c=1", op->dims[d]);
            hole(&to, what);
        }
    }
    for (int t = 0; t < 4; t++)
        if (!(v->tags >> t & 1)) {
            snprintf(what, sizeof what, "tag %s", tag[t]);
            hole(&to, what);
        }
}
