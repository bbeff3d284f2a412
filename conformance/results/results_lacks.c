/* SPDX-License-Identifier: MIT
 * What a document lacks: coverage that no part of it has, missing shards. */
#include "results_lacks.h"
#include "results_split.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct lack { /* one thing that the cases of an op lack in one part */
    const char *op, *what;
} lack;

static int lack_order(const void *a, const void *b)
{
    const lack *x = a, *y = b;
    const int d = assay_op_rank(x->op) - assay_op_rank(y->op), e = strcmp(x->op, y->op);
    return d ? d : e ? e : strcmp(x->what, y->what);
}

/* How many parts looked at the coverage of op, and whether a whole split of them did. */
static size_t looked(const assay_results *r, const char *op, bool *all)
{
    size_t n = 0;
    int64_t have = 0, last = 0;
    const assay_result_part *split = NULL;
    *all = false;
    for (size_t i = 0; i < r->n; i++)
        for (size_t k = 0; k < r->part[i].n_ops; k++) {
            const assay_result_part *p = &r->part[i];
            if (!p->ops[k].covered || strcmp(p->ops[k].op, op) != 0)
                continue;
            if (!split || assay_split_order(split, p))
                split = p, have = last = 0;
            n++;
            have += p->shard != last;
            last = p->shard;
            *all |= have == p->shards;
        }
    return n;
}

static void add_hole(assay_summary *s, const char *op, const char *what)
{
    const size_t n = strlen(op) + strlen(what) + 3;
    char *text = assay_results_alloc(&s->memory, n);
    snprintf(text, n, "%s: %s", op, what);
    s->hole[s->n_holes++] = text;
}

/* A hole is what every part lacks, once the parts are a whole. */
void assay_find_holes(assay_summary *s)
{
    const assay_results *r = s->of;
    size_t n = 0;
    for (size_t i = 0; i < r->n; i++)
        for (size_t k = 0; k < r->part[i].n_ops; k++)
            n += r->part[i].ops[k].n_missing + 1;
    lack *all = n ? assay_results_alloc(&s->memory, n * sizeof *all) : NULL;
    s->hole = n ? assay_results_alloc(&s->memory, n * sizeof *s->hole) : NULL;
    n = 0;
    for (size_t i = 0; i < r->n; i++)
        for (size_t k = 0; k < r->part[i].n_ops; k++) {
            const assay_result_op *o = &r->part[i].ops[k];
            s->cases += o->cases;
            for (size_t m = 0; m < o->n_missing; m++)
                all[n++] = (lack){ o->op, o->missing[m] };
            if (o->known)
                all[n++] = (lack){ o->op, NULL };
        }
    for (size_t i = 0; i < n; i++)
        all[i].what = all[i].what ? all[i].what : "";
    if (n)
        qsort(all, n, sizeof *all, lack_order);
    for (size_t i = 0, j; i < n; i = j) {
        bool complete;
        for (j = i + 1; j < n && !lack_order(&all[i], &all[j]); j++)
            ;
        if (!*all[i].what)
            add_hole(s, all[i].op, "known answers of the reference");
        else if (j - i >= looked(r, all[i].op, &complete) && complete)
            add_hole(s, all[i].op, all[i].what);
    }
    s->holes = (int64_t)s->n_holes;
}

/* ---- missing runs --------------------------------------------------------------------------------- */

void assay_find_lacking(assay_summary *s)
{
    const assay_results *r = s->of;
    s->lacking = r->n ? assay_results_alloc(&s->memory, r->n * sizeof *s->lacking) : NULL;
    for (size_t i = 0, j; i < r->n; i = j) {
        const assay_result_part *p = &r->part[i];
        char text[256];
        int64_t have = 0, last = 0, next = 0;
        for (j = i; j < r->n && !assay_split_order(p, &r->part[j]); j++) {
            have += r->part[j].shard != last;
            next = !next && r->part[j].shard > last + 1 ? last + 1 : next;
            last = r->part[j].shard;
        }
        if (have == p->shards)
            continue;
        snprintf(text, sizeof text, "%.20s, %.20s: %lld of %lld shards are missing, the first is %lld/%lld", p->what,
                 p->level, (long long)(p->shards - have), (long long)p->shards, (long long)(next ? next : last + 1),
                 (long long)p->shards);
        s->lacking[s->n_lacking++] = assay_results_text(&s->memory, text);
    }
}
