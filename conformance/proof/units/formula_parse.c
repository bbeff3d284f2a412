/* SPDX-License-Identifier: MIT
 * Expressions to trees, by recursive descent. */
#include "formula_parts.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static void space(formula *f)
{
    while (*f->at == ' ' || (*f->at == '\n' && f->at[1] == ' '))
        f->at++;
}
bool formula_take(formula *f, const char *word)
{
    space(f);
    const size_t n = strlen(word);
    if (strncmp(f->at, word, n) != 0)
        return false;
    f->at += n;
    return true;
}
void formula_want(formula *f, const char *word)
{
    if (!formula_take(f, word))
        formula_fail(f, "%s expected at: %.30s", word, f->at);
}
static node *make(formula *f, kind k, char op, int n, node *a, node *b)
{
    static node spare;
    if (f->n_nodes == NODES) {
        formula_fail(f, "too long");
        return &spare;
    }
    node *x = &f->nodes[f->n_nodes++];
    *x = (node){ .kind = k, .op = op, .n = n, .child = { a, b } };
    return x;
}
void formula_word(formula *f, char name[NAME])
{
    size_t n = 0;
    space(f);
    for (; isalnum((unsigned char)*f->at) || *f->at == '_'; f->at++)
        if (n + 1 < NAME)
            name[n++] = *f->at;
    name[n] = 0;
    if (!n)
        formula_fail(f, "a name expected at: %.30s", f->at);
}

static void arguments(formula *f, node *x, const char *end)
{
    x->n = 0;
    do {
        if (x->n == CHILDREN)
            formula_fail(f, "%s: too many arguments", x->name);
        else
            x->child[x->n++] = formula_expression(f);
    } while (!*f->error && formula_take(f, ","));
    formula_want(f, end);
}

/* sum(k: e), sum(k < n: e) */
static node *loop(formula *f, char op)
{
    node *x = make(f, LOOP, op, 2, NULL, NULL);
    formula_word(f, x->name);
    if (formula_take(f, "<"))
        x->child[0] = formula_expression(f);
    else {
        node *d = make(f, NAMED, 0, 0, NULL, NULL);
        d->name[0] = (char)toupper((unsigned char)x->name[0]);
        x->child[0] = d;
    }
    formula_want(f, ":");
    x->child[1] = formula_expression(f);
    formula_want(f, ")");
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
    if (formula_take(f, "(")) {
        node *x = formula_expression(f);
        formula_want(f, ")");
        return x;
    }
    if (formula_take(f, "|")) {
        node *x = make(f, UNARY, '|', 1, formula_expression(f), NULL);
        formula_want(f, "|");
        return x;
    }
    node *x = make(f, NAMED, 0, 0, NULL, NULL);
    formula_word(f, x->name);
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
    if (formula_take(f, "-"))
        return make(f, UNARY, '-', 1, power(f), NULL);
    node *x = primary(f);
    return formula_take(f, "^") ? make(f, BINARY, '^', 2, x, power(f)) : x;
}
static node *product(formula *f)
{
    node *x = power(f);
    for (char op; !*f->error && (op = formula_take(f, "*") ? '*' : formula_take(f, "/") ? '/' : 0);)
        x = make(f, BINARY, op, 2, x, power(f));
    return x;
}
node *formula_total(formula *f)
{
    node *x = product(f);
    for (char op; !*f->error && (op = formula_take(f, "+") ? '+' : formula_take(f, "-") ? '-' : 0);)
        x = make(f, BINARY, op, 2, x, product(f));
    return x;
}
static node *relation(formula *f)
{
    static const char *const words[] = { "<=", ">=", "==", "!=", "<", ">" }, ops[] = "lgenLG";
    node *x = formula_total(f);
    for (size_t i = 0; i < 6; i++)
        if (formula_take(f, words[i]))
            return make(f, BINARY, ops[i], 2, x, formula_total(f));
    return x;
}
node *formula_expression(formula *f)
{
    node *x = relation(f);
    while (!*f->error && formula_take(f, "&"))
        x = make(f, BINARY, '&', 2, x, relation(f));
    if (!formula_take(f, "?"))
        return x;
    node *c = make(f, CHOICE, 0, 3, x, formula_expression(f));
    if (formula_take(f, ":"))
        c->child[2] = formula_expression(f);
    return c;
}
