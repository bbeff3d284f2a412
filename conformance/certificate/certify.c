/* SPDX-License-Identifier: MIT
 * Certificates of all kernels that a filter means, over the cases of their ops' suites. */
#include "../../reference/core/status.h"
#include "certificate.h"
#include "picture.h"
#include "../check.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 128 };

typedef struct desk {
    assay_pool *pool;
    const assay_filter *filter;
    assay_certificate *c; /* ROOM of them */
    size_t n, left_out;   /* kernels; those for which there is no room */
} desk;

static assay_status visit(const char *line, void *ctx, assay_why *why)
{
    desk *d = ctx;
    assay_case c;
    assay_problem p;
    assay_status s = assay_case_parse(line, &c, why);
    if (s)
        return s;
    if (d->filter->has_seed)
        c.seed = d->filter->seed;
    s = assay_problem_make(&c, &p, why);
    for (size_t i = 0; !s && i < d->n; i++)
        s = assay_certify(d->pool, &p, &d->c[i], why);
    assay_problem_free(&p);
    return s;
}

static bool wanted(const desk *d, const assay_op *op)
{
    for (size_t i = 0; i < d->n; i++)
        if (!strcmp(d->c[i].kernel->op, op->name))
            return true;
    return false;
}

static assay_status measure(desk *d, assay_why *why)
{
    assay_status s = ASSAY_OK;
    const assay_op *op;
    for (size_t o = 0; !s && (op = assay_op_at(o)); o++) {
        const assay_suite *suite = assay_suite_of(op);
        for (size_t r = 0; !s && suite && wanted(d, op) && r < suite->n_rows; r++)
            if (suite->rows[r].level <= d->filter->level)
                s = assay_case_expand(op, suite->rows[r].pattern, visit, d, why);
    }
    return s;
}

static void add(desk *d, const assay_kernel *k, int plugin)
{
    if (assay_filter_kernel(d->filter, k) != ASSAY_RUNS)
        return;
    if (d->n == ROOM)
        d->left_out++;
    else
        d->c[d->n++] = (assay_certificate){ .kernel = k, .plugin = plugin };
}

int assay_check_certificates(assay_pool *pool, const assay_filter *f, const char *picture)
{
    desk d = { pool, f, calloc(ROOM, sizeof(assay_certificate)), 0, 0 };
    assay_why why = { "" };
    int code = 0;
    bool undrawn = false;
    const assay_kernel *k;
    for (size_t i = 0; d.c && !f->plugin && (k = assay_kernel_at(i)); i++)
        add(&d, k, -1);
    for (size_t i = 0; d.c && i < assay_pool_plugin_count(pool); i++)
        add(&d, assay_pool_plugin_kernel(pool, i), (int)i);
    if (!d.n) {
        fprintf(stderr, "assay check: no kernel that runs here matches the filter (assay list kernels)\n");
        code = 2;
    }
    if (d.left_out)
        fprintf(stderr, "assay check: no certificate of %zu more kernels that match: %d are made at once\n", d.left_out,
                ROOM);
    for (size_t i = 0; i < d.n; i++) {
        assay_orders_measure(pool, d.c[i].kernel, d.c[i].plugin, &d.c[i].orders);
        assay_errors_measure(pool, d.c[i].kernel, d.c[i].plugin, &d.c[i].errors);
    }
    if (d.n && (measure(&d, &why) || (f->json && assay_certificate_json(d.c, d.n, f->json, &why)))) {
        fprintf(stderr, "assay check: %s\n", why.text);
        code = 2;
    }
    for (size_t i = 0; code != 2 && i < d.n; i++) {
        if (i)
            putchar('\n');
        assay_certificate_print(&d.c[i]);
        if (picture && assay_pictures(picture, d.c[i].kernel, &d.c[i].orders, &why)) {
            fprintf(stderr, "assay check: %s\n", why.text);
            picture = NULL;
            undrawn = true;
        }
        code |= !assay_certificate_good(&d.c[i]);
    }
    for (size_t i = 0; i < d.n; i++)
        assay_orders_free(&d.c[i].orders), assay_errors_free(&d.c[i].errors);
    free(d.c);
    return undrawn ? 2 : code;
}
