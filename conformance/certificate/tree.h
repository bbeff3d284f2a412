/* SPDX-License-Identifier: MIT
 * tree.h - the order in which a kernel adds up, as a tree, from what it answers (FPRev, USENIX ATC 2025).
 * Terms are 1 everywhere, M at i and -M at j, M so large that it swallows every 1 that is added to it: what survives
 * are the terms outside the smallest subtree that holds i and j.  From the sizes of these subtrees follows the tree. */
#ifndef ASSAY_CERTIFICATE_TREE_H
#define ASSAY_CERTIFICATE_TREE_H
#include "assay/assay.h"

/* How many of the n terms survive where i holds M and j -M; below 0: nothing that can be counted. */
typedef int64_t (*assay_sum_probe)(void *ctx, int i, int j);

typedef struct assay_sum_node {
    int leaf;                /* the term, or -1: it has children */
    int child, next, parent; /* first child, next sibling; -1: none */
    int leaves;
    int height; /* additions on the longest way down; a node of several children is one addition */
    int base;   /* leaves of its first child, to which the others were added */
    bool wide;  /* its children are added without a rounding between: what is small survives there */
} assay_sum_node;

typedef struct assay_sum_tree {
    int n, root, n_nodes;
    int64_t calls;
    assay_sum_node *node; /* at most 2 n - 1; NULL: no tree */
    assay_why why;        /* where there is none */
} assay_sum_tree;

enum { ASSAY_SUM_CALLS = 60000 }; /* more than that and the tree is given up */

/* Of n >= 1 terms; as a check what `checks` further pairs answer is compared with the tree.  False: t->why. */
bool assay_sum_reveal(assay_sum_tree *t, int n, assay_sum_probe probe, void *ctx, int checks);
/* How many terms survive where i holds M and j -M, by the tree. */
int64_t assay_sum_answer(const assay_sum_tree *t, int i, int j);
void assay_sum_free(assay_sum_tree *t);
int assay_sum_longest(const assay_sum_tree *t);
/* The same terms in the same subtrees, for trees that were revealed: equal answers make equal nodes. */
bool assay_sum_same(const assay_sum_tree *a, const assay_sum_tree *b);
bool assay_sum_exact(const assay_sum_tree *t); /* no term was ever swallowed */

/* "4 sums, each a chain of 256, added one after the other"; returns text. */
const char *assay_sum_words(const assay_sum_tree *t, char *text, size_t n);
/* The same as an indented tree with the numbers of its terms, at most `lines` lines. */
void assay_sum_print(const assay_sum_tree *t, const char *indent, int lines);
/* "((0 1) 2)": nested, with [..] for a node without roundings inside; freed by the caller. */
char *assay_sum_text(const assay_sum_tree *t);
#endif
