/* SPDX-License-Identifier: MIT
 * stage.c - what a timed kernel is given.  No two calls see the same numbers: sets of buffers take turns, and before
 * each call two blocks of one input change places.  What the loop left is proved by a call on the same inputs over
 * poison; the problem's own inputs, of which the judge has the golden, come last and have not been seen before. */
#include "../reference/core/clock.h"
#include "../conformance/judge/confine.h"
#include "../conformance/judge/starts.h"
#include "../reference/core/dtype.h"
#include "../reference/core/execute.h"
#include "../reference/core/status.h"
#include "../reference/core/tensor.h"
#include "bench.h"
#include "child.h"
#include "cpus.h"
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- buffers --------------------------------------------------------------------------------------------------- */

static size_t bytes_of(const bench_stage *s, int i)
{
    return assay_tensor_bytes(&s->task->p->t[i]);
}

/* Weights are shared. */
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
        const size_t bytes = bytes_of(s, i);
        char *copy = assay_aligned(bytes + 64);
        if (!copy)
            return assay_fail(why, ASSAY_ERR_NOMEM, "no memory for %zu bytes of %s", bytes, o->name);
        s->t[set][i].data = copy;
        if (o->access == ASSAY_OUT)
            memset(copy, 0xff, bytes + 64);
        else
            bench_inputs_fill(p, i, set, copy);
    }
    return ASSAY_OK;
}

assay_status bench_stage_fits(const bench_task *t, assay_why *why)
{
    size_t bytes = 0;
    for (int i = 0; i < t->p->c.op->n_operands; i++)
        if ((t->p->c.present >> i & 1) && !(t->p->c.op->operands[i].flags & ASSAY_WEIGHT))
            bytes += (t->p->c.op->operands[i].access == ASSAY_IN ? BENCH_SETS : BENCH_SETS - 1) *
                     assay_tensor_bytes(&t->p->t[i]);
    return t->plugin ? assay_starts_within(assay_pool_limits.mebibytes, t->threads, bytes, why) : ASSAY_OK;
}

assay_status bench_stage_open(bench_stage *s, const bench_task *t, assay_why *why)
{
    *s = (bench_stage){ .task = t, .k = t->k };
    const assay_op *op = t->p->c.op;
    if (!t->simulated) /* nobody asks there, and the hash of the program is most of what would be simulated */
        bench_trust_take(t->threads);
    if (t->plugin && !(s->k = bench_plugin_kernel(t->plugin, t->nth, why)))
        return ASSAY_ERR_ABI;
    bench_trust_flags(s->k->flags);
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
            const double t0 = assay_seconds();
            st = assay_call_pack(c, why);
            s->pack_ns = (assay_seconds() - t0) * 1e9;
            s->packed_bytes = c->packed_size;
        } else if (!st)
            c->packed = s->call[0].packed;
        if (!st)
            st = assay_call_prepare(c, why);
        if (st)
            return st;
    }
    const int v = bench_inputs_varied(t->p);
    if (v >= 0) {
        s->block = (size_t)assay_dtype_of(t->p->t[v].type)->bytes;
        s->half = bytes_of(s, v) / s->block / 2;
        for (int set = 0; set < BENCH_SETS; set++)
            s->vary[set] = s->t[set][v].data;
    }
    return ASSAY_OK;
}

int bench_stage_confine(const bench_task *t, int from, int to)
{
    const assay_problem *p = t->p;
    for (int i = 0; i < p->c.op->n_operands; i++) /* this process is a copy of the judge's: no golden stays in it */
        if (p->value[i] && p->c.op->operands[i].access != ASSAY_IN)
            memset(p->value[i], 0, (size_t)assay_tensor_count(&p->t[i]) * sizeof(double));
#ifdef M_PERTURB
    mallopt(M_PERTURB, 0);
#endif
    if (!t->plugin)
        return bench_pin_team(t->threads);
    const int nothing = open("/dev/null", O_RDWR); /* what it prints is nobody's, here */
    for (int fd = 0; fd < 3; fd++)
        dup2(nothing, fd);
    const assay_confinement c = { .memory = (size_t)assay_pool_limits.mebibytes << 20,
                                  .keep = { from, to },
                                  .note = bench_child_note,
                                  .counters = true };
    assay_confine(&c);
    const int team = bench_pin_team(t->threads); /* between the two: bound to CPUs, and nobody of it unconfined */
    assay_confine_calls(&c);
    return team;
}

/* ---- calls ------------------------------------------------------------------------------------------------------ */

void bench_stage_vary(bench_stage *s, int set)
{
    char *one = s->vary[set];
    if (!one)
        return;
    s->nth = s->nth + 1 < s->half ? s->nth + 1 : 0;
    one += s->nth * s->block;
    bench_inputs_swap(one, one + s->half * s->block, s->block);
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
    const double t0 = assay_seconds();
    for (int i = 0; i < TIMES; i++)
        bench_stage_vary(s, i % BENCH_SETS);
    const double ns = (assay_seconds() - t0) * 1e9 / TIMES;
    memcpy(s->vary, keep, sizeof keep);
    s->nth = nth, s->half = half;
    return ns;
}

void bench_stage_again(bench_stage *s, int set)
{
    if (!s->status) /* nothing more of a kernel that failed */
        s->status = assay_call_run(&s->call[set]);
}

void bench_stage_call(bench_stage *s)
{
    const int set = (int)(s->calls++ % BENCH_SETS);
    bench_stage_vary(s, set);
    bench_stage_again(s, set);
}

void bench_stage_touch(const bench_stage *s, int set)
{
    const assay_op *op = s->task->p->c.op;
    for (int i = 0; !s->status && i < op->n_operands; i++) {
        const volatile char *p = s->t[set][i].data;
        if (!p || op->operands[i].access == ASSAY_IN)
            continue;
        const size_t bytes = bytes_of(s, i);
        for (size_t at = 0; at < bytes; at += 4096)
            (void)p[at];
        (void)p[bytes ? bytes - 1 : 0];
    }
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
    if (!s->status && !bench_trust_same(true, &s->why))
        s->status = ASSAY_ERR_ABI;
    if (s->status)
        assay_fail(why, s->status, s->why.text[0] ? "%s" : "run() returned %s",
                   s->why.text[0] ? s->why.text : assay_status_name(s->status));
    return s->status;
}
