/* SPDX-License-Identifier: MIT */
#include "lines.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { A_PICTURE = 46 }; /* lines: as many as a printed page has room for */

static void *grown(void *p, size_t bytes)
{
    p = realloc(p, bytes);
    if (!p)
        abort();
    return p;
}

void lines_add(lines *l, const char *op, const char *name, lines_point p)
{
    lines_line *x = NULL;
    for (int i = 0; i < l->n && !x; i++)
        if (!strcmp(l->line[i].name, name) && !strcmp(l->line[i].op, op))
            x = &l->line[i];
    if (!x) {
        if (l->n == l->room)
            l->line = grown(l->line, (size_t)(l->room = l->room ? 2 * l->room : 64) * sizeof *l->line);
        x = &l->line[l->n++];
        memset(x, 0, sizeof *x);
        snprintf(x->op, sizeof x->op, "%s", op);
        snprintf(x->name, sizeof x->name, "%s", name);
    }
    x->point = grown(x->point, (size_t)(x->n + 1) * sizeof *x->point);
    x->point[x->n++] = p;
}

static int upwards(const void *a, const void *b)
{
    const lines_point *x = a, *y = b;
    return (x->value > y->value) - (x->value < y->value);
}

static int by_median(const void *a, const void *b)
{
    const lines_line *x = a, *y = b;
    return x->median != y->median ? (x->median < y->median) - (x->median > y->median) : strcmp(x->name, y->name);
}

void lines_sort(lines *l)
{
    for (int i = 0; i < l->n; i++) {
        lines_line *x = &l->line[i];
        qsort(x->point, (size_t)x->n, sizeof *x->point, upwards);
        x->median = (x->point[(x->n - 1) / 2].value + x->point[x->n / 2].value) / 2;
    }
    if (l->n)
        qsort(l->line, (size_t)l->n, sizeof *l->line, by_median);
    for (int i = 0; i < l->n; i++) /* each op's lines move up to its first one */
        for (int k = i + 1, to = i + 1; k < l->n && (!i || strcmp(l->line[i].op, l->line[i - 1].op) != 0); k++)
            if (!strcmp(l->line[k].op, l->line[i].op)) {
                const lines_line x = l->line[k];
                memmove(&l->line[to + 1], &l->line[to], (size_t)(k - to) * sizeof x);
                l->line[to++] = x;
            }
}

static bool opens(const lines *l, int i)
{
    return !i || strcmp(l->line[i].op, l->line[i - 1].op) != 0;
}

void lines_ends(lines *l)
{
    int to = 0;
    bool first;
    for (int i = 0; i < l->n; i++) {
        first = !to || strcmp(l->line[i].op, l->line[to - 1].op) != 0;
        if (first || i + 1 == l->n || strcmp(l->line[i].op, l->line[i + 1].op) != 0)
            l->line[to++] = l->line[i];
        else
            free(l->line[i].point);
    }
    l->n = to;
}

void lines_draw(report *r, lines *l, const char *figure, double limit, const char *title, const char *caption)
{
    for (int from = 0, part = 1; from < l->n; part++) {
        char name[64], titled[160];
        int to = l->n - from > A_PICTURE ? from + A_PICTURE : l->n;
        while (to < l->n && to > from + 1 && !opens(l, to))
            to--;
        snprintf(name, sizeof name, part > 1 ? "%s-%d" : "%s", figure, part);
        snprintf(titled, sizeof titled, part > 1 ? "%s, continued (%d)" : "%s", title, part);
        FILE *f = page_data(r, name);
        if (!f)
            return;
        for (int i = from; i < to; i++) {
            fprintf(f, "%d %s %.4g", i - from, data_word("%s", l->line[i].name), l->line[i].median);
            fprintf(f, " %s\n", data_word("%s", i == from || opens(l, i) ? l->line[i].op : ""));
        }
        fputs("\n\n", f);
        for (int i = from; i < to; i++)
            for (const lines_point *p = l->line[i].point; p < l->line[i].point + l->line[i].n; p++)
                fprintf(f, "%d %.4g %.4g %.4g %d\n", i - from, p->value, p->low, p->high, p->marked);
        fprintf(f, "\n\n%g\n", limit);
        page_data_end(r);
        page_figure(r, name, titled, part > 1 ? "As above." : caption);
        from = to;
    }
}

void lines_free(lines *l)
{
    for (int i = 0; i < l->n; i++)
        free(l->line[i].point);
    free(l->line);
    *l = (lines){ 0 };
}
