/* SPDX-License-Identifier: MIT
 * Statements: what a name stands for from now on. */
#include "formula_parts.h"
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void formula_fail(formula *f, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    if (!*f->error)
        vsnprintf(f->error, sizeof f->error, format, ap);
    va_end(ap);
}

typedef struct left { /* of an array's statement */
    char index[RANK][NAME];
    bool down[RANK];
} left;

static named *define(formula *f, const char *name)
{
    named *v = (named *)formula_find(f, name);
    if (!v && f->n == NAMES) {
        formula_fail(f, "%s: too many names", name);
        v = &f->all[0];
    }
    v = v ? v : &f->all[f->n++];
    free(v->value);
    memset(v, 0, sizeof *v);
    snprintf(v->name, sizeof v->name, "%s", name);
    return v;
}
static void allocate(formula *f, named *v)
{
    v->n = 1;
    for (int i = 0; i < v->rank; i++)
        v->n *= v->dim[i] > 0 ? v->dim[i] : 0;
    v->value = calloc((size_t)v->n + 1, sizeof *v->value);
    if (!v->value)
        formula_fail(f, "%s: no memory", v->name);
}

static void indices(formula *f, named *v, left *l)
{
    do {
        const int i = v->rank < RANK - 1 ? v->rank++ : RANK - 1;
        l->down[i] = formula_take(f, "-");
        formula_word(f, l->index[i]);
        if (formula_take(f, "<"))
            v->dim[i] = (int64_t)formula_eval(f, formula_total(f));
        else {
            node d = { .kind = NAMED, .name = { (char)toupper((unsigned char)l->index[i][0]) } };
            v->dim[i] = (int64_t)formula_value_of(f, &d);
        }
    } while (!*f->error && formula_take(f, ","));
    formula_want(f, "]");
}

static void fill(formula *f, named *v, const left *l, const node *x)
{
    for (int64_t k = 0; k < v->n && !*f->error; k++) {
        int64_t rest = k, at = 0, i[RANK] = { 0 };
        for (int r = v->rank - 1; r >= 0; rest /= v->dim[r], r--)
            i[r] = l->down[r] ? v->dim[r] - 1 - rest % v->dim[r] : rest % v->dim[r];
        f->n_bound = 0;
        for (int r = 0; r < v->rank; r++) {
            formula_bind(f, l->index[r], (wide)i[r]);
            at = at * v->dim[r] + i[r];
        }
        v->value[at] = formula_eval(f, x);
    }
    f->n_bound = 0;
}

static void statement(formula *f)
{
    char name[NAME];
    left l = { 0 };
    f->n_nodes = f->n_kept;
    formula_word(f, name);
    named *v = define(f, name);
    if (*f->at == '(') {
        f->at++;
        do
            formula_word(f, v->argument[v->rank < 3 ? v->rank++ : 3]);
        while (!*f->error && formula_take(f, ","));
        formula_want(f, ")");
        formula_want(f, "=");
        v->body = formula_expression(f);
        f->n_kept = f->n_nodes;
    } else {
        if (formula_take(f, "["))
            indices(f, v, &l);
        formula_want(f, "=");
        const node *x = formula_expression(f);
        allocate(f, v);
        fill(f, v, &l, x);
    }
    while (*f->at == ' ')
        f->at++;
    if (*f->at && *f->at != '\n')
        formula_fail(f, "%s: not understood: %.30s", name, f->at);
}

const char *formula_run(formula *f, const char *text)
{
    f->at = text;
    *f->error = 0;
    while (!*f->error && *f->at) {
        if (*f->at == '\n')
            f->at++;
        else
            statement(f);
    }
    return *f->error ? f->error : NULL;
}

formula *formula_open(void)
{
    formula *f = calloc(1, sizeof *f);
    if (f)
        f->nodes = calloc(NODES, sizeof *f->nodes);
    return f;
}
void formula_close(formula *f)
{
    for (int i = 0; i < f->n; i++)
        free(f->all[i].value);
    free(f->nodes);
    free(f);
}
void formula_set(formula *f, const char *name, int rank, const int64_t *dim, const double *value)
{
    named *v = define(f, name);
    v->rank = rank;
    for (int i = 0; i < rank; i++)
        v->dim[i] = dim[i];
    allocate(f, v);
    for (int64_t k = 0; v->value && k < v->n; k++)
        v->value[k] = (wide)value[k];
}
const wide *formula_get(const formula *f, const char *name, int64_t *n)
{
    const named *v = formula_find(f, name);
    *n = v ? v->n : 0;
    return v ? v->value : NULL;
}
