/* SPDX-License-Identifier: MIT
 * From what survives to a tree.  Of a set of terms one is the pivot: for each other term the answer is the size of the
 * smallest subtree that holds both, so the terms in order of these sizes are what was added to the pivot's partial sum
 * on its way up, and those of one size are a subtree of their own, by recursion. */
#include "tree.h"
#include "../../reference/core/status.h"
#include <stdlib.h>
#include <string.h>

typedef struct term {
    int index, size; /* size: leaves of the smallest subtree that holds it and the pivot */
} term;

typedef struct builder {
    assay_sum_tree *t;
    assay_sum_probe probe;
    void *ctx;
    bool failed;
} builder;

/* What a set of terms came to.  open: it lacks siblings, for its last addition is that of a node of `open` leaves, the
 * rest of which is outside the set; 0: it is whole. */
typedef struct part {
    int node, open;
} part;

static part give_up(builder *b, const char *format, int i, int j)
{
    if (!b->failed)
        assay_fail(&b->t->why, ASSAY_OK, format, i, j);
    b->failed = true;
    return (part){ -1, 0 };
}

static int new_node(builder *b, int leaf)
{
    const int at = b->t->n_nodes++;
    b->t->node[at] = (assay_sum_node){ leaf, -1, -1, -1, leaf >= 0, 0, 0, false };
    return at;
}

static void append(builder *b, int parent, int child)
{
    assay_sum_node *node = b->t->node, *p = &node[parent];
    int *at = &p->child;
    if (p->child < 0)
        p->base = node[child].leaves;
    while (*at >= 0)
        at = &node[*at].next;
    *at = child;
    node[child].next = -1;
    node[child].parent = parent;
    p->leaves += node[child].leaves;
    if (p->height <= node[child].height)
        p->height = node[child].height + 1;
}

/* Adds sub to parent: as one child, or each of its children. */
static void adopt(builder *b, int parent, int sub, bool apart)
{
    int child = apart ? b->t->node[sub].child : sub;
    while (child >= 0) {
        const int next = apart ? b->t->node[child].next : -1;
        append(b, parent, child);
        child = next;
    }
}

static bool children_of(const assay_sum_node *node, int of, int leaves)
{
    for (int c = node[of].child; c >= 0; c = node[c].next)
        if (node[c].leaves != leaves)
            return false;
    return node[of].child >= 0;
}

/* The partial sum `sum` meets the terms of `sub`; the subtree that holds both has `size` leaves, as far as M swallows.
 */
static part join(builder *b, part sum, part sub, int size)
{
    assay_sum_node *node = b->t->node;
    const int s = node[sum.node].leaves, m = node[sub.node].leaves;
    if (sub.open && sub.open != size)
        return give_up(b, "a subtree of %d terms lies in none of %d", sub.open, size);
    if (size >= s + m) {
        const int p = new_node(b, -1);
        append(b, p, sum.node);
        adopt(b, p, sub.node, sub.open != 0);
        return (part){ p, size > s + m ? size : 0 };
    }
    /* Fewer than there are: terms survive that were added between them without a rounding. */
    const int base = node[sum.node].base;
    if (size > s && (m == size - s || children_of(node, sub.node, size - s))) {
        const int p = new_node(b, -1);
        append(b, p, sum.node);
        adopt(b, p, sub.node, m != size - s);
        b->t->node[p].wide = true;
        return (part){ p, 0 };
    }
    if (node[sum.node].child >= 0 && (m == size - base || children_of(node, sub.node, size - base))) {
        adopt(b, sum.node, sub.node, m != size - base);
        node[sum.node].wide = true;
        return (part){ sum.node, 0 };
    }
    return give_up(b, "no tree fits: %d terms beside %d", s, m);
}

static int by_size(const void *a, const void *b)
{
    const term *x = a, *y = b;
    return x->size != y->size ? (x->size > y->size) - (x->size < y->size)
                              : (x->index > y->index) - (x->index < y->index);
}

/* The pivot is the first or the last term in turn: chains in either direction are then seen at once. */
static part build(builder *b, term *set, int n, bool last)
{
    const term pivot = set[last ? n - 1 : 0];
    part sum = { new_node(b, pivot.index), 0 };
    set[last ? n - 1 : 0] = set[0];
    for (int k = 1; k < n && !b->failed; k++) {
        if (++b->t->calls > ASSAY_SUM_CALLS)
            return give_up(b, "given up after %d calls", ASSAY_SUM_CALLS, 0);
        const int64_t left = b->probe(b->ctx, pivot.index, set[k].index);
        if (left < 0 || left > b->t->n - 2)
            return give_up(b, "with M at %d and -M at %d no number of terms is left", pivot.index, set[k].index);
        set[k].size = b->t->n - (int)left;
    }
    if (n > 1)
        qsort(set + 1, (size_t)n - 1, sizeof *set, by_size);
    for (int k = 1, m; k < n && !b->failed; k += m) {
        const int size = set[k].size;
        for (m = 1; k + m < n && set[k + m].size == size; m++)
            ;
        if (sum.open)
            return give_up(b, "a subtree of %d terms has %d", sum.open, size);
        const part sub = build(b, set + k, m, !last);
        if (!b->failed)
            sum = join(b, sum, sub, size);
    }
    return sum;
}

/* ---- the same backward: what a tree answers -------------------------------------------------------------------- */

static int leaf_node(const assay_sum_tree *t, int leaf)
{
    int at = 0;
    while (t->node[at].leaf != leaf)
        at++;
    return at;
}

/* Nodes between it and the root. */
static int distance(const assay_sum_tree *t, int at)
{
    int n = 0;
    for (; at != t->root; at = t->node[at].parent)
        n++;
    return n;
}

int64_t assay_sum_answer(const assay_sum_tree *t, int i, int j)
{
    int a = leaf_node(t, i), c = leaf_node(t, j), from_a = a, from_c = c;
    int up = distance(t, a), down = distance(t, c);
    while (a != c) {
        const bool left = up >= down, right = down >= up;
        if (left)
            from_a = a, a = t->node[a].parent, up--;
        if (right)
            from_c = c, c = t->node[c].parent, down--;
    }
    return t->n - (t->node[a].wide ? t->node[from_a].leaves + t->node[from_c].leaves : t->node[a].leaves);
}

bool assay_sum_reveal(assay_sum_tree *t, int n, assay_sum_probe probe, void *ctx, int checks)
{
    *t = (assay_sum_tree){ .n = n, .node = assay_zeros(2 * (size_t)n, sizeof *t->node) };
    builder b = { t, probe, ctx, false };
    term *set = assay_zeros((size_t)n, sizeof *set);
    for (int i = 0; i < n; i++)
        set[i].index = i;
    const part all = build(&b, set, n, false);
    t->root = all.node;
    if (all.open)
        give_up(&b, "a subtree of %d terms, where there are %d", all.open, n);
    for (uint32_t k = 1; n > 1 && !b.failed && k <= (uint32_t)checks;
         k++) { /* pairs far and near, each in both orders */
        const int i = (int)(k * UINT32_C(2654435761) % (uint32_t)n);
        const int j = (i + 1 + (int)(k * UINT32_C(40503) % (uint32_t)(n - 1))) % n;
        t->calls++;
        if (probe(ctx, i, j) != assay_sum_answer(t, i, j))
            give_up(&b, "M at %d and -M at %d does not leave what the others say: the order changes with the numbers",
                    i, j);
    }
    free(set);
    if (b.failed) {
        free(t->node);
        t->node = NULL;
    }
    return !b.failed;
}

void assay_sum_free(assay_sum_tree *t)
{
    free(t->node);
    t->node = NULL;
}

int assay_sum_longest(const assay_sum_tree *t)
{
    return t->node[t->root].height;
}

bool assay_sum_exact(const assay_sum_tree *t)
{
    const assay_sum_node *root = &t->node[t->root];
    return root->wide && root->height == 1;
}

static bool same_below(const assay_sum_tree *a, int x, const assay_sum_tree *b, int y)
{
    const assay_sum_node *p = &a->node[x], *q = &b->node[y];
    if (p->leaf != q->leaf || p->leaves != q->leaves || p->wide != q->wide)
        return false;
    int c = p->child, d = q->child;
    while (c >= 0 && d >= 0 && same_below(a, c, b, d))
        c = a->node[c].next, d = b->node[d].next;
    return c < 0 && d < 0;
}

bool assay_sum_same(const assay_sum_tree *a, const assay_sum_tree *b)
{
    return a->n == b->n && same_below(a, a->root, b, b->root);
}
