/* SPDX-License-Identifier: MIT */
#include "fused.h"
#include "case.h"
#include "registry.h"
#include "status.h"
#include <stdlib.h>

static void part_dims(const assay_op *op, const assay_part *p, const int64_t *dim, int64_t *out)
{
    for (int d = 0; p->dims[d]; d++)
        out[d] = dim[assay_op_dim(op, p->dims[d])];
}

static assay_status run_part(const assay_op *op, const assay_part *p, const assay_dense *a, void *const *temp,
                             size_t real_size, assay_why *why)
{
    const assay_op *part = assay_op_find(p->op);
    if (!part)
        return assay_fail(why, ASSAY_ERR_ARG, "%s: its part %s is no op", op->name, p->op);
    void *operand[ASSAY_MAX_OPND] = { NULL }, *before[ASSAY_MAX_OPND] = { NULL };
    int64_t dim[ASSAY_MAX_DIMS] = { 0 };
    _Alignas(16) unsigned char params[ASSAY_MAX_PARAMS] = { 0 };
    part_dims(op, p, a->dim, dim);
    for (int i = 0; i < part->n_operands; i++)
        operand[i] = p->operand[i] == ASSAY_LEFT_OUT   ? NULL
                     : p->operand[i] >= ASSAY_MAX_OPND ? temp[p->operand[i] - ASSAY_MAX_OPND]
                                                       : a->operand[p->operand[i]];
    if (p->params)
        p->params(a->params, params);
    const assay_dense d = { operand, before, dim, params };
    return assay_reference(part, &d, real_size, why);
}

assay_status assay_reference(const assay_op *op, const assay_dense *a, size_t real_size, assay_why *why)
{
    if (!op->n_parts) {
        (real_size == sizeof(double) ? op->oracle : op->scalar)(a);
        return ASSAY_OK;
    }
    void *temp[8] = { NULL };
    assay_status s = ASSAY_OK;
    for (int i = 0; i < op->n_temps; i++)
        temp[i] = assay_zeros((size_t)assay_op_shape(op, op->temps[i], a->dim, NULL), real_size);
    for (int i = 0; !s && i < op->n_parts; i++)
        s = run_part(op, &op->parts[i], a, temp, real_size, why);
    for (int i = 0; i < op->n_temps; i++)
        free(temp[i]);
    return s;
}
