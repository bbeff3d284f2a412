/* SPDX-License-Identifier: MIT
 * measure.c - the child's side: buffers, one prepared call per set of buffers, hot and cold timing by Google Benchmark,
 * then the counters. */
#include "../reference/core/clock.h"
#include "../conformance/judge/wire.h"
#include "../reference/core/execute.h"
#include "../reference/core/status.h"
#include "../reference/core/student.h"
#include "../reference/core/tensor.h"
#include "bench.h"
#include "child.h"
#include "cpus.h"
#include "gbench.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#if defined(__x86_64__)
#include <emmintrin.h>
#endif

double bench_median(const double *x, int n)
{
    double s[BENCH_SAMPLES * 16];
    if (n > (int)ASSAY_COUNT_OF(s))
        n = (int)ASSAY_COUNT_OF(s);
    memcpy(s, x, (size_t)n * sizeof *s);
    return n ? assay_median(s, n) : 0;
}

/* ---- outputs: shared with the judge ------------------------------------------------------------------------- */

bool bench_outputs_make(bench_task *t)
{
    t->out = (bench_outputs){ 0 };
    for (int i = 0; i < t->p->c.op->n_operands; i++) {
        if (t->p->c.op->operands[i].access == ASSAY_IN || !(t->p->c.present >> i & 1))
            continue;
        t->out.bytes[i] = assay_tensor_bytes(&t->p->t[i]) + 64;
        void *p = mmap(NULL, t->out.bytes[i], PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED) {
            bench_outputs_free(t);
            return false;
        }
        t->out.data[i] = p;
        for (int set = 0; set < BENCH_SETS; set++) {
            void *left =
                mmap(NULL, t->out.bytes[i], PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
            t->out.left[set][i] = left == MAP_FAILED ? NULL : left;
        }
        memset(p, 0xff, t->out.bytes[i]); /* NaN in every float type */
        if (t->p->c.op->operands[i].access == ASSAY_INOUT)
            memcpy(p, t->p->t[i].data, t->out.bytes[i] - 64);
    }
    return true;
}

void bench_outputs_free(bench_task *t)
{
    for (int i = 0; i < ASSAY_MAX_OPND; i++) {
        if (t->out.data[i])
            munmap(t->out.data[i], t->out.bytes[i]);
        for (int set = 0; set < BENCH_SETS; set++)
            if (t->out.left[set][i])
                munmap(t->out.left[set][i], t->out.bytes[i]);
    }
    t->out = (bench_outputs){ 0 };
}

/* Out of every cache of this core and its neighbours. */
static void evict(const void *data, size_t bytes)
{
    const char *p = data;
    for (size_t i = 0; data && i < bytes; i += 64) {
#if defined(__x86_64__)
        _mm_clflush(p + i);
#elif defined(__aarch64__)
        __asm__ volatile("dc civac, %0" : : "r"(p + i) : "memory");
#endif
    }
#if defined(__x86_64__)
    _mm_mfence();
#elif defined(__aarch64__)
    __asm__ volatile("dsb ish" : : : "memory");
#endif
}

double bench_stage_cold(bench_stage *s)
{
    const int set = (int)(s->calls++ % BENCH_SETS);
    bench_stage_vary(s, set);
    const assay_call *c = &s->call[set];
    for (int k = 0; k < c->op->n_operands; k++)
        if (s->t[set][k].data && !(c->packed && (c->op->operands[k].flags & ASSAY_WEIGHT)))
            evict(s->t[set][k].data, assay_tensor_bytes(&s->t[set][k]));
    evict(c->packed, s->packed_bytes);
    const double t0 = assay_seconds();
    bench_stage_again(s, set);
    bench_stage_touch(s, set);
    return assay_seconds() - t0;
}

/* ---- the child -------------------------------------------------------------------------------------------------- */

typedef struct run {
    bench_stage stage;
    bench_result r;
} run;

static void hot(void *ctx, uint64_t i)
{
    (void)i;
    bench_stage_call(&((run *)ctx)->stage);
}

static double timed(void *ctx, uint64_t i)
{
    (void)i;
    return bench_stage_cold(&((run *)ctx)->stage);
}

static void look(void *ctx)
{
    bench_stage_look(&((run *)ctx)->stage);
}

static void touch(void *ctx)
{
    for (int set = 0; set < BENCH_SETS; set++)
        bench_stage_touch(&((run *)ctx)->stage, set);
}

static void report(void *ctx, const gbench_sample *s)
{
    bench_result *r = &((run *)ctx)->r;
    if (r->n < BENCH_SAMPLES && !s->error) {
        r->cpu[r->n] = s->cpu_ns;
        r->sample[r->n++] = s->real_ns;
        r->cpu_ns = s->cpu_ns;
        r->iterations = s->iterations;
    }
}

static int64_t counted; /* calls that each pass of the counters makes */
static void team(void *ctx, int thread, int threads)
{
    bench_stage *s = ctx;
    for (int64_t i = 0; i < counted; i++) {
        assay_call_run_team(&s->call[i % BENCH_SETS], thread, threads);
#pragma omp barrier
    }
}

void bench_stage_count(bench_stage *s, bench_counter *c, double once)
{
    memcpy(c, s->task->counter, BENCH_COUNTERS * sizeof *c);
    counted = (int64_t)(0.01 / once);
    counted = counted < 2 ? 2 : counted > 1000 ? 1000 : counted / 2 * 2;
    bench_counters_measure(c, s->task->machine, s->task->threads, team, s, (double)counted);
}

void bench_stage_balance(bench_stage *s, double once, bench_balance *b)
{
    enum { MOST = 200 };
    double wall[MOST], most[MOST], mean[MOST];
    const int threads = s->task->threads, n = once > 1e-4 ? (int)fmax(3, 0.02 / once) : MOST;
    if (threads < 2 || (s->k->flags & ASSAY_OWN_THREADS) || !s->k->run)
        return;
    double *busy = assay_aligned((size_t)threads * ASSAY_BUSY_STEP * sizeof *busy);
    for (int i = 0; busy && i < n && !s->status; i++) {
        const int set = (int)(s->calls++ % BENCH_SETS);
        memset(busy, 0, (size_t)threads * ASSAY_BUSY_STEP * sizeof *busy);
        bench_stage_vary(s, set);
        s->call[set].busy = busy;
        const double t0 = assay_seconds();
        bench_stage_again(s, set);
        wall[i] = (assay_seconds() - t0) * 1e9;
        s->call[set].busy = NULL;
        most[i] = mean[i] = 0;
        for (int k = 0; k < threads; k++) {
            most[i] = fmax(most[i], busy[k * ASSAY_BUSY_STEP] * 1e9);
            mean[i] += busy[k * ASSAY_BUSY_STEP] * 1e9 / threads;
        }
        b->calls = i + 1;
    }
    b->wall = bench_median(wall, b->calls), b->most = bench_median(most, b->calls);
    b->mean = bench_median(mean, b->calls);
    free(busy);
}

static double cpu_seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

bench_spent bench_spent_now(int threads)
{
    struct rusage u;
    double team = 0;
    getrusage(RUSAGE_SELF, &u);
    if (threads > 1) {
#pragma omp parallel num_threads(threads) reduction(+ : team)
        team += cpu_seconds(CLOCK_THREAD_CPUTIME_ID);
    } else
        team = cpu_seconds(CLOCK_THREAD_CPUTIME_ID);
    return (bench_spent){ assay_seconds(), cpu_seconds(CLOCK_PROCESS_CPUTIME_ID), team, u.ru_nivcsw };
}

static void time_it(run *x, assay_why *why)
{
    const bench_task *t = x->stage.task;
    gbench_case c = { .name = "row", .ctx = x, .look = look, .touch = touch };
    c.repetitions = t->repetitions, c.min_seconds = t->min_seconds;
    bench_stage_call(&x->stage); /* page faults and the team's start are not the kernel's */
    const double t0 = assay_seconds();
    bench_stage_call(&x->stage);
    const double once = assay_seconds() - t0;
    if (x->stage.status)
        return;
    if (once * (double)c.repetitions > 100 * t->min_seconds) /* long calls: three are enough */
        c.repetitions = (int64_t)(100 * t->min_seconds / once) < 3 ? (c.repetitions < 3 ? c.repetitions : 3)
                                                                   : (int64_t)(100 * t->min_seconds / once);
    if (t->cold) {
        const double begin = assay_seconds();
        bench_stage_cold(&x->stage);
        c.timed = timed;
        c.iterations = (int64_t)(t->min_seconds / (assay_seconds() - begin)); /* of the flushes, too */
        c.iterations = c.iterations < 1 ? 1 : c.iterations > 200 ? 200 : c.iterations;
    } else {
        c.hot = hot;
        if (once > t->min_seconds) /* one call says it all */
            c.iterations = 1;
    }
    const bench_spent before = bench_spent_now(t->threads);
    gbench_run(&c, 1, report, x);
    const bench_spent after = bench_spent_now(t->threads);
    if (after.wall > before.wall) {
        x->r.used = (after.cpu - before.cpu) / (after.wall - before.wall);
        x->r.own_threads = ((after.cpu - before.cpu) - (after.team - before.team)) / (after.wall - before.wall);
        x->r.preempted = (double)(after.preempted - before.preempted) / (after.wall - before.wall);
    }
    x->r.calls = x->stage.calls;
    if (!x->stage.status)
        bench_stage_leave(&x->stage);
    x->r.vary_ns = bench_stage_vary_ns(&x->stage);
    if (!x->stage.status)
        x->r.status = bench_stage_audit(&x->stage, t->min_seconds, why);
    if (!x->r.status)
        x->r.fresh = bench_stage_fresh(&x->stage, t->min_seconds);
    if (!t->counters || t->cold || x->r.status)
        return;
    bench_stage_balance(&x->stage, once, &x->r.balance);
    bench_stage_count(&x->stage, x->r.counter, once);
}

static int body(void *ctx, bool timing, int from, int to)
{
    static run x; /* large */
    assay_why why = { "" };
    const bench_task *t = ctx;
    x.r.team = bench_stage_confine(t, from, to);
    if (x.r.team < t->threads)
        x.r.status = assay_fail(&why, ASSAY_UNSUPPORTED, "%d threads were asked for, %d ran: %s", t->threads, x.r.team,
                                bench_team_why());
    else
        x.r.status = bench_stage_open(&x.stage, t, &why);
    if (!x.r.status && timing)
        time_it(&x, &why);
    if (!x.r.status)
        x.r.status = x.stage.status;
    if (!x.r.status)
        x.r.status = bench_stage_settle(&x.stage, &why);
    if (x.r.status && !why.text[0])
        why = x.stage.why;
    if (x.r.status && !why.text[0])
        assay_fail(&why, ASSAY_OK, "run() returned %s", assay_status_name(x.r.status));
    snprintf(x.r.why, sizeof x.r.why, "%.199s", why.text);
    x.r.pack_ns = x.stage.pack_ns;
    x.r.packed_bytes = (int64_t)x.stage.packed_bytes;
    bench_send(to, &x.r, sizeof x.r);
    return 0;
}

static int timing_body(void *ctx, int from, int to)
{
    return body(ctx, true, from, to);
}

static int once_body(void *ctx, int from, int to)
{
    return body(ctx, false, from, to);
}

/* A plug-in may have written the record itself: what cannot be is refused, texts are ended. */
bool bench_counters_sound(bench_counter *counter)
{
    bool good = true;
    for (int i = 0; i < BENCH_COUNTERS; i++) {
        bench_counter *c = &counter[i];
        good = good && (unsigned)c->from <= BENCH_SIMULATED && isfinite(c->value) && isfinite(c->calibration);
        assay_wire_clean(c->name, sizeof c->name);
        assay_wire_clean(c->event, sizeof c->event);
        assay_wire_clean(c->why, sizeof c->why);
    }
    return good;
}

static bool sound(bench_result *r)
{
    bool good = (unsigned)r->status <= ASSAY_UNSUPPORTED && r->n >= 0 && r->n <= BENCH_SAMPLES && r->iterations >= 0 &&
                r->packed_bytes >= 0 && isfinite(r->cpu_ns) && isfinite(r->pack_ns) && isfinite(r->vary_ns) &&
                isfinite(r->used) && isfinite(r->preempted) && isfinite(r->own_threads) && isfinite(r->fresh) &&
                r->team >= 0 && r->balance.calls >= 0 && r->balance.calls <= 1000 && isfinite(r->balance.wall) &&
                r->balance.mean >= 0 && r->balance.mean <= r->balance.most && r->balance.most <= r->balance.wall;
    for (int i = 0; good && i < r->n; i++)
        good = isfinite(r->sample[i]) && r->sample[i] >= 0 && isfinite(r->cpu[i]);
    assay_wire_clean(r->why, sizeof r->why);
    return bench_counters_sound(r->counter) && good;
}

static void in_child(bench_task *t, bench_result *r, int (*what)(void *, int, int))
{
    bench_child c;
    bench_moment before;
    bench_around_begin(&before);
    *r = (bench_result){ .status = ASSAY_ERR_IO };
    const double cpu_s = t->limit_seconds * t->threads;
    const int started = bench_child_start(&c, what, t, cpu_s);
    bench_child_limit(&c, cpu_s, 0.5 * assay_pool_limits.seconds, t->plugin ? assay_pool_limits.mebibytes : 0);
    if (started || bench_child_get(&c, r, sizeof *r) != sizeof *r) {
        *r = (bench_result){ .status = ASSAY_ERR_IO };
        snprintf(r->why, sizeof r->why, "the kernel's process: %.150s", c.why[0] ? c.why : "ended without a word");
    } else if (!sound(r)) {
        *r = (bench_result){ .status = ASSAY_ERR_IO };
        snprintf(r->why, sizeof r->why, "the kernel's process sent a record that cannot be");
    }
    bench_child_end(&c);
    bench_around_end(&before, &r->around);
}

void bench_measure(bench_task *t, bench_result *r)
{
    in_child(t, r, timing_body);
}

void bench_call_once(bench_task *t, bench_result *r)
{
    in_child(t, r, once_body);
}
