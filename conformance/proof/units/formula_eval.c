/* SPDX-License-Identifier: MIT
 * The value of a tree, by a walk over it. */
#include "../../../reference/core/rng.h"
#include "formula_parts.h"
#include <math.h>
#include <string.h>

#ifdef HAVE_QUADMATH
#define WIDE(name) name##q
#else
#define WIDE(name) name##l
#endif
#define PROTOTYPE(name) wide WIDE(name)(wide);
PROTOTYPE(exp)
PROTOTYPE(expm1)
PROTOTYPE(log)
PROTOTYPE(log1p)
PROTOTYPE(log2)
PROTOTYPE(sqrt)
PROTOTYPE(sin)
PROTOTYPE(cos)
PROTOTYPE(tanh)
PROTOTYPE(erf)
PROTOTYPE(erfc)
PROTOTYPE(floor)
PROTOTYPE(ceil)
wide WIDE(pow)(wide, wide);

/* Most names differ in their first letter, and most of the time went into comparing names. */
static bool is(const char *name, const char *other)
{
    return *name == *other && !strcmp(name, other);
}

const named *formula_find(const formula *f, const char *name)
{
    for (int i = f->n - 1; i >= 0; i--)
        if (is(f->all[i].name, name))
            return &f->all[i];
    return NULL;
}

void formula_bind(formula *f, const char *name, wide value)
{
    if (f->n_bound == BINDINGS)
        formula_fail(f, "%s: too deep", name);
    else
        f->bound[f->n_bound++] = (binding){ name, value };
}

wide formula_value_of(formula *f, const node *x)
{
    for (int i = f->n_bound - 1; i >= 0; i--)
        if (is(f->bound[i].name, x->name))
            return f->bound[i].value;
    const named *v = formula_find(f, x->name);
    if (!v || v->rank || v->body)
        formula_fail(f, "%s: no such number", x->name);
    return v && v->value ? v->value[0] : 0;
}

static wide element(formula *f, const node *x)
{
    const named *v = formula_find(f, x->name);
    int64_t at = 0;
    if (!v || v->rank != x->n) {
        formula_fail(f, "%s[%d indices]: no such array", x->name, x->n);
        return 0;
    }
    for (int i = 0; i < v->rank; i++)
        at = at * v->dim[i] + (int64_t)formula_eval(f, x->child[i]);
    if (*f->error || at < 0 || at >= v->n) {
        formula_fail(f, "%s[..]: element %lld of %lld", x->name, (long long)at, (long long)v->n);
        return 0;
    }
    return v->value[at];
}

static wide least_of(wide a, wide b)
{
    return b < a ? b : a;
}
static wide most_of(wide a, wide b)
{
    return b > a ? b : a;
}

/* (key, step, block, i): the i-th word of Philox4x32-10 */
static wide philox(const wide *v)
{
    const uint64_t key = (uint64_t)v[0], step = (uint64_t)v[1], block = (uint64_t)v[2];
    const uint32_t counter[4] = { (uint32_t)block, (uint32_t)(block >> 32), (uint32_t)step, (uint32_t)(step >> 32) };
    uint32_t word[4];
    assay_philox4x32(counter, (const uint32_t[2]){ (uint32_t)key, (uint32_t)(key >> 32) }, word);
    return v[3] >= 0 && v[3] < 4 ? (wide)word[(int)v[3]] : -1;
}

static wide call(formula *f, const node *x)
{
    static const struct {
        const char *name;
        wide (*one)(wide), (*two)(wide, wide);
    } builtin[] = {
        { "exp", WIDE(exp), NULL },     { "expm1", WIDE(expm1), NULL }, { "log", WIDE(log), NULL },
        { "log1p", WIDE(log1p), NULL }, { "log2", WIDE(log2), NULL },   { "sqrt", WIDE(sqrt), NULL },
        { "sin", WIDE(sin), NULL },     { "cos", WIDE(cos), NULL },     { "tanh", WIDE(tanh), NULL },
        { "floor", WIDE(floor), NULL }, { "ceil", WIDE(ceil), NULL },   { "erf", WIDE(erf), NULL },
        { "erfc", WIDE(erfc), NULL },   { "min", NULL, least_of },      { "max", NULL, most_of },
    };
    if (is(x->name, "given"))
        return x->n == 1 && formula_find(f, x->child[0]->name) != NULL;
    if (is(x->name, "f32") && x->n == 1)
        return (wide)(float)formula_eval(f, x->child[0]);
    wide v[CHILDREN];
    for (int i = 0; i < x->n; i++)
        v[i] = formula_eval(f, x->child[i]);
    for (size_t i = 0; i < sizeof builtin / sizeof *builtin; i++)
        if (is(x->name, builtin[i].name) && x->n == (builtin[i].two ? 2 : 1))
            return builtin[i].two ? builtin[i].two(v[0], v[1]) : builtin[i].one(v[0]);
    if (is(x->name, "philox") && x->n == 4)
        return philox(v);
    const named *g = formula_find(f, x->name);
    if (!g || !g->body || g->rank != x->n) {
        formula_fail(f, "%s(%d arguments): no such function", x->name, x->n);
        return 0;
    }
    const int before = f->n_bound;
    for (int i = 0; i < x->n; i++)
        formula_bind(f, g->argument[i], v[i]);
    const wide y = formula_eval(f, g->body);
    f->n_bound = before;
    return y;
}

static wide reduce(formula *f, const node *x)
{
    const int64_t n = (int64_t)formula_eval(f, x->child[0]);
    wide y = x->op == 'u' ? 0 : x->op == 'o' ? -(wide)INFINITY : x->op == 'e' ? (wide)n : -1;
    const int before = f->n_bound;
    for (int64_t i = 0; i < n && !*f->error; i++) {
        formula_bind(f, x->name, (wide)i);
        const wide v = formula_eval(f, x->child[1]);
        f->n_bound = before;
        if (x->op == 'u')
            y += v;
        else if (x->op == 'o')
            y = most_of(y, v);
        else if (v != 0) {
            y = (wide)i;
            if (x->op == 'e')
                break;
        }
    }
    return y;
}

static wide binary(char op, wide a, wide b)
{
    switch (op) {
    case '+':
        return a + b;
    case '-':
        return a - b;
    case '*':
        return a * b;
    case '/':
        return a / b;
    case '^':
        return WIDE(pow)(a, b);
    case 'l':
        return a <= b;
    case 'g':
        return a >= b;
    case 'e':
        return a == b;
    case 'n':
        return a != b;
    case 'L':
        return a < b;
    default:
        return a > b;
    }
}

wide formula_eval(formula *f, const node *x)
{
    if (*f->error)
        return 0;
    switch (x->kind) {
    case NUMBER:
        return x->value;
    case NAMED:
        return formula_value_of(f, x);
    case INDEXED:
        return element(f, x);
    case CALL:
        return call(f, x);
    case LOOP:
        return reduce(f, x);
    case CHOICE:
        x = x->child[formula_eval(f, x->child[0]) != 0 ? 1 : 2];
        return x ? formula_eval(f, x) : 0;
    case UNARY: {
        const wide v = formula_eval(f, x->child[0]);
        return x->op == '-' || v < 0 ? -v : v;
    }
    default: {
        const wide a = formula_eval(f, x->child[0]);
        if (x->op == '&')
            return a != 0 && formula_eval(f, x->child[1]) != 0;
        return binary(x->op, a, formula_eval(f, x->child[1]));
    }
    }
}
