/* SPDX-License-Identifier: MIT
 * A parser by recursive descent makes a tree, and a walk over the tree computes. */
#include "formula.h"
#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
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
PROTOTYPE(log2)
PROTOTYPE(sqrt)
PROTOTYPE(sin)
PROTOTYPE(cos)
PROTOTYPE(tanh)
PROTOTYPE(floor)
PROTOTYPE(ceil)
wide WIDE(pow)(wide, wide);

enum { NAME = 16, RANK = 6, CHILDREN = 6, NAMES = 128, BINDINGS = 64, NODES = 4096 };

typedef enum kind { NUMBER, NAMED, INDEXED, CALL, UNARY, BINARY, CHOICE, LOOP } kind;
typedef struct node {
    kind kind;
    char op, name[NAME]; /* LOOP: op of the reduction, name of the index */
    wide value;
    int n;
    struct node *child[CHILDREN];
} node;

typedef struct named {
    char name[NAME];
    int rank;
    int64_t dim[RANK], n;
    wide *value;
    node *body; /* a function */
    char argument[4][NAME];
} named;

typedef struct binding {
    const char *name;
    wide value;
} binding;

struct formula {
    named all[NAMES];
    binding bound[BINDINGS];
    int n, n_bound, n_nodes, n_kept; /* nodes below n_kept belong to functions */
    node *nodes;
    const char *at;
    char error[200];
};

static void fail(formula *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void fail(formula *f, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    if (!*f->error)
        vsnprintf(f->error, sizeof f->error, format, ap);
    va_end(ap);
}

/* ---- parser ------------------------------------------------------------------------------------------------------ */

static void space(formula *f)
{
    while (*f->at == ' ' || (*f->at == '\n' && f->at[1] == ' '))
        f->at++;
}
static bool take(formula *f, const char *word)
{
    space(f);
    const size_t n = strlen(word);
    if (strncmp(f->at, word, n) != 0)
        return false;
    f->at += n;
    return true;
}
static void want(formula *f, const char *word)
{
    if (!take(f, word))
        fail(f, "%s expected at: %.30s", word, f->at);
}
static node *make(formula *f, kind k, char op, int n, node *a, node *b)
{
    static node spare;
    if (f->n_nodes == NODES) {
        fail(f, "too long");
        return &spare;
    }
    node *x = &f->nodes[f->n_nodes++];
    *x = (node){ .kind = k, .op = op, .n = n, .child = { a, b } };
    return x;
}
static void word(formula *f, char name[NAME])
{
    size_t n = 0;
    space(f);
    for (; isalnum((unsigned char)*f->at) || *f->at == '_'; f->at++)
        if (n + 1 < NAME)
            name[n++] = *f->at;
    name[n] = 0;
    if (!n)
        fail(f, "a name expected at: %.30s", f->at);
}

static node *expression(formula *f);

static void arguments(formula *f, node *x, const char *end)
{
    x->n = 0;
    do {
        if (x->n == CHILDREN)
            fail(f, "%s: too many arguments", x->name);
        else
            x->child[x->n++] = expression(f);
    } while (!*f->error && take(f, ","));
    want(f, end);
}

/* sum(k: e), sum(k < n: e) */
static node *loop(formula *f, char op)
{
    node *x = make(f, LOOP, op, 2, NULL, NULL);
    word(f, x->name);
    if (take(f, "<"))
        x->child[0] = expression(f);
    else {
        node *d = make(f, NAMED, 0, 0, NULL, NULL);
        d->name[0] = (char)toupper((unsigned char)x->name[0]);
        x->child[0] = d;
    }
    want(f, ":");
    x->child[1] = expression(f);
    want(f, ")");
    return x;
}

static node *primary(formula *f)
{
    space(f);
    if (isdigit((unsigned char)*f->at)) {
        char *end;
        node *x = make(f, NUMBER, 0, 0, NULL, NULL);
        x->value = (wide)strtod(f->at, &end);
        f->at = end;
        return x;
    }
    if (take(f, "(")) {
        node *x = expression(f);
        want(f, ")");
        return x;
    }
    if (take(f, "|")) {
        node *x = make(f, UNARY, '|', 1, expression(f), NULL);
        want(f, "|");
        return x;
    }
    node *x = make(f, NAMED, 0, 0, NULL, NULL);
    word(f, x->name);
    if (*f->at == '[') {
        f->at++;
        x->kind = INDEXED;
        arguments(f, x, "]");
    } else if (*f->at == '(') {
        static const char *const loops[] = { "sum", "most", "least", "last" };
        f->at++;
        for (size_t i = 0; i < sizeof loops / sizeof *loops; i++)
            if (!strcmp(x->name, loops[i]))
                return loop(f, loops[i][1]); /* u, o, e, a */
        x->kind = CALL;
        arguments(f, x, ")");
    }
    return x;
}

static node *power(formula *f)
{
    if (take(f, "-"))
        return make(f, UNARY, '-', 1, power(f), NULL);
    node *x = primary(f);
    return take(f, "^") ? make(f, BINARY, '^', 2, x, power(f)) : x;
}
static node *product(formula *f)
{
    node *x = power(f);
    for (char op; !*f->error && (op = take(f, "*") ? '*' : take(f, "/") ? '/' : 0);)
        x = make(f, BINARY, op, 2, x, power(f));
    return x;
}
static node *total(formula *f)
{
    node *x = product(f);
    for (char op; !*f->error && (op = take(f, "+") ? '+' : take(f, "-") ? '-' : 0);)
        x = make(f, BINARY, op, 2, x, product(f));
    return x;
}
static node *relation(formula *f)
{
    static const char *const words[] = { "<=", ">=", "==", "!=", "<", ">" }, ops[] = "lgenLG";
    node *x = total(f);
    for (size_t i = 0; i < 6; i++)
        if (take(f, words[i]))
            return make(f, BINARY, ops[i], 2, x, total(f));
    return x;
}
static node *expression(formula *f)
{
    node *x = relation(f);
    while (!*f->error && take(f, "&"))
        x = make(f, BINARY, '&', 2, x, relation(f));
    if (!take(f, "?"))
        return x;
    node *c = make(f, CHOICE, 0, 3, x, expression(f));
    if (take(f, ":"))
        c->child[2] = expression(f);
    return c;
}

/* ---- evaluation -------------------------------------------------------------------------------------------------- */

static const named *find(const formula *f, const char *name)
{
    for (int i = f->n - 1; i >= 0; i--)
        if (!strcmp(f->all[i].name, name))
            return &f->all[i];
    return NULL;
}

static wide eval(formula *f, const node *x);

static void bind(formula *f, const char *name, wide value)
{
    if (f->n_bound == BINDINGS)
        fail(f, "%s: too deep", name);
    else
        f->bound[f->n_bound++] = (binding){ name, value };
}

static wide value_of(formula *f, const node *x)
{
    for (int i = f->n_bound - 1; i >= 0; i--)
        if (!strcmp(f->bound[i].name, x->name))
            return f->bound[i].value;
    const named *v = find(f, x->name);
    if (!v || v->rank || v->body)
        fail(f, "%s: no such number", x->name);
    return v && v->value ? v->value[0] : 0;
}

static wide element(formula *f, const node *x)
{
    const named *v = find(f, x->name);
    int64_t at = 0;
    if (!v || v->rank != x->n) {
        fail(f, "%s[%d indices]: no such array", x->name, x->n);
        return 0;
    }
    for (int i = 0; i < v->rank; i++)
        at = at * v->dim[i] + (int64_t)eval(f, x->child[i]);
    if (*f->error || at < 0 || at >= v->n) {
        fail(f, "%s[..]: element %lld of %lld", x->name, (long long)at, (long long)v->n);
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

static wide call(formula *f, const node *x)
{
    static const struct {
        const char *name;
        wide (*one)(wide), (*two)(wide, wide);
    } builtin[] = {
        { "exp", WIDE(exp), NULL },   { "expm1", WIDE(expm1), NULL }, { "log", WIDE(log), NULL },
        { "log2", WIDE(log2), NULL }, { "sqrt", WIDE(sqrt), NULL },   { "sin", WIDE(sin), NULL },
        { "cos", WIDE(cos), NULL },   { "tanh", WIDE(tanh), NULL },   { "floor", WIDE(floor), NULL },
        { "ceil", WIDE(ceil), NULL }, { "min", NULL, least_of },      { "max", NULL, most_of },
    };
    if (!strcmp(x->name, "given"))
        return x->n == 1 && find(f, x->child[0]->name) != NULL;
    if (!strcmp(x->name, "f32") && x->n == 1)
        return (wide)(float)eval(f, x->child[0]);
    wide v[CHILDREN];
    for (int i = 0; i < x->n; i++)
        v[i] = eval(f, x->child[i]);
    for (size_t i = 0; i < sizeof builtin / sizeof *builtin; i++)
        if (!strcmp(x->name, builtin[i].name) && x->n == (builtin[i].two ? 2 : 1))
            return builtin[i].two ? builtin[i].two(v[0], v[1]) : builtin[i].one(v[0]);
    const named *g = find(f, x->name);
    if (!g || !g->body || g->rank != x->n) {
        fail(f, "%s(%d arguments): no such function", x->name, x->n);
        return 0;
    }
    const int before = f->n_bound;
    for (int i = 0; i < x->n; i++)
        bind(f, g->argument[i], v[i]);
    const wide y = eval(f, g->body);
    f->n_bound = before;
    return y;
}

static wide reduce(formula *f, const node *x)
{
    const int64_t n = (int64_t)eval(f, x->child[0]);
    wide y = x->op == 'u' ? 0 : x->op == 'o' ? -(wide)INFINITY : x->op == 'e' ? (wide)n : -1;
    const int before = f->n_bound;
    for (int64_t i = 0; i < n && !*f->error; i++) {
        bind(f, x->name, (wide)i);
        const wide v = eval(f, x->child[1]);
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

static wide eval(formula *f, const node *x)
{
    if (*f->error)
        return 0;
    switch (x->kind) {
    case NUMBER:
        return x->value;
    case NAMED:
        return value_of(f, x);
    case INDEXED:
        return element(f, x);
    case CALL:
        return call(f, x);
    case LOOP:
        return reduce(f, x);
    case CHOICE:
        x = x->child[eval(f, x->child[0]) != 0 ? 1 : 2];
        return x ? eval(f, x) : 0;
    case UNARY: {
        const wide v = eval(f, x->child[0]);
        return x->op == '-' || v < 0 ? -v : v;
    }
    default: {
        const wide a = eval(f, x->child[0]);
        if (x->op == '&')
            return a != 0 && eval(f, x->child[1]) != 0;
        return binary(x->op, a, eval(f, x->child[1]));
    }
    }
}

/* ---- statements -------------------------------------------------------------------------------------------------- */

typedef struct left { /* of an array's statement */
    char index[RANK][NAME];
    bool down[RANK];
} left;

static named *define(formula *f, const char *name)
{
    named *v = (named *)find(f, name);
    if (!v && f->n == NAMES) {
        fail(f, "%s: too many names", name);
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
        fail(f, "%s: no memory", v->name);
}

static void indices(formula *f, named *v, left *l)
{
    do {
        const int i = v->rank < RANK - 1 ? v->rank++ : RANK - 1;
        l->down[i] = take(f, "-");
        word(f, l->index[i]);
        if (take(f, "<"))
            v->dim[i] = (int64_t)eval(f, total(f));
        else {
            node d = { .kind = NAMED, .name = { (char)toupper((unsigned char)l->index[i][0]) } };
            v->dim[i] = (int64_t)value_of(f, &d);
        }
    } while (!*f->error && take(f, ","));
    want(f, "]");
}

static void fill(formula *f, named *v, const left *l, const node *x)
{
    for (int64_t k = 0; k < v->n && !*f->error; k++) {
        int64_t rest = k, at = 0, i[RANK] = { 0 };
        for (int r = v->rank - 1; r >= 0; rest /= v->dim[r], r--)
            i[r] = l->down[r] ? v->dim[r] - 1 - rest % v->dim[r] : rest % v->dim[r];
        f->n_bound = 0;
        for (int r = 0; r < v->rank; r++) {
            bind(f, l->index[r], (wide)i[r]);
            at = at * v->dim[r] + i[r];
        }
        v->value[at] = eval(f, x);
    }
    f->n_bound = 0;
}

static void statement(formula *f)
{
    char name[NAME];
    left l = { 0 };
    f->n_nodes = f->n_kept;
    word(f, name);
    named *v = define(f, name);
    if (*f->at == '(') {
        f->at++;
        do
            word(f, v->argument[v->rank < 3 ? v->rank++ : 3]);
        while (!*f->error && take(f, ","));
        want(f, ")");
        want(f, "=");
        v->body = expression(f);
        f->n_kept = f->n_nodes;
    } else {
        if (take(f, "["))
            indices(f, v, &l);
        want(f, "=");
        const node *x = expression(f);
        allocate(f, v);
        fill(f, v, &l, x);
    }
    while (*f->at == ' ')
        f->at++;
    if (*f->at && *f->at != '\n')
        fail(f, "%s: not understood: %.30s", name, f->at);
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
    const named *v = find(f, name);
    *n = v ? v->n : 0;
    return v ? v->value : NULL;
}
