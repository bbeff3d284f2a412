/* SPDX-License-Identifier: MIT
 * A parameter that the kernel has wrong. */
#include "../../reference/core/dtype.h"
#include "../../reference/core/registry.h"
#include "slips.h"
#include <math.h>
#include <string.h>

static const assay_field *field_of(const assay_slip_call *c)
{
    return &c->slip->op->fields[c->slip->field];
}

/* Another value that the op takes; one that it refuses would be seen before any kernel.  usual: with its default in
 * place of 0, as kernels see it. */
static void set(assay_slip_call *c, double v, bool usual)
{
    const assay_op *op = c->slip->op;
    const assay_field *f = field_of(c);
    _Alignas(16) unsigned char trial[ASSAY_MAX_PARAMS];
    assay_why why;
    if (v < f->min || v > f->max) {
        c->idle = "the parameter may not have that value";
        return;
    }
    assay_field_set(f, v, memcpy(trial, c->params, sizeof trial));
    const assay_args a = { .operand = c->t, .dim = c->dim, .params = trial };
    if (op->resolve && op->resolve(&a, trial, &why)) {
        c->idle = "the op refuses the parameter's other value";
        return;
    }
    if (!usual)
        assay_field_set(f, v, trial);
    memcpy(c->params, trial, sizeof trial);
}

double assay_slip_field(const assay_slip_call *c)
{
    return assay_field_value(field_of(c), c->params);
}

void assay_slip_set(assay_slip_call *c, double v)
{
    set(c, v, true);
}

void assay_slip_field_zero(assay_slip_call *c)
{
    set(c, 0, false);
}

void assay_slip_field_default(assay_slip_call *c)
{
    assay_slip_call trial = *c;
    set(&trial, 0, true);
    if (!trial.idle && assay_slip_field(&trial) == 0)
        c->idle = "its default is 0, which field-zero tries";
    else
        set(c, 0, true);
}

/* Twice as much; of a few names or of 0 and 1 the next. */
void assay_slip_field_twice(assay_slip_call *c)
{
    const assay_field *f = field_of(c);
    const double v = assay_slip_field(c);
    if (f->kind == ASSAY_KIND_ENUM || f->max <= 1)
        set(c, f->kind == ASSAY_KIND_F32 ? (2 * v <= f->max ? 2 * v : v / 2) : fmod(v + 1, f->max + 1), true);
    else
        set(c, v == 0 ? 1 : 2 * v <= f->max ? 2 * v : v - floor(v / 2), true);
}

void assay_slip_field_type(assay_slip_call *c)
{
    if ((int)c->t[c->slip->operand].type == c->slip->type && c->value[c->slip->operand])
        set(c, 0, true);
}

/* So many bits of an integer; 24: what a float holds of it. */
void assay_slip_field_cut(assay_slip_call *c)
{
    const double v = assay_slip_field(c);
    set(c, c->slip->n == 24 ? (double)(float)v : fmod(v, ldexp(1, (int)c->slip->n)), true);
}

/* A real number as a narrower type holds it: seen only where the field decides. */
void assay_slip_field_rounded(assay_slip_call *c)
{
    const assay_dtype_info *ty = assay_dtype_of((assay_dtype)c->slip->type);
    unsigned char bytes[8];
    double v = assay_slip_field(c);
    ty->encode(bytes, &v, 1);
    ty->decode(&v, bytes, 1);
    set(c, v, true);
}

/* A real number cut to a whole one: above 1, and below it, where that is 0, off or the usual value. */
void assay_slip_field_whole(assay_slip_call *c)
{
    const double v = assay_slip_field(c);
    if (fabs(v) >= 1)
        set(c, trunc(v), true);
}

void assay_slip_field_small(assay_slip_call *c)
{
    const double v = assay_slip_field(c);
    if (fabs(v) < 1)
        set(c, 0, true);
}

/* One or two below the length along which it counts: as long as that. */
void assay_slip_field_beside(assay_slip_call *c)
{
    const double v = assay_slip_field(c), whole = (double)c->dim[assay_op_dim(c->slip->op, field_of(c)->along)];
    if (v > 0 && v < whole && v >= whole - 2)
        set(c, whole, true);
}
