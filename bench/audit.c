/* SPDX-License-Identifier: MIT
 * audit.c - are the outputs of timed calls those of their inputs?  Looked at when a run of calls ends, before and after
 * the clock stops; left to the judge, who has a golden of his own for them; and compared with the same calls over
 * poison, again and again, since a kernel that works every second time only is right every second time. */
#include "../reference/core/clock.h"
#include "../reference/core/status.h"
#include "../reference/core/tensor.h"
#include "bench.h"
#include "child.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_output(const bench_stage *s, int i)
{
    return (s->task->p->c.present >> i & 1) && s->task->p->c.op->operands[i].access != ASSAY_IN;
}

void bench_stage_look(bench_stage *s)
{
    const assay_op *op = s->task->p->c.op;
    bool same = bench_trust_same(false, &s->why);
    for (int set = 0; same && set < BENCH_SETS; set++)
        for (int i = 0; same && i < op->n_operands; i++)
            if (is_output(s, i))
                same = bench_trust_open(s->t[set][i].data, assay_tensor_bytes(&s->t[set][i]), op->operands[i].name,
                                        &s->why);
    if (!same && !s->status)
        s->status = ASSAY_ERR_ABI;
}

void bench_stage_leave(bench_stage *s)
{
    for (int set = 0; set < BENCH_SETS; set++)
        for (int i = 0; i < s->task->p->c.op->n_operands; i++)
            if (is_output(s, i) && s->task->out.left[set][i])
                memcpy(s->task->out.left[set][i], s->t[set][i].data, assay_tensor_bytes(&s->t[set][i]));
}

/* Values that differ by rounding alone. */
static bool near(const assay_tensor *t, const void *left)
{
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

/* The same call over poison (over what stands there, of an operand that is worked on in place), bits into to. */
static void again(bench_stage *s, int set, int i, void *to)
{
    assay_tensor *t = &s->t[set][i];
    const size_t bytes = assay_tensor_bytes(t);
    if (s->task->p->c.op->operands[i].access == ASSAY_OUT)
        memset(t->data, 0xff, bytes);
    bench_stage_again(s, set);
    memcpy(to, t->data, bytes);
}

/* Output i of one set: what is left has the bits that the same call makes, unless no two calls make the same. */
static assay_status compare(bench_stage *s, int set, int i, assay_why *why)
{
    enum { TRIES = 6 };
    const assay_tensor *t = &s->t[set][i];
    const assay_operand *o = &s->task->p->c.op->operands[i];
    const size_t bytes = assay_tensor_bytes(t);
    char *left = malloc(2 * bytes + 1);
    bool good, steady = true;
    if (!left)
        return assay_fail(why, ASSAY_ERR_NOMEM, "no memory for %zu bytes", 2 * bytes);
    char *first = left + bytes;
    memcpy(left, t->data, bytes);
    again(s, set, i, first);
    good = !memcmp(first, left, bytes);
    if (!good && (o->access == ASSAY_INOUT || near(t, left))) {
        for (int k = 0; steady && !good && k < TRIES;
             k++) { /* threads that race, or an op that goes on from its output */
            again(s, set, i, left);
            steady = !memcmp(first, left, bytes);
        }
        good = !steady;
    }
    free(left);
    return good ? s->status
                : assay_fail(why, ASSAY_ERR_ARG,
                             "what the timed calls left in %s does not belong to their inputs: the same call %s makes "
                             "something else",
                             o->name, o->access == ASSAY_OUT ? "over poison" : "once more");
}

assay_status bench_stage_audit(bench_stage *s, double seconds, assay_why *why)
{
    const assay_problem *p = s->task->p;
    const double end = assay_seconds() + seconds;
    uint64_t random = (uint64_t)(assay_seconds() * 1e9) * 0x9e3779b97f4a7c15; /* no kernel can know it */
    for (int i = 0; i < p->c.op->n_operands; i++)
        if (p->c.op->operands[i].flags & ASSAY_COUNT && p->c.op->operands[i].access != ASSAY_IN)
            return s->status; /* beyond the count, what an earlier call left may stand */
    assay_status st = s->status;
    for (int round = 0; !st && round < 64 && (round < 3 || assay_seconds() < end); round++) {
        for (int set = 0; set < BENCH_SETS; set++)
            for (int i = 0; !st && i < p->c.op->n_operands; i++)
                if (is_output(s, i))
                    st = compare(s, set, i, why);
        random = random * 6364136223846793005 + 1442695040888963407;
        for (uint64_t k = 1 + (random >> 61); !st && k > 0; k--) {
            bench_stage_call(s);
            st = s->status;
        }
    }
    return st;
}

/* In the timed loop two blocks of one input change from call to call: a kernel that compares may remember the rest, and
 * do the difference alone.  Calls on inputs that are all new, and calls as in the loop, in turn; before the latter as
 * many bytes are copied, so that threads have waited as long.  The fastest of each: other work only slows. */
double bench_stage_fresh(bench_stage *s, double seconds)
{
    enum { ROUNDS = 15, LEAST = 5 };
    double fastest[2] = { INFINITY, INFINITY };
    const assay_problem *p = s->task->p;
    const double end = assay_seconds() + seconds;
    uint64_t random = (uint64_t)(assay_seconds() * 1e9) * 0x9e3779b97f4a7c15;
    int n = 0;
    if (s->task->threads > 1) /* its barriers would be measured, on a busy machine; the row of one thread tells */
        return 0;
    for (int i = 0; i < p->c.op->n_operands; i++)
        if (p->c.op->operands[i].access == ASSAY_INOUT)
            return 0;
    while (s->vary[0] && n < ROUNDS && (n < LEAST || assay_seconds() < end)) {
        random = random * 6364136223846793005 + 1442695040888963407;
        for (int loop = 0; loop <= 1; loop++) {
            for (int i = 0; i < p->c.op->n_operands; i++)
                if ((p->c.present >> i & 1) && p->c.op->operands[i].access == ASSAY_IN &&
                    !(p->c.op->operands[i].flags & ASSAY_WEIGHT))
                    bench_inputs_turn(p, i, (size_t)(random >> 32), s->t[loop][i].data);
            if (loop)
                bench_stage_vary(s, 0);
            const double t0 = assay_seconds();
            bench_stage_again(s, 0);
            fastest[loop] = fmin(fastest[loop], assay_seconds() - t0);
        }
        n++;
    }
    return n && fastest[1] > 0 && !s->status ? fastest[0] / fastest[1] : 0;
}
