/* SPDX-License-Identifier: MIT
 * gate_rows.c - which rows `assay gate` counts, by one rule for all ops: of the workloads that a kernel takes, for each
 * choice of types, the least and the greatest of those that are small.  The least is a decode as a rule, the greatest a
 * batch: two paths of most kernels. */
#include "../reference/core/status.h"
#include "gate.h"
#include <stdlib.h>
#include <string.h>

/* Elements or operations of a small workload, of which a simulated call takes a second at most: the least of a group
 * may have so many, the greatest so many. */
static const double LEAST = 2e6, GREATEST = 7e5;

gate_row *gate_rows_add(gate_rows *rows)
{
    if (rows->n == rows->room) {
        const int room = rows->room ? 2 * rows->room : 256;
        gate_row *more = realloc(rows->row, (size_t)room * sizeof *more);
        if (!more)
            return NULL;
        rows->row = more, rows->room = room;
    }
    gate_row *r = &rows->row[rows->n++];
    memset(r, 0, sizeof *r);
    return r;
}

typedef struct chooser {
    const bench_session *s;
    gate_rows *rows;
    const char *workload;
} chooser;

/* Operations, also of a small case whose positions or indices decide how many there are. */
static double work_of(const assay_case *c)
{
    static assay_problem p;
    assay_why why;
    double elements, flops;
    bench_weigh(c, &elements, &flops);
    if (elements <= LEAST && c->op->flops && flops == 0) {
        if (!assay_problem_make(c, &p, &why))
            flops = c->op->flops(&(assay_args){ .operand = p.t, .dim = p.c.dim, .params = p.c.params });
        assay_problem_free(&p);
        memset(&p, 0, sizeof p);
    }
    return elements > flops ? elements : flops;
}

static assay_status visit(const char *line, void *ctx, assay_why *why)
{
    const chooser *v = ctx;
    assay_case c;
    assay_tensor t[ASSAY_MAX_OPND];
    const assay_kernel *k;
    double work = -1;
    char types[64];
    int nth;
    assay_why unfit;
    if (assay_case_parse(line, &c, &unfit)) /* w=* means types that some ops refuse in combination */
        return ASSAY_OK;
    assay_case_tensors(&c, t);
    bench_types_of(&c, types, sizeof types);
    const assay_args a = { .operand = t, .dim = c.dim, .params = c.params };
    for (size_t i = 0; (k = bench_kernel_at(v->s, i, &nth)); i++) {
        if ((nth < 0 && !k->run) || strcmp(k->op, c.op->name) != 0 ||
            assay_filter_kernel(&v->s->o->filter, k) != ASSAY_RUNS || (k->isa & ASSAY_CPU_BIT(AVX512F)) ||
            !assay_kernel_takes(c.op, k, &a))
            continue;
        work = work < 0 ? work_of(&c) : work;
        gate_row *r = gate_rows_add(v->rows);
        if (!r)
            return assay_fail(why, ASSAY_ERR_NOMEM, "no memory for the list of rows");
        snprintf(r->name, sizeof r->name, "%s/%s/%s/%s", k->op, k->name, v->workload, types);
        snprintf(r->group, sizeof r->group, "%s/%s/%s", k->op, k->name, types);
        snprintf(r->line, sizeof r->line, "%s", line);
        r->k = k, r->nth = nth;
        r->work = work;
    }
    return ASSAY_OK;
}

static int by_group(const void *x, const void *y)
{
    const gate_row *a = x, *b = y;
    const int c = strcmp(a->group, b->group);
    if (c)
        return c;
    if (a->work != b->work)
        return a->work < b->work ? -1 : 1;
    const int n = strcmp(a->name, b->name);
    return n ? n : strcmp(a->line, b->line);
}

static int by_name(const void *x, const void *y)
{
    return strcmp(((const gate_row *)x)->name, ((const gate_row *)y)->name);
}

/* Of each group its first and its last small row, in place. */
static void keep_extremes(gate_rows *rows)
{
    int kept = 0;
    for (int i = 0, end; i < rows->n; i = end) {
        int last = i;
        for (end = i; end < rows->n && !strcmp(rows->row[i].group, rows->row[end].group); end++)
            if (rows->row[end].work <= GREATEST)
                last = end;
        if (rows->row[i].work > LEAST) {
            rows->too_large++;
            continue;
        }
        const gate_row greatest = rows->row[last];
        rows->row[kept++] = rows->row[i];
        if (strcmp(rows->row[kept - 1].name, greatest.name) != 0)
            rows->row[kept++] = greatest;
    }
    rows->n = kept;
}

assay_status gate_rows_choose(const bench_session *s, gate_rows *rows, assay_why *why)
{
    const assay_op *op;
    const assay_workload *w;
    const assay_kernel *k;
    int nth;
    for (size_t i = 0; (k = bench_kernel_at(s, i, &nth)); i++)
        rows->unknown_isa +=
            (k->isa & ASSAY_CPU_BIT(AVX512F)) && assay_filter_kernel(&s->o->filter, k) != ASSAY_FILTERED;
    for (size_t i = 0; (op = assay_op_at(i)); i++)
        for (size_t n = 0; (w = assay_workload_of(op, n)); n++) {
            chooser v = { s, rows, w->name };
            const assay_status st = assay_case_expand(op, w->line, visit, &v, why);
            if (st)
                return st;
        }
    if (rows->n)
        qsort(rows->row, (size_t)rows->n, sizeof *rows->row, by_group);
    keep_extremes(rows);
    if (rows->n)
        qsort(rows->row, (size_t)rows->n, sizeof *rows->row, by_name);
    return ASSAY_OK;
}
