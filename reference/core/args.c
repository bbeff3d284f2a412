/* SPDX-License-Identifier: MIT
 * All checks of a call happen here, once, before any kernel. */
#include "dtype.h"
#include "registry.h"
#include "status.h"
#include "tensor.h"
#include <math.h>
#include <string.h>

bool assay_kernel_takes(const assay_op *op, const assay_kernel *k, const assay_args *a)
{
    for (int i = 0; i < op->n_operands; i++) {
        const assay_tensor *t = &a->operand[i];
        if (t->rank == 0 && op->operands[i].shape[0])
            continue; /* left out */
        if (!ASSAY_HAS(k->types[i], t->type) || !((k->layouts ? k->layouts[i] : 1u) >> t->layout & 1))
            return false;
    }
    return true;
}

bool assay_kernel_accepts(const assay_kernel *k, assay_args a)
{
    a.variant = k->variant;
    return !k->accepts || k->accepts(&a);
}

double assay_field_value(const assay_field *f, const unsigned char *params)
{
    float x;
    int64_t l;
    int32_t i;
    switch (f->kind) {
    case ASSAY_KIND_F32:
        memcpy(&x, params + f->offset, sizeof x);
        return (double)x;
    case ASSAY_KIND_I64:
        memcpy(&l, params + f->offset, sizeof l);
        return (double)l;
    default:
        memcpy(&i, params + f->offset, sizeof i);
        return i;
    }
}

void assay_field_set(const assay_field *f, double v, unsigned char *params)
{
    if (f->kind == ASSAY_KIND_F32)
        memcpy(params + f->offset, &(float){ (float)v }, sizeof(float));
    else if (f->kind == ASSAY_KIND_I64)
        memcpy(params + f->offset, &(int64_t){ (int64_t)v }, sizeof(int64_t));
    else
        memcpy(params + f->offset, &(int32_t){ (int32_t)fmax(fmin(v, INT32_MAX), INT32_MIN) }, sizeof(int32_t));
}

static assay_status check_index(const assay_op *op, int i, const assay_tensor *t, int64_t limit, assay_why *why)
{
    const int64_t n = assay_tensor_count(t);
    const bool or_none = op->operands[i].flags & ASSAY_POSITION;
    for (int64_t at = 0; at < n; at++) { /* INDEX operands are i32 and small */
        int64_t rest = at;
        const char *p = t->data;
        for (int r = t->rank - 1; r >= 0; r--) {
            p += rest % t->dim[r] * t->stride[r];
            rest /= t->dim[r];
        }
        int32_t v;
        memcpy(&v, p, sizeof v);
        if ((v < 0 && !or_none) || v >= limit)
            return assay_fail(why, ASSAY_ERR_PARAM, "%s: %s[%lld]=%d is outside 0 .. %c-1 = %lld%s", op->name,
                              op->operands[i].name, (long long)at, (int)v, op->operands[i].index_of,
                              (long long)limit - 1, or_none ? ", and not negative" : "");
    }
    return ASSAY_OK;
}

static assay_status check_operand(const assay_op *op, const assay_args *a, int i, assay_why *why)
{
    const assay_operand *o = &op->operands[i];
    const assay_tensor *t = &a->operand[i];
    if (!t->rank && o->shape[0])
        return o->flags & ASSAY_OPTIONAL ? ASSAY_OK
                                         : assay_fail(why, ASSAY_ERR_ARG, "%s: %s is required", op->name, o->name);
    if (!ASSAY_HAS(o->types, t->type))
        return assay_fail(why, ASSAY_ERR_DTYPE, "%s: %s does not take %s", op->name, o->name,
                          assay_dtype_of(t->type)->name);
    if (t->rank != (int)strlen(o->shape))
        return assay_fail(why, ASSAY_ERR_SHAPE, "%s: %s has %d dimensions, not %zu", op->name, o->name, t->rank,
                          strlen(o->shape));
    for (int r = 0; r < t->rank; r++)
        if (t->dim[r] != a->dim[assay_op_dim(op, o->shape[r])])
            return assay_fail(why, ASSAY_ERR_SHAPE, "%s: dimension %c of %s is %lld, elsewhere %lld", op->name,
                              o->shape[r], o->name, (long long)t->dim[r],
                              (long long)a->dim[assay_op_dim(op, o->shape[r])]);
    if (t->rank && t->dim[t->rank - 1] % assay_dtype_of(t->type)->block)
        return assay_fail(why, ASSAY_ERR_SHAPE, "%s: %s of %s: length %lld is not a multiple of %d", op->name, o->name,
                          assay_dtype_of(t->type)->name, (long long)t->dim[t->rank - 1],
                          assay_dtype_of(t->type)->block);
    if (!t->layout && t->rank && t->dim[t->rank - 1] > 1 && t->stride[t->rank - 1] != assay_dtype_of(t->type)->bytes &&
        !(t->stride[t->rank - 1] == 0 && (o->flags & ASSAY_BROADCAST)))
        return assay_fail(why, ASSAY_ERR_LAYOUT, "%s: innermost stride of %s is %lld bytes, a block of %s has %d",
                          op->name, o->name, (long long)t->stride[t->rank - 1], assay_dtype_of(t->type)->name,
                          assay_dtype_of(t->type)->bytes);
    if ((o->flags & ASSAY_INDEX) && o->access == ASSAY_IN && t->data)
        return check_index(op, i, t, a->dim[assay_op_dim(op, o->index_of)], why);
    return ASSAY_OK;
}

assay_status assay_check(const assay_op *op, const assay_args *a, void *params, assay_why *why)
{
    for (int i = 0; i < op->n_operands; i++) {
        const assay_status s = check_operand(op, a, i, why);
        if (s)
            return s;
    }
    for (int i = 0; i < op->n_fields; i++) {
        const double v = assay_field_value(&op->fields[i], params);
        if (!(v >= op->fields[i].min && v <= op->fields[i].max))
            return assay_fail(why, ASSAY_ERR_PARAM, "%s: %s=%s is outside %g .. %g", op->name, op->fields[i].name,
                              assay_two(v, v < op->fields[i].min ? op->fields[i].min : op->fields[i].max).a,
                              op->fields[i].min, op->fields[i].max);
    }
    return op->resolve ? op->resolve(a, params, why) : ASSAY_OK;
}
