/* SPDX-License-Identifier: MIT
 * formula_parts.h - what formula.c (statements), formula_parse.c (text to tree) and formula_eval.c share. */
#ifndef ASSAY_FORMULA_PARTS_H
#define ASSAY_FORMULA_PARTS_H
#include "formula.h"

enum { NAME = 16, RANK = 6, CHILDREN = 6, NAMES = 192, BINDINGS = 64, NODES = 4096 };

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

void formula_fail(formula *f, const char *format, ...) __attribute__((format(printf, 2, 3))); /* the first one stays */

/* Go on in f->at: behind a word if it stands there, behind one that must, behind a name. */
bool formula_take(formula *f, const char *word);
void formula_want(formula *f, const char *word);
void formula_word(formula *f, char name[NAME]);
node *formula_expression(formula *f);
node *formula_total(formula *f); /* an expression of + - * / ^: what a dimension may be */

const named *formula_find(const formula *f, const char *name); /* the last one of that name; NULL: none */
void formula_bind(formula *f, const char *name, wide value);   /* an index, an argument */
wide formula_value_of(formula *f, const node *x);              /* of a name without indices */
wide formula_eval(formula *f, const node *x);
#endif
