/* SPDX-License-Identifier: MIT
 * stage.c - what a timed kernel is given.  No two calls see the same numbers: sets of buffers take turns, and before
 * each call two blocks of one input change places.  What the loop left is proved by a call on the same inputs over
 * poison; the problem's own inputs, of which the judge has the golden, come last and have not been seen before. */
#include "../conformance/judge/confine.h"
#include "../reference/core/dtype.h"
#include "../reference/core/execute.h"
#include "../reference/core/status.h"
#include "../reference/core/tensor.h"
#include "bench.h"
#include "child.h"
#include <fcntl.h>
#include <malloc.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- buffers --------------------------------------------------------------------------------------------------- */

enum { KEEP = ASSAY_INDEX | ASSAY_POSITION | ASSAY_MASK | ASSAY_COUNT };

/* Integers mean places: page tables, positions. */
static bool is_place(assay_dtype t)
{
    return t == ASSAY_i32 || t == ASSAY_i64;
}

static size_t bytes_of(const bench_stage *s, int i)
{
    return assay_tensor_bytes(&s->task->p->t[i]);
}

/* The problem's blocks, moved round by another share of the whole for each set.  Weights are shared; indices, positions
 * and masks stay as they are. */
static assay_status buffers(bench_stage *s, int set, assay_why *why)
{
    const assay_problem *p = s->task->p;
    for (int i = 0; i < p->c.op->n_operands; i++) {
        const assay_operand *o = &p->c.op->operands[i];
        s->t[set][i] = p->t[i];
        if (!(p->c.present >> i & 1) || (o->flags & ASSAY_WEIGHT))
            continue;
        if (set == 0 && o->access != ASSAY_IN) {
            s->t[set][i].data = s->task->out.data[i];
            continue;
        }
        const size_t bytes = bytes_of(s, i), block = (size_t)assay_dtype_of(p->t[i].type)->bytes;
        char *copy = assay_aligned(bytes + 64);
        if (!copy)
            return assay_fail(why, ASSAY_ERR_NOMEM, "no memory for %zu bytes of %s", bytes, o->name);
        s->t[set][i].data = copy;
        if (o->access == ASSAY_OUT) {
            memset(copy, 0xff, bytes + 64);
            continue;
        }
        const size_t at = (o->flags & KEEP) || p->t[i].layout || is_place(p->t[i].type)
                              ? 0
                              : bytes / block / (size_t)(set + 2) * block;
        memcpy(copy, (const char *)p->t[i].data + at, bytes - at);
        memcpy(copy + bytes - at, p->t[i].data, at);
    }
    return ASSAY_OK;
}

/* The operand in which blocks change places: the first plain input, else indices (a permutation of legal ones). */
static int varied(const assay_problem *p)
{
    for (int by_index = 0; by_index <= 1; by_index++)
        for (int i = 0; i < p->c.op->n_operands; i++) {
            const assay_operand *o = &p->c.op->operands[i];
            const bool fits =
                by_index ? (o->flags & KEEP) == ASSAY_INDEX : !(o->flags & KEEP) && !is_place(p->t[i].type);
            if (fits && (p->c.present >> i & 1) && o->access == ASSAY_IN && !(o->flags & ASSAY_WEIGHT) &&
                !p->t[i].layout && assay_tensor_bytes(&p->t[i]) >= 2 * (size_t)assay_dtype_of(p->t[i].type)->bytes)
                return i;
        }
    return -1;
}

assay_status bench_stage_open(bench_stage *s, const bench_task *t, assay_why *why)
{
    *s = (bench_stage){ .task = t, .k = t->k };
    const assay_op *op = t->p->c.op;
    if (t->plugin && !(s->k = bench_plugin_kernel(t->plugin, t->nth, why)))
        return ASSAY_ERR_ABI;
    const assay_args a = { .operand = t->p->t, .dim = t->p->c.dim, .params = t->p->c.params };
    if (!assay_kernel_takes(op, s->k, &a))
        return assay_fail(why, ASSAY_UNSUPPORTED, "the kernel does not accept this case");
    for (int set = 0; set < BENCH_SETS; set++) {
        assay_status st = buffers(s, set, why);
        assay_call *c = &s->call[set];
        *c = (assay_call){ .op = op,
                           .kernel = s->k,
                           .threads = t->threads,
                           .args = { .operand = s->t[set], .dim = t->p->c.dim, .params = t->p->c.params } };
        if (!st && set == 0 && s->k->pack) {
            const double t0 = bench_now();
            st = assay_call_pack(c, why);
            s->pack_ns = (bench_now() - t0) * 1e9;
            s->packed_bytes = c->packed_size;
        } else if (!st)
            c->packed = s->call[0].packed;
        if (!st)
            st = assay_call_prepare(c, why);
        if (st)
            return st;
    }
    const int v = varied(t->p);
    if (v >= 0) {
        s->block = (size_t)assay_dtype_of(t->p->t[v].type)->bytes;
        s->half = bytes_of(s, v) / s->block / 2;
        for (int set = 0; set < BENCH_SETS; set++)
            s->vary[set] = s->t[set][v].data;
    }
    return ASSAY_OK;
}

void bench_stage_confine(const bench_task *t, int from, int to)
{
    const assay_problem *p = t->p;
    for (int i = 0; i < p->c.op->n_operands; i++) /* this process is a copy of the judge's: no golden stays in it */
        if (p->value[i] && p->c.op->operands[i].access != ASSAY_IN)
            memset(p->value[i], 0, (size_t)assay_tensor_count(&p->t[i]) * sizeof(double));
#ifdef M_PERTURB
    mallopt(M_PERTURB, 0);
#endif
    if (!t->plugin)
        return;
    const int nothing = open("/dev/null", O_RDWR); /* what it prints is nobody's, here */
    for (int fd = 0; fd < 3; fd++)
        dup2(nothing, fd);
    assay_confine((size_t)assay_lab_limits.mebibytes << 20, (const int[]){ from, to });
}

/* ---- calls ------------------------------------------------------------------------------------------------------ */

void bench_stage_vary(bench_stage *s, int set)
{
    char *one = s->vary[set], tmp[512];
    if (!one)
        return;
    s->nth = s->nth + 1 < s->half ? s->nth + 1 : 0;
    one += s->nth * s->block;
    char *other = one + s->half * s->block;
    if (s->block == 4) {
        memcpy(tmp, one, 4), memcpy(one, other, 4), memcpy(other, tmp, 4);
    } else {
        memcpy(tmp, one, s->block), memcpy(one, other, s->block), memcpy(other, tmp, s->block);
    }
}

double bench_stage_vary_ns(bench_stage *s)
{
    enum { TIMES = 10000 }; /* even: every block is back at its place or not, as it may */
    static char scratch[2][1024];
    char *const keep[BENCH_SETS] = { s->vary[0], s->vary[1] };
    const size_t nth = s->nth, half = s->half;
    if (!keep[0])
        return 0;
    for (int set = 0; set < BENCH_SETS; set++)
        s->vary[set] = scratch[set];
    s->half = 1024 / s->block / 2;
    const double t0 = bench_now();
    for (int i = 0; i < TIMES; i++)
        bench_stage_vary(s, i % BENCH_SETS);
    const double ns = (bench_now() - t0) * 1e9 / TIMES;
    memcpy(s->vary, keep, sizeof keep);
    s->nth = nth, s->half = half;
    return ns;
}

void bench_stage_again(bench_stage *s, int set)
{
    const assay_status st = assay_call_run(&s->call[set]);
    s->status = st ? st : s->status;
}

void bench_stage_call(bench_stage *s, uint64_t i)
{
    bench_stage_vary(s, (int)(i % BENCH_SETS));
    bench_stage_again(s, (int)(i % BENCH_SETS));
}

/* ---- proof ------------------------------------------------------------------------------------------------------ */

/* Equal bits, or, for a kernel that is not the same from run to run, values that differ by rounding alone. */
static bool alike(const assay_tensor *t, const void *left)
{
    const size_t bytes = assay_tensor_bytes(t);
    if (!memcmp(t->data, left, bytes))
        return true;
    const int64_t n = assay_tensor_count(t);
    assay_tensor was = *t;
    double *a = malloc(((size_t)n + 1) * sizeof *a), *b = malloc(((size_t)n + 1) * sizeof *b), most = 0, off = 0;
    memcpy(&was.data, &left, sizeof left);
    if (a && b) {
        assay_tensor_decode(a, t);
        assay_tensor_decode(b, &was);
        for (int64_t i = 0; i < n; i++) {
            most = fmax(most, isfinite(a[i]) ? fabs(a[i]) : 0);
            if (a[i] != b[i] && !(isnan(a[i]) && isnan(b[i])))
                off = fmax(off, isfinite(a[i] - b[i]) ? fabs(a[i] - b[i]) : INFINITY);
        }
    }
    free(a);
    free(b);
    return a && b && off <= 0x1p-12 * most;
}

/* Output i of one set as the loop left it, and once more from the same inputs over poison. */
static assay_status prove(bench_stage *s, int set, int i, assay_why *why)
{
    assay_tensor *t = &s->t[set][i];
    const size_t bytes = assay_tensor_bytes(t);
    void *left = malloc(bytes + 1);
    if (!left)
        return assay_fail(why, ASSAY_ERR_NOMEM, "no memory for %zu bytes", bytes);
    memcpy(left, t->data, bytes);
    memset(t->data, 0xff, bytes);
    bench_stage_again(s, set);
    const bool same = alike(t, left);
    free(left);
    return same ? s->status
                : assay_fail(why, ASSAY_ERR_ARG, "what the timed calls left in %s does not belong to their inputs",
                             s->task->p->c.op->operands[i].name);
}

assay_status bench_stage_prove(bench_stage *s, assay_why *why)
{
    const assay_problem *p = s->task->p;
    assay_status st = s->status;
    for (int i = 0; i < p->c.op->n_operands; i++)
        if (p->c.op->operands[i].flags & ASSAY_COUNT && p->c.op->operands[i].access != ASSAY_IN)
            return st; /* beyond the count, what an earlier call left may stand */
    for (int set = 0; set < BENCH_SETS; set++)
        for (int i = 0; i < p->c.op->n_operands; i++)
            if (!st && (p->c.present >> i & 1) && p->c.op->operands[i].access == ASSAY_OUT)
                st = prove(s, set, i, why);
    return st;
}

assay_status bench_stage_settle(bench_stage *s, assay_why *why)
{
    const assay_problem *p = s->task->p;
    for (int i = 0; i < p->c.op->n_operands; i++) {
        const assay_operand *o = &p->c.op->operands[i];
        if (!(p->c.present >> i & 1) || (o->flags & ASSAY_WEIGHT))
            continue;
        if (o->access == ASSAY_OUT)
            memset(s->t[0][i].data, 0xff, bytes_of(s, i));
        else
            memcpy(s->t[0][i].data, p->t[i].data, bytes_of(s, i));
    }
    bench_stage_again(s, 0);
    if (s->status)
        assay_fail(why, s->status, "run() returned %s", assay_status_name(s->status));
    return s->status;
}
