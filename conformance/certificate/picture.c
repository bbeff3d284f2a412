/* SPDX-License-Identifier: MIT
 * The tree of a sum as a picture: terms from left to right in the order of the tree, additions upwards.  A chain is a
 * triangle, whatever its length, its last partial sum at the tip; above the chains each height at which sums are added
 * is one step.  Below, which term stands where. */
#include "picture.h"
#include "../../reference/core/plain.h"
#include "../../reference/core/plot.h"
#include "../../reference/core/save.h"
#include "../../reference/core/status.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct {
    const char *name, *script;
} scripts[] = {
#define FIGURE(name, script) { #name, script },
#include "certificate.def"
#undef FIGURE
};

typedef struct place { /* of a node */
    double x, y;
    bool chain;
} place;

typedef struct drawing {
    const assay_sum_tree *t;
    place *at;          /* [n_nodes] */
    int *order, placed; /* terms from left to right */
    int *step, n_steps; /* heights at which sums are added, ascending */
    int tallest;        /* height of the highest chain */
    double chains;      /* share of the picture's height that chains have */
    int drawn;          /* chains so far */
    FILE *f;
} drawing;

static int highest(const assay_sum_tree *t, int at)
{
    int best = t->node[at].child;
    for (int c = best; c >= 0; c = t->node[c].next)
        if (t->node[c].height > t->node[best].height)
            best = c;
    return best;
}

/* A partial sum to which single terms are added, from a term on. */
static bool find_chains(drawing *d, int at)
{
    const assay_sum_node *x = &d->t->node[at];
    if (x->leaf >= 0)
        return d->at[at].chain = true;
    const int high = highest(d->t, at);
    bool chain = true;
    for (int c = x->child; c >= 0; c = d->t->node[c].next) {
        const bool below = find_chains(d, c);
        chain &= c == high ? below : d->t->node[c].leaf >= 0;
    }
    return d->at[at].chain = chain;
}

/* Terms left to right, the highest child first: where a chain's grow, from its first to its last. */
static void place_terms(drawing *d, int at)
{
    const assay_sum_node *x = &d->t->node[at];
    const int high = x->leaf < 0 ? highest(d->t, at) : -1;
    if (x->leaf >= 0) {
        d->at[at].x = d->placed;
        d->order[d->placed++] = x->leaf;
        return;
    }
    place_terms(d, high);
    for (int c = x->child; c >= 0; c = d->t->node[c].next)
        if (c != high)
            place_terms(d, c);
}

static void find_steps(drawing *d)
{
    for (int i = 0; i < d->t->n_nodes; i++) {
        const int h = d->t->node[i].height;
        int at = d->n_steps;
        if (d->at[i].chain)
            d->tallest = h > d->tallest ? h : d->tallest;
        while (!d->at[i].chain && at > 0 && d->step[at - 1] >= h)
            at--;
        if (d->at[i].chain || (at < d->n_steps && d->step[at] == h))
            continue;
        memmove(d->step + at + 1, d->step + at, (size_t)(d->n_steps - at) * sizeof *d->step);
        d->step[at] = h;
        d->n_steps++;
    }
}

static double height_of_step(const drawing *d, int s)
{
    return d->chains + (1 - d->chains) * (s + 1) / d->n_steps;
}

static double height_of_chain(const drawing *d, int h)
{
    return d->tallest ? d->chains * h / d->tallest : 0;
}

static void place_node(drawing *d, int at)
{
    const assay_sum_node *x = &d->t->node[at];
    double from = d->t->n, to = -1;
    int s = 0;
    for (int c = x->child; c >= 0; c = d->t->node[c].next) {
        place_node(d, c);
        from = d->at[c].x < from ? d->at[c].x : from;
        to = d->at[c].x > to ? d->at[c].x : to;
    }
    if (x->leaf >= 0)
        return;
    while (s < d->n_steps && d->step[s] < x->height)
        s++;
    d->at[at].y = d->at[at].chain ? height_of_chain(d, x->height) : height_of_step(d, s);
    d->at[at].x = d->at[at].chain ? to : (from + to) / 2;
}

/* ---- data -------------------------------------------------------------------------------------------------------- */

/* visit: each chain that no longer one holds, and each other node, from the root on. */
static void each(drawing *d, int at, void (*chain)(drawing *d, int at), void (*sum)(drawing *d, int at))
{
    if (d->at[at].chain) {
        if (chain)
            chain(d, at);
        return;
    }
    if (sum)
        sum(d, at);
    const int high = highest(d->t, at);
    each(d, high, chain, sum);
    for (int c = d->t->node[at].child; c >= 0; c = d->t->node[c].next)
        if (c != high)
            each(d, c, chain, sum);
}

static double first_of(const drawing *d, int at)
{
    while (d->t->node[at].leaf < 0)
        at = highest(d->t, at);
    return d->at[at].x;
}

static void put_chain(drawing *d, int at)
{
    if (d->t->node[at].leaf < 0)
        fprintf(d->f, "%g 0 %d\n%g %g %d\n%g 0 %d\n\n", first_of(d, at), d->drawn % 2, d->at[at].x, d->at[at].y,
                d->drawn % 2, d->at[at].x, d->drawn % 2);
    d->drawn++;
}

static void put_sum(drawing *d, int at)
{
    double from = d->t->n, to = -1;
    for (int c = d->t->node[at].child; c >= 0; c = d->t->node[c].next) {
        fprintf(d->f, "%g %g\n%g %g\n\n", d->at[c].x, d->at[c].y, d->at[c].x, d->at[at].y);
        from = d->at[c].x < from ? d->at[c].x : from;
        to = d->at[c].x > to ? d->at[c].x : to;
    }
    fprintf(d->f, "%g %g\n%g %g\n\n", from, d->at[at].y, to, d->at[at].y);
}

static void put_longest(drawing *d)
{
    int at = d->t->root;
    while (!d->at[at].chain) {
        const int next = highest(d->t, at);
        fprintf(d->f, "%g %g\n%g %g\n", d->at[at].x, d->at[at].y, d->at[next].x, d->at[at].y);
        at = next;
    }
    fprintf(d->f, "%g %g\n%g 0\n", d->at[at].x, d->at[at].y, first_of(d, at));
}

/* Length and terms of a chain, where the triangle has room for them. */
static void put_name(drawing *d, int at)
{
    const int n = d->t->node[at].leaves, from = (int)first_of(d, at);
    const bool wide = n >= 0.15 * d->t->n;
    if (n < 3 || n < 0.03 * d->t->n)
        return;
    fprintf(d->f, "%g %g \"%d\"\n", from + (wide ? 0.66 : 0.56) * (n - 1), wide ? 0.36 * d->at[at].y : 0.045, n);
    if (wide)
        fprintf(d->f, "%g %g \"%d, %d .. %d\"\n", from + 0.66 * (n - 1), 0.36 * d->at[at].y - 0.07, d->order[from],
                d->order[from + 1], d->order[from + n - 1]);
}

static void put_terms(drawing *d, int at)
{
    const int from = (int)first_of(d, at);
    for (int i = from; i < from + d->t->node[at].leaves; i++)
        fprintf(d->f, "%d %d %d\n", i, d->order[i], d->drawn % 2);
    d->drawn++;
}

static void put_heights(const drawing *d)
{
    const int every = d->n_steps > 8 ? (d->n_steps + 7) / 8 : 1;
    fprintf(d->f, "0 \"0\"\n");
    if (d->tallest)
        fprintf(d->f, "%g \"%d\"\n", height_of_chain(d, d->tallest), d->tallest);
    for (int s = d->n_steps - 1; s >= 0; s -= every)
        if (height_of_step(d, s) > d->chains + 0.045)
            fprintf(d->f, "%g \"%d\"\n", height_of_step(d, s), d->step[s]);
}

static void put_data(drawing *d)
{
    const int root = d->t->root;
    each(d, root, put_chain, NULL);
    fprintf(d->f, "nan nan 0\n\n\n");
    each(d, root, NULL, put_sum);
    fprintf(d->f, "nan nan\n\n\n");
    put_longest(d);
    fprintf(d->f, "\n\n%d 2 \"\"\n", d->t->n);
    each(d, root, put_name, NULL);
    fprintf(d->f, "\n\n");
    put_heights(d);
    fprintf(d->f, "\n\n");
    d->drawn = 0;
    each(d, root, put_terms, NULL);
    fprintf(d->f, "\n\n%d\n", d->t->n);
}

/* name = 'text': of a stranger's, in quotes in which gnuplot runs nothing. */
static void put_text(FILE *f, const char *name, const char *text)
{
    char plain[600];
    snprintf(plain, sizeof plain, "%s", text);
    assay_plain(plain);
    fprintf(f, "%s = '", name);
    for (const char *c = plain; *c; c++)
        fputs(*c == '\'' ? "''" : (const char[]){ *c, 0 }, f);
    fprintf(f, "'\n");
}

/* What draws the tree, data and all; to be freed. */
static char *script_of(const assay_sum_tree *t, const char *title, const char *words)
{
    char *script = NULL;
    size_t size = 0;
    drawing d = { .t = t, .f = open_memstream(&script, &size) };
    if (!d.f)
        return NULL;
    d.at = assay_zeros((size_t)t->n_nodes, sizeof *d.at);
    d.order = assay_zeros((size_t)t->n, sizeof *d.order);
    d.step = assay_zeros((size_t)t->n_nodes + 1, sizeof *d.step);
    find_chains(&d, t->root);
    place_terms(&d, t->root);
    find_steps(&d);
    d.chains = d.n_steps ? fmin(fmax((double)d.tallest / t->node[t->root].height, 0.15), 0.62) : 1;
    place_node(&d, t->root);
    fprintf(d.f, "width = 960\nnarrow = 0\ndata = '$data'\n$data << EOD\n");
    put_data(&d);
    fprintf(d.f, "EOD\n");
    put_text(d.f, "title", title);
    put_text(d.f, "words", words);
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++)
        fputs(scripts[i].script, d.f);
    free(d.at);
    free(d.order);
    free(d.step);
    return fclose(d.f) ? NULL : script;
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

static assay_status draw(const assay_kernel *k, const assay_order *o, const char *path, assay_why *why)
{
    char title[160], words[600], says[1000], *svg, *script;
    assay_why no = { "" };
    snprintf(title, sizeof title, "%.40s/%.64s: %s, %d of them", k->op, k->name, o->rule->says, o->tree.n);
    snprintf(says, sizeof says, "The order in which it adds: %s. The longest way to the result has %d additions.",
             assay_sum_words(&o->tree, words, sizeof words), o->longest);
    script = script_of(&o->tree, title, strlen(words) < 120 ? words : "an uneven tree");
    assay_status s = assay_plot("tree", script, title, says, &svg, &no);
    if (s)
        assay_fail(why, s, "gnuplot did not draw %.120s: %.100s", path, no.text);
    else
        s = assay_save_text(path, svg, why);
    free(svg);
    free(script);
    return s;
}

static bool ends_in_svg(const char *path)
{
    const size_t n = strlen(path);
    return n > 4 && !strcmp(path + n - 4, ".svg");
}

/* A later tree in the same words is not drawn again. */
static bool drawn_before(const assay_orders *o, size_t i)
{
    char a[600], b[600];
    for (size_t k = 0; k < i; k++)
        if (o->all[k].tree.node && o->all[k].rule == o->all[i].rule && o->all[k].terms == o->all[i].terms &&
            !strcmp(assay_sum_words(&o->all[k].tree, a, sizeof a), assay_sum_words(&o->all[i].tree, b, sizeof b)))
            return true;
    return false;
}

/* DIR/OP-KERNEL-N.svg, names made plain. */
static void name_of(const char *dir, const assay_kernel *k, int n, char *path, size_t size)
{
    char name[160];
    snprintf(name, sizeof name, "%.60s-%.80s", k->op, k->name);
    for (char *c = name; *c; c++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", *c))
            *c = '-';
    snprintf(path, size, "%s/%s-%d.svg", dir, name, n);
}

assay_status assay_pictures(const char *to, const assay_kernel *k, const assay_orders *o, assay_why *why)
{
    char path[4400];
    int n = 0;
    assay_status s = ASSAY_OK;
    const assay_order *most = assay_orders_largest(o);
    if (ends_in_svg(to)) {
        if (most && !(s = draw(k, most, to, why)))
            printf("  a picture of it in %s\n", to);
        n += most != NULL;
    } else {
        if (mkdir(to, 0777) && errno != EEXIST)
            return assay_fail(why, ASSAY_ERR_IO, "%.200s: %s", to, strerror(errno));
        for (size_t i = 0; !s && i < o->n; i++)
            if (o->all[i].tree.node && o->all[i].tree.n > 1 && !drawn_before(o, i)) {
                name_of(to, k, ++n, path, sizeof path);
                s = draw(k, &o->all[i], path, why);
                if (!s)
                    printf("  a picture of %d terms in %s\n", o->all[i].tree.n, path);
            }
    }
    if (!n)
        printf("  no picture: no tree of %s/%s was seen\n", k->op, k->name);
    return s;
}
