/* SPDX-License-Identifier: MIT
 * A tree of additions in words: what a kernel's author calls lanes, blocks and chains.
 *
 * A subtree is a chain (a partial sum that takes one term at a time), or even (its children are alike, and so are
 * theirs: lanes, added pairwise), or a line: a partial sum that takes what are sums themselves, in turn.  Chains of
 * different lengths are alike: the last lanes may lack a term. */
#include "tree.h"
#include "../../reference/core/status.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHAIN = 1, MOST_SHAPES = 4096 }; /* shapes: CHAIN, and numbers from 2 on */

typedef struct shape {
    int first, count, step; /* of a node: the shape of its children; how many; -1: several shapes: then by number */
    bool wide;
} shape;

typedef struct reader {
    const assay_sum_tree *t;
    int *shape; /* of each node */
    shape known[MOST_SHAPES];
    int n_known;
} reader;

static const assay_sum_node *node_of(const reader *r, int at)
{
    return &r->t->node[at];
}

static int count_children(const reader *r, int at)
{
    int n = 0;
    for (int c = node_of(r, at)->child; c >= 0; c = node_of(r, c)->next)
        n++;
    return n;
}

/* The child that was the partial sum: the highest one. */
static int highest(const reader *r, int at)
{
    int best = node_of(r, at)->child;
    for (int c = best; c >= 0; c = node_of(r, c)->next)
        if (node_of(r, c)->height > node_of(r, best)->height)
            best = c;
    return best;
}

static bool leaves_but(const reader *r, int at, int one)
{
    for (int c = node_of(r, at)->child; c >= 0; c = node_of(r, c)->next)
        if (c != one && node_of(r, c)->leaf < 0)
            return false;
    return true;
}

static int intern(reader *r, shape s)
{
    for (int i = 0; i < r->n_known; i++)
        if (r->known[i].first == s.first && r->known[i].count == s.count && r->known[i].step == s.step &&
            r->known[i].wide == s.wide)
            return i + 2;
    if (r->n_known < MOST_SHAPES)
        r->known[r->n_known++] = s;
    return r->n_known + 1;
}

/* Nodes stand behind their children, but for what was adopted later: so by recursion. */
static int classify(reader *r, int at)
{
    const assay_sum_node *x = node_of(r, at);
    const int n = count_children(r, at), high = highest(r, at);
    int alike = 0;
    if (x->leaf >= 0)
        return r->shape[at] = CHAIN;
    for (int c = x->child; c >= 0; c = node_of(r, c)->next) {
        const int s = classify(r, c);
        alike = c == x->child || alike == s ? s : -1;
    }
    if (r->shape[high] == CHAIN && leaves_but(r, at, high) && (n == 2 || x->wide || node_of(r, high)->leaf >= 0))
        return r->shape[at] = CHAIN;
    return r->shape[at] = intern(r, (shape){ alike, n, alike < 0 ? at : 0, x->wide });
}

/* ---- parts ----------------------------------------------------------------------------------------------------------
 */

typedef struct line {  /* a partial sum on its way up: what it began as, and what it took */
    int *item;         /* nodes, from the first to the last */
    int n, wide, most; /* wide: steps that took several things without a rounding; most: things of one step */
} line;

static line line_of(const reader *r, int at)
{
    line l = { assay_zeros((size_t)r->t->n + 1, sizeof(int)), 0, 0, 1 };
    int last = -1;
    while (node_of(r, at)->leaf < 0 && (last < 0 || last == 0 || r->shape[at] != last)) {
        const int high = highest(r, at);
        int took = 0;
        for (int c = node_of(r, at)->child; c >= 0; c = node_of(r, c)->next)
            if (c != high) {
                l.item[l.n++] = c;
                last = r->shape[at] == CHAIN ? 0 : r->shape[c]; /* a chain is followed to its end */
                took++;
            }
        l.wide += node_of(r, at)->wide;
        l.most = took > l.most ? took : l.most;
        at = high;
    }
    l.item[l.n++] = at;
    for (int i = 0; i < l.n / 2; i++) {
        const int other = l.item[i];
        l.item[i] = l.item[l.n - 1 - i];
        l.item[l.n - 1 - i] = other;
    }
    return l;
}

static bool is_even(const reader *r, int at)
{
    const int s = r->shape[at];
    return s > CHAIN && r->known[s - 2].first > 0;
}

typedef struct span {
    int least, most;
} span;

static void stretch(span *s, int n)
{
    s->least = !s->most || n < s->least ? n : s->least;
    s->most = n > s->most ? n : s->most;
}

/* The chains below nodes that are alike, or their terms where they are no chains. */
static void chain_span(const reader *r, int at, span *s)
{
    if (r->shape[at] == CHAIN)
        stretch(s, node_of(r, at)->leaves);
    else
        for (int c = node_of(r, at)->child; c >= 0; c = node_of(r, c)->next)
            chain_span(r, c, s);
}

/* How many equal sums an even node adds pairwise, and one of them. */
static int lanes_of(const reader *r, int at, int *one)
{
    int n = 1;
    while (is_even(r, at)) {
        n *= count_children(r, at);
        at = node_of(r, at)->child;
    }
    *one = at;
    return n;
}

/* ---- words ----------------------------------------------------------------------------------------------------------
 */

typedef struct text {
    char *to;
    size_t n, at;
} text;

static void say(text *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(text *w, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    if (w->at < w->n)
        w->at += (size_t)vsnprintf(w->to + w->at, w->n - w->at, format, ap);
    va_end(ap);
}

static void say_chain(text *w, const reader *r, int at, span s)
{
    line l = line_of(r, at);
    const bool down = l.n > 2 && node_of(r, l.item[0])->leaf > node_of(r, l.item[l.n - 1])->leaf;
    if (s.most == 1)
        say(w, "one term");
    else if (s.least == s.most)
        say(w, "a chain of %d%s", s.most, down ? ", from the last to the first" : "");
    else
        say(w, "a chain of %d to %d%s", s.least, s.most, down ? ", from the last to the first" : "");
    if (l.wide)
        say(w, ", up to %d at once", l.most);
    free(l.item);
}

static void describe(text *w, const reader *r, int at, int deep);

/* Nodes item[0 .. n) are alike. */
static void describe_run(text *w, const reader *r, const int *item, int n, int deep)
{
    span s = { 0, 0 };
    for (int i = 0; i < n; i++)
        chain_span(r, item[i], &s);
    if (r->shape[item[0]] == CHAIN)
        say_chain(w, r, item[0], s);
    else
        describe(w, r, item[0], deep + 1);
}

/* How many items from the i-th on are alike. */
static int run_of(const reader *r, const line *l, int i)
{
    int m = 1;
    while (i + m < l->n && r->shape[l->item[i + m]] == r->shape[l->item[i]])
        m++;
    return m;
}

static void describe_line(text *w, const reader *r, int at, int deep)
{
    line l = line_of(r, at);
    int runs = 0;
    for (int i = 0; i < l.n; i += run_of(r, &l, i))
        runs++;
    if (runs > 3)
        say(w, "an uneven tree of %d", node_of(r, at)->leaves);
    for (int i = 0, m; i < l.n && runs <= 3; i += m) {
        m = run_of(r, &l, i);
        const bool terms = r->shape[l.item[i]] == CHAIN && node_of(r, l.item[i])->leaf >= 0;
        if (i)
            say(w, ", then ");
        if (terms && m > 1)
            say(w, "%d terms one by one", m);
        else if (terms)
            say(w, "one term");
        else {
            if (m > 1)
                say(w, "%d sums, each ", m);
            describe_run(w, r, l.item + i, m, deep);
            if (m > 1)
                say(w, l.wide ? ", added without a rounding" : ", added one after the other");
        }
    }
    free(l.item);
}

static void describe(text *w, const reader *r, int at, int deep)
{
    span s = { 0, 0 };
    int one;
    chain_span(r, at, &s);
    if (r->shape[at] == CHAIN)
        say_chain(w, r, at, s);
    else if (node_of(r, at)->leaves > 4 && node_of(r, at)->height < 31 &&
             node_of(r, at)->leaves > 1 << (node_of(r, at)->height - 1))
        say(w, "%d terms added pairwise", node_of(r, at)->leaves); /* no lower tree has as many */
    else if (is_even(r, at)) {
        const int n = lanes_of(r, at, &one);
        say(w, "%d %s, each ", n, r->shape[one] == CHAIN ? "lanes" : "sums");
        if (r->shape[one] == CHAIN)
            say_chain(w, r, one, s);
        else
            describe(w, r, one, deep + 1);
        say(w, ", added %s", node_of(r, at)->wide ? "without a rounding" : "pairwise");
    } else if (deep < 3)
        describe_line(w, r, at, deep);
    else
        say(w, "a sum of %d", node_of(r, at)->leaves);
}

static reader *reader_open(const assay_sum_tree *t)
{
    reader *r = assay_zeros(1, sizeof *r);
    r->t = t;
    r->shape = assay_zeros((size_t)t->n_nodes, sizeof *r->shape);
    classify(r, t->root);
    return r;
}

static void reader_close(reader *r)
{
    free(r->shape);
    free(r);
}

const char *assay_sum_words(const assay_sum_tree *t, char *to, size_t n)
{
    text w = { to, n, 0 };
    reader *r = reader_open(t);
    to[0] = 0;
    describe(&w, r, t->root, 0);
    reader_close(r);
    return to;
}

/* ---- as a tree ------------------------------------------------------------------------------------------------------
 */

typedef struct printer {
    const reader *r;
    int left; /* lines */
} printer;

static void print_terms(const reader *r, int at)
{
    line l = line_of(r, at);
    const int first = node_of(r, l.item[0])->leaf, last = node_of(r, l.item[l.n - 1])->leaf;
    const int step = l.n > 1 ? node_of(r, l.item[1])->leaf - first : 0;
    bool even = true;
    for (int i = 1; i < l.n; i++)
        even &= node_of(r, l.item[i])->leaf == first + i * step;
    if (l.n == 1)
        printf("term %d\n", first);
    else if (even && l.n > 3)
        printf("a chain of %d: terms %d, %d .. %d\n", l.n, first, first + step, last);
    else {
        printf("a chain of %d: terms", l.n);
        for (int i = 0; i < l.n && i < 8; i++)
            printf(" %d", node_of(r, l.item[i])->leaf);
        printf("%s\n", l.n > 8 ? " .." : "");
    }
    free(l.item);
}

static void print_node(printer *p, int at, const char *indent, int deep)
{
    const reader *r = p->r;
    if (p->left-- <= 0)
        return;
    printf("%s%*s", indent, 2 * deep, "");
    if (p->left == 0) {
        printf("..\n");
        return;
    }
    if (r->shape[at] == CHAIN) {
        print_terms(r, at);
        return;
    }
    line l = line_of(r, at);
    const bool even = is_even(r, at) && l.n == 2;
    printf(even ? "the sum of\n" : "in turn, from above\n");
    for (int i = 0, m; i < l.n; i += m) {
        for (m = 1; i + m < l.n && r->shape[l.item[i + m]] == CHAIN && node_of(r, l.item[i + m])->leaf >= 0 &&
                    node_of(r, l.item[i])->leaf >= 0;
             m++)
            ;
        if (m == 1)
            print_node(p, l.item[i], indent, deep + 1);
        else if (p->left-- > 0)
            printf("%s%*sterms %d .. %d one by one (%d)\n", indent, 2 * deep + 2, "", node_of(r, l.item[i])->leaf,
                   node_of(r, l.item[i + m - 1])->leaf, m);
    }
    free(l.item);
}

void assay_sum_print(const assay_sum_tree *t, const char *indent, int lines)
{
    reader *r = reader_open(t);
    printer p = { r, lines };
    print_node(&p, t->root, indent, 0);
    reader_close(r);
}

static void nest(text *w, const assay_sum_tree *t, int at)
{
    const assay_sum_node *x = &t->node[at];
    if (x->leaf >= 0) {
        say(w, "%d", x->leaf);
        return;
    }
    say(w, x->wide ? "[" : "(");
    for (int c = x->child; c >= 0; c = t->node[c].next) {
        nest(w, t, c);
        if (t->node[c].next >= 0)
            say(w, " ");
    }
    say(w, x->wide ? "]" : ")");
}

char *assay_sum_text(const assay_sum_tree *t)
{
    const size_t room = (size_t)t->n * 16 + 16;
    text w = { assay_zeros(room, 1), room, 0 };
    nest(&w, t, t->root);
    return w.to;
}
