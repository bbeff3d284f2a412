/* SPDX-License-Identifier: MIT
 * Which values a field is tried at: zero (off, or the usual value), both ends, each name of an enum, and values inside
 * that the op's own cases have; last, where it counts entries of a dimension (assay_field.along), those beside that
 * dimension's length in each case, for there it decides. */
#include "../../reference/core/registry.h"
#include "space.h"
#include <stdio.h>

static const int beside[ASSAY_FIELD_BESIDE] = { -2, -1, 0, 1 };

static int64_t length_of(const assay_field *f, const assay_case *c)
{
    return c->dim[assay_op_dim(c->op, f->along)];
}

/* Which of these it is in the case; -1: none. */
static int is_beside(const assay_field *f, const assay_case *c)
{
    const double v = assay_field_value(f, c->params);
    for (int i = 0; f->along && v > 0 && i < ASSAY_FIELD_BESIDE; i++)
        if (v == (double)(length_of(f, c) + beside[i]))
            return i;
    return -1;
}

static int add(double *value, int n, double v)
{
    for (int i = 0; i < n; i++)
        if (value[i] == v)
            return n;
    if (n < ASSAY_FIELD_VALUES)
        value[n++] = v;
    return n;
}

int assay_fields_of(const assay_field *f, const assay_case *cases, size_t n, double *value)
{
    int k = add(value, 0, 0);
    const bool few = f->kind != ASSAY_KIND_F32 && f->max - f->min < ASSAY_FIELD_VALUES;
    for (double v = f->min; few && v <= f->max; v++)
        k = add(value, k, v);
    if (!few) {
        k = add(value, k, (double)(f->kind == ASSAY_KIND_F32 ? (float)f->min : f->min));
        k = add(value, k, (double)(f->kind == ASSAY_KIND_F32 ? (float)f->max : f->max));
    }
    for (size_t i = 0; !few && i < n; i++)
        if (is_beside(f, &cases[i]) < 0)
            k = add(value, k, assay_field_value(f, cases[i].params));
    for (int i = 0; f->along && i < ASSAY_FIELD_BESIDE; i++)
        value[k++] = beside[i];
    return k;
}

/* Of the last choices: how far beside the length. */
static bool counts(const assay_space *s, int factor, int choice)
{
    const assay_factor *a = &s->factor[factor];
    return s->op->fields[a->of].along && choice >= a->n - ASSAY_FIELD_BESIDE;
}

void assay_fields_apply(const assay_space *s, int factor, int choice, assay_case *c)
{
    const assay_field *f = &s->op->fields[s->factor[factor].of];
    const double v = s->field[factor][choice];
    assay_field_set(f, counts(s, factor, choice) ? v + (double)length_of(f, c) : v, c->params);
}

int assay_fields_read(const assay_space *s, int factor, const assay_case *c)
{
    const assay_factor *a = &s->factor[factor];
    const assay_field *f = &s->op->fields[a->of];
    const int at = is_beside(f, c);
    int n = 0;
    if (at >= 0)
        return a->n - ASSAY_FIELD_BESIDE + at;
    while (n < a->n && (counts(s, factor, n) || s->field[factor][n] != assay_field_value(f, c->params)))
        n++;
    return n < a->n ? n : -1;
}

void assay_fields_name(const assay_space *s, int factor, int choice, char *text, size_t n)
{
    const assay_field *f = &s->op->fields[s->factor[factor].of];
    const double v = s->field[factor][choice];
    if (f->kind == ASSAY_KIND_ENUM)
        snprintf(text, n, "%s=%s", f->name, f->names[choice]);
    else if (!counts(s, factor, choice))
        snprintf(text, n, "%s=%.9g", f->name, v);
    else
        snprintf(text, n, v == 0 ? "%s=%c" : "%s=%c%+.0f", f->name, f->along, v);
}
