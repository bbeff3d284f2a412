/* SPDX-License-Identifier: MIT
 * Joining is the union of two sets of parts.  Parts are sorted by what they are, so that the shards of one split stand
 * together, whatever the order of the files. */
#include "../../reference/core/status.h"
#include "results_form.h"
#include "results_split.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) : (a != NULL) - (b != NULL);
}

int assay_split_order(const assay_result_part *a, const assay_result_part *b)
{
    const char *const x[] = { a->what, a->version, a->commit,  a->level, a->seed,
                              a->line, a->plugin,  a->threads, a->secret };
    const char *const y[] = { b->what, b->version, b->commit,  b->level, b->seed,
                              b->line, b->plugin,  b->threads, b->secret };
    int d = 0;
    for (size_t i = 0; !d && i < sizeof x / sizeof *x; i++)
        d = by_text(x[i], y[i]);
    d = d ? d : a->emulated - b->emulated;
    return d ? d : (a->shards > b->shards) - (a->shards < b->shards);
}

/* Which part of which run on which kind of machine; two parts that are equal here should be equal altogether. */
static int same_run(const assay_result_part *a, const assay_result_part *b)
{
    const char *const x[] = { a->target, a->model, a->features, a->compiler, a->flags, a->op, a->kernel, a->isa };
    const char *const y[] = { b->target, b->model, b->features, b->compiler, b->flags, b->op, b->kernel, b->isa };
    int d = assay_split_order(a, b);
    d = d ? d : (a->shard > b->shard) - (a->shard < b->shard);
    for (size_t i = 0; !d && i < sizeof x / sizeof *x; i++)
        d = by_text(x[i], y[i]);
    return d;
}

static int in_order(const void *a, const void *b)
{
    const assay_result_part *x = a, *y = b;
    const int d = same_run(x, y);
    return d ? d : strcmp(x->digest, y->digest);
}

/* Two parts of one digest may differ in advice; whichever comes first, the same one stays. */
static void keep_one(assay_result_part *kept, const assay_result_part *other)
{
    char *a = assay_part_text(kept, true), *b = assay_part_text(other, true);
    if (strcmp(b, a) < 0)
        *kept = *other;
    free(a);
    free(b);
}

assay_status assay_results_join(assay_results *r, bool force, int64_t *twice, assay_why *why)
{
    size_t n = 0;
    *twice = 0;
    if (r->n)
        qsort(r->part, r->n, sizeof *r->part, in_order);
    for (size_t i = 0; i < r->n; i++) {
        const assay_result_part *p = &r->part[i];
        assay_result_part *last = n ? &r->part[n - 1] : NULL;
        if (last && !in_order(last, p)) {
            ++*twice;
            keep_one(last, p);
            continue;
        }
        if (last && by_text(last->secret, p->secret))
            return assay_fail(why, ASSAY_ERR_ARG,
                              "results of different inputs: %s%.40s and %s%.40s; they are not joined",
                              last->secret ? "secret " : "no secret", last->secret ? last->secret : "",
                              p->secret ? "secret " : "no secret", p->secret ? p->secret : "");
        if (last && !force && (strcmp(last->version, p->version) || strcmp(last->commit, p->commit)))
            return assay_fail(why, ASSAY_ERR_ARG,
                              "results of different builds: %.40s (%.40s) and %.40s (%.40s); --force joins them",
                              last->version, last->commit, p->version, p->commit);
        if (last && !force && !same_run(last, p))
            return assay_fail(why, ASSAY_ERR_ARG,
                              "the same run came out differently: %.20s %.20s shard %lld/%lld on %.80s (parts %s and "
                              "%s); --force keeps both",
                              p->what, p->level, (long long)p->shard, (long long)p->shards, p->model, last->digest,
                              p->digest);
        r->part[n++] = *p;
    }
    r->n = n;
    return ASSAY_OK;
}
