/* SPDX-License-Identifier: MIT
 * pair.c - two kernels, each in a process of its own, take turns (ABBA) on the same inputs; what counts is the ratio of
 * neighbours in time, so that a machine that slows down slows both.  The interval is a bootstrap of the median. */
#include "../reference/core/clock.h"
#include "../conformance/builds.h"
#include "../conformance/judge/wire.h"
#include "../reference/core/rng.h"
#include "../reference/core/status.h"
#include "bench.h"
#include "child.h"
#include "cpus.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 200, RESAMPLES = 1000 };

typedef struct turn {
    int64_t calls;
} turn; /* 0: the end */
typedef struct answer {
    double seconds, cpu; /* of a turn: cpu with what a cold one does before each call */
    assay_status status;
    char why[200];
    double pack_ns;
    int64_t packed_bytes;
    int team;
    uint64_t calls;
    double used, own_threads, preempted, fresh;
    bench_counter counter[BENCH_COUNTERS];
} answer;

static double batch(bench_stage *s, int64_t calls)
{
    double seconds = 0;
    if (s->task->cold) {
        for (int64_t i = 0; i < calls; i++)
            seconds += bench_stage_cold(s);
        bench_stage_look(s);
        return seconds;
    }
    const double t0 = assay_seconds();
    for (int64_t i = 0; i < calls; i++)
        bench_stage_call(s);
    const double t1 = assay_seconds();
    bench_stage_look(s);
    const double t2 = assay_seconds();
    for (int set = 0; set < BENCH_SETS; set++)
        bench_stage_touch(s, set);
    return assay_seconds() - t2 + t1 - t0;
}

static int body(void *ctx, int from, int to)
{
    static bench_stage s;
    const bench_task *t = ctx;
    assay_why why = { "" };
    turn next;
    static answer a; /* large */
    bench_spent all = { 0 };
    double once = 0;
    a.team = bench_stage_confine(t, from, to);
    if (a.team < t->threads)
        a.status = assay_fail(&why, ASSAY_UNSUPPORTED, "%d threads were asked for, %d ran: %s", t->threads, a.team,
                              bench_team_why());
    else
        a.status = bench_stage_open(&s, t, &why);
    for (uint64_t i = 0; !a.status && i < BENCH_SETS; i++) { /* page faults and the team's start are not the kernel's */
        bench_stage_call(&s);
        a.status = s.status;
    }
    while (!a.status && bench_receive(from, &next, sizeof next) == sizeof next && next.calls > 0) {
        const bench_spent t0 = bench_spent_now(t->threads);
        a.seconds = batch(&s, next.calls);
        const bench_spent t1 = bench_spent_now(t->threads);
        all.wall += t1.wall - t0.wall, all.cpu += t1.cpu - t0.cpu, all.team += t1.team - t0.team;
        all.preempted += t1.preempted - t0.preempted;
        a.cpu = t1.cpu - t0.cpu;
        once = a.seconds / (double)next.calls;
        a.status = s.status;
        if (a.status)
            break; /* said below */
        if (bench_send(to, &a, sizeof a))
            return 1;
    }
    a.calls = s.calls;
    if (!a.status)
        bench_stage_leave(&s);
    if (!a.status)
        a.status = bench_stage_audit(&s, t->min_seconds, &why);
    if (all.wall > 0) {
        a.used = all.cpu / all.wall, a.own_threads = (all.cpu - all.team) / all.wall;
        a.preempted = (double)all.preempted / all.wall;
    }
    if (!a.status)
        a.fresh = bench_stage_fresh(&s, t->min_seconds);
    if (!a.status && !t->cold && once > 0)
        bench_stage_count(&s, a.counter, once);
    if (!a.status)
        a.status = bench_stage_settle(&s, &why);
    if (a.status && !why.text[0])
        why = s.why;
    if (a.status && !why.text[0])
        assay_fail(&why, ASSAY_OK, "run() returned %s", assay_status_name(a.status));
    snprintf(a.why, sizeof a.why, "%.199s", why.text);
    a.pack_ns = s.pack_ns;
    a.packed_bytes = (int64_t)s.packed_bytes;
    bench_send(to, &a, sizeof a);
    return 0;
}

/* Seconds per call of one turn; negative: the kernel or its process failed (a says why). */
static double take(bench_child *c, int64_t calls, answer *a)
{
    const turn t = { calls };
    bench_child_put(c, &t, sizeof t); /* one that has ended may have said why before it was asked */
    if (bench_child_get(c, a, sizeof *a) != sizeof *a) {
        if (!a->why[0])
            snprintf(a->why, sizeof a->why, "its process: %.100s", c->why[0] ? c->why : "ended");
        a->status = a->status ? a->status : ASSAY_ERR_IO;
        return -1;
    }
    assay_wire_clean(a->why, sizeof a->why);
    if ((unsigned)a->status > ASSAY_UNSUPPORTED || !(a->seconds >= 0 && isfinite(a->seconds)) ||
        !(a->cpu >= 0 && isfinite(a->cpu)) || !isfinite(a->pack_ns) || a->packed_bytes < 0 || !isfinite(a->used) ||
        !isfinite(a->own_threads) || !isfinite(a->preempted) || !isfinite(a->fresh) ||
        !bench_counters_sound(a->counter)) { /* a plug-in may have written it itself */
        *a = (answer){ .status = ASSAY_ERR_IO };
        snprintf(a->why, sizeof a->why, "its process sent an answer that cannot be");
    }
    return a->status ? -1 : a->seconds / (double)(calls ? calls : 1);
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_of(double *x, int n)
{
    qsort(x, (size_t)n, sizeof *x, by_value);
    return n % 2 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2;
}

static void bootstrap(const double *x, int n, uint64_t seed, double *low, double *high)
{
    static double medians[RESAMPLES], again[ROUNDS];
    assay_rng rng = { seed, 31, 0 };
    for (int k = 0; k < RESAMPLES; k++) {
        for (int i = 0; i < n; i++)
            again[i] = x[assay_rng_below(&rng, n)];
        medians[k] = median_of(again, n);
    }
    qsort(medians, RESAMPLES, sizeof *medians, by_value);
    *low = medians[RESAMPLES / 40];
    *high = medians[RESAMPLES - 1 - RESAMPLES / 40];
}

typedef struct pair { /* index 0: a, 1: b */
    bench_task task[2];
    bench_child child[2];
    answer last[2];
    bench_verdict verdict[2];
    double ratio[ROUNDS], cpu[ROUNDS], ns[2][ROUNDS];
    int rounds;
} pair;

typedef struct sides { /* index 0: a, 1: b */
    const assay_kernel *k[2];
    int nth[2]; /* in its plug-in; -1: built in */
} sides;

static bool play(pair *p, int rounds, double seconds)
{
    int64_t calls[2] = { 1, 1 };
    for (int k = 0; k < 2; k++) { /* how many calls fill a turn */
        double once = take(&p->child[k], 1, &p->last[k]);
        for (int again = 0; once >= 0 && again < 3; again++) {
            once = take(&p->child[k], calls[k], &p->last[k]);
            calls[k] = once > 0 ? (int64_t)fmin(seconds / once, 1e7) + 1 : 1;
        }
        if (once < 0)
            return false;
    }
    for (int r = 0; r < rounds; r++) {
        double t[2], cpu[2];
        for (int k = 0; k < 2; k++) {
            const int who = (r & 1) ^ k; /* AB, BA, AB, ... */
            t[who] = take(&p->child[who], calls[who], &p->last[who]);
            if (t[who] < 0)
                return false;
            cpu[who] = p->last[who].cpu / (double)calls[who];
        }
        p->ratio[p->rounds] = t[0] / t[1];
        p->cpu[p->rounds] = cpu[1] > 0 ? cpu[0] / cpu[1] : 0;
        p->ns[0][p->rounds] = t[0] * 1e9, p->ns[1][p->rounds] = t[1] * 1e9;
        p->rounds++;
    }
    return true;
}

/* The child's last answer, as a row's result. */
static void result_of(const pair *p, int k, bench_result *r)
{
    static double x[ROUNDS];
    const answer *a = &p->last[k];
    *r = (bench_result){ .status = a->status, .packed_bytes = a->packed_bytes, .pack_ns = a->pack_ns };
    memcpy(r->why, a->why, sizeof r->why);
    memcpy(r->counter, a->counter, sizeof r->counter);
    r->team = a->team, r->calls = a->calls, r->used = a->used, r->own_threads = a->own_threads;
    r->preempted = a->preempted, r->fresh = a->fresh;
    if (p->rounds > 0) {
        memcpy(x, p->ns[k], sizeof x);
        r->sample[r->n++] = median_of(x, p->rounds);
    }
}

static bench_ratio ratio_of(const pair *p)
{
    static double x[ROUNDS];
    bench_ratio r = { .rounds = p->rounds };
    if (p->rounds > 0) {
        memcpy(x, p->ratio, sizeof x);
        r.ratio = median_of(x, p->rounds);
        bootstrap(p->ratio, p->rounds, p->task[0].p->c.seed, &r.low, &r.high);
        memcpy(x, p->cpu, sizeof x);
        r.cpu_ratio = median_of(x, p->rounds);
        bootstrap(p->cpu, p->rounds, p->task[0].p->c.seed, &r.cpu_low, &r.cpu_high);
    }
    return r;
}

int bench_differs(const bench_ratio *x, double most)
{
    if (x->rounds < 1)
        return 0;
    if (x->high * (1 + most) < 1 && (!x->disturbed || x->cpu_high * (1 + most) < 1))
        return 1;
    return x->low > 1 + most && (!x->disturbed || x->cpu_low > 1 + most) ? -1 : 0;
}

static assay_status one(bench_session *s, assay_problem *p, const sides *who, int threads, bool cold,
                        const char *workload)
{
    const assay_kernel *const *k = who->k;
    static pair x; /* large */
    static bench_result r[2];
    bench_work w;
    bench_moment before;
    char name[BENCH_NAME];
    bench_work_of(p, workload, 0, &w);
    snprintf(name, sizeof name, "%s/%s:%s/%s/%s/%dt/%s", k[0]->op, k[0]->name, k[1]->name, workload, w.types, threads,
             cold ? "cold" : "hot");
    if (*s->interrupted || bench_journal_has(&s->journal, "pair", name))
        return ASSAY_OK;
    memset(&x, 0, sizeof x);
    for (int i = 0; i < 2; i++) {
        x.task[i] = bench_task_of(s, p, k[i], who->nth[i], threads, cold);
        if (s->build_b && i)
            x.task[i].plugin = s->o->filter.plugin_b, x.task[i].supplier = assay_pool_plugin_name(s->build_b);
        if (bench_stage_fits(&x.task[i], &s->why))
            return ASSAY_ERR_NOMEM;
    }
    bool ok = true;
    bench_around_begin(&before);
    for (int i = 0; i < 2; i++) {
        ok = ok && bench_outputs_make(&x.task[i]);
        const double cpu_s = 2 * x.task[i].limit_seconds * threads; /* of all turns; of one: half of that */
        ok = ok && bench_child_start(&x.child[i], body, &x.task[i], cpu_s) == 0;
        bench_child_limit(&x.child[i], 0.5 * cpu_s, 0.5 * assay_pool_limits.seconds,
                          x.task[i].plugin ? assay_pool_limits.mebibytes : 0);
    }
    const bool played = ok && play(&x, s->o->filter.level ? ROUNDS : 60, cold ? 0.002 : 0.01);
    for (int i = 0; ok && played && i < 2; i++)
        take(&x.child[i], 0, &x.last[i]);
    for (int i = 0; i < 2; i++)
        bench_child_end(&x.child[i]);
    for (int i = 0; ok && i < 2; i++) {
        if (!played && !x.last[i].status) { /* it may not have computed what it would be judged by */
            x.last[i].status = ASSAY_UNSUPPORTED;
            snprintf(x.last[i].why, sizeof x.last[i].why, "not measured: the pair ended with the other kernel");
        }
        result_of(&x, i, &r[i]);
        bench_around_end(&before, &r[i].around);
        bench_judge(&x.task[i], &r[i], p, bench_judge_whole(s->o->filter.level, w.flops), &x.verdict[i]);
    }
    bench_ratio ratio = ratio_of(&x);
    for (int i = 0; ok && i < 2; i++)
        ratio.disturbed |= r[i].around.others > 0.1 || r[i].around.stolen > 0.05;
    const assay_status st =
        *s->interrupted || !ok ? ASSAY_OK : bench_pair_write(s, name, &w, x.task, r, x.verdict, &ratio);
    for (int i = 0; i < 2; i++)
        bench_outputs_free(&x.task[i]);
    return st;
}

/* The last kernels that match and take the case: built in, and those of a plug-in, a stranger's kernel against ours. */
static int find_named(const bench_session *s, const assay_case *c, const assay_args *a, sides *found)
{
    const char *glob[2] = { s->o->filter.kernel, s->o->filter.kernel_b };
    const assay_kernel *k;
    *found = (sides){ { NULL, NULL }, { -1, -1 } };
    for (int from = 0; from < (s->pool ? 2 : 1); from++)
        for (size_t i = 0; (k = from ? assay_pool_plugin_kernel(s->pool, i) : assay_kernel_at(i)); i++)
            for (int n = 0; n < 2; n++)
                if (!found->k[n] && !strcmp(k->op, c->op->name) && assay_kernel_matches(glob[n], k->name) &&
                    !(k->isa & ~assay_cpu()) && assay_kernel_takes(c->op, k, a) && (n == 0 || k != found->k[0])) {
                    found->k[n] = k;
                    found->nth[n] = from ? (int)i : -1;
                }
    return found->k[0] && found->k[1] ? 1 : 0;
}

/* Every kernel of the old build that is meant, and its namesake in the new one. */
static int find_builds(const bench_session *s, const assay_case *c, const assay_args *a, sides *found)
{
    const assay_kernel *k;
    int n = 0, nth;
    for (size_t i = 0; (k = assay_pool_plugin_kernel(s->pool, i)); i++) {
        const assay_kernel *other = assay_builds_other(s->build_b, k, &nth);
        if (other && !strcmp(k->op, c->op->name) && assay_filter_kernel(&s->o->filter, k) == ASSAY_RUNS &&
            !(other->isa & ~assay_cpu()) && assay_kernel_takes(c->op, k, a) && assay_kernel_takes(c->op, other, a))
            found[n++] = (sides){ { k, other }, { (int)i, nth } };
    }
    return n;
}

assay_status bench_pairs(bench_session *s, const char *line, const char *workload)
{
    assay_case c;
    assay_problem p;
    assay_why why = { "" };
    assay_tensor views[ASSAY_MAX_OPND];
    if (*s->interrupted)
        return ASSAY_OK;
    if (bench_case(s, line, &c, &why))
        return !s->o->line ? ASSAY_OK : assay_fail(&s->why, ASSAY_ERR_ARG, "%s", why.text);
    if (!bench_in_shard(s, workload, &c))
        return ASSAY_OK;
    if (s->o->filter.has_seed && !s->vector)
        c.seed = s->o->filter.seed;
    assay_case_tensors(&c, views);
    const assay_args a = { .operand = views, .dim = c.dim, .params = c.params };
    sides *found = assay_room(s->build_b ? assay_pool_plugin_count(s->pool) : 1, sizeof *found);
    const int pairs = s->build_b ? find_builds(s, &c, &a, found) : find_named(s, &c, &a, found);
    if (!pairs)
        return free(found), ASSAY_OK;
    s->runnable++;
    const bool made = !bench_problem(s, &c, &p, &why);
    if (!made)
        bench_journal_not(&s->journal, line, "workload", why.text);
    assay_status st = ASSAY_OK;
    for (int i = 0; made && !st && i < pairs; i++) {
        for (int n = 0; !st && n < s->n_threads; n++)
            st = one(s, &p, &found[i], s->threads[n], false, workload);
        if (!st)
            st = one(s, &p, &found[i], 1, true, workload);
    }
    assay_problem_free(&p);
    free(found);
    return st;
}
