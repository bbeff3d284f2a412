/* SPDX-License-Identifier: MIT
 * papi.c - PAPI's hardware and software events; without PAPI (or where it fails) what getrusage counts.
 * Groups stay at three events: with four and more some machines return nonsense (docs/bench.md). */
#include "papi.h"
#include "calibrate.h"
#include "child.h"
#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#ifdef HAVE_PAPI
#include <papi.h>
#include <pthread.h>
#endif

/* Switches and migrations happen in the kernel (:k=1, refused to some users: then the calibration finds out).
 * One counter: its events in order of preference, the loop that calibrates it, and how far it may be off. */
typedef struct source {
    const char *name;
    bench_from from;
    const char *event[3];
    double (*truth)(const bench_machine *m);
    double low, high; /* counted over true */
} source;

static const source sources[BENCH_COUNTERS] = {
    { "instructions", BENCH_HARDWARE, { "PAPI_TOT_INS" }, bench_truth_instructions, 0.98, 1.02 },
    { "cycles", BENCH_HARDWARE, { "PAPI_TOT_CYC" }, bench_truth_cycles, 0.9, 1.15 },
    { "branch_misses", BENCH_HARDWARE, { "PAPI_BR_MSP" }, bench_truth_branches, 0.75, 1.3 },
    { "l1d_misses", BENCH_HARDWARE, { "PAPI_L1_DCM", "perf::L1-DCACHE-LOAD-MISSES" }, bench_truth_l1, 0.7, 1.5 },
    { "l2_misses", BENCH_HARDWARE, { "PAPI_L2_DCM", "PAPI_L2_TCM" }, bench_truth_l2, 0.7, 1.6 },
    { "l3_misses",
      BENCH_HARDWARE,
      { "PAPI_L3_TCM", "PAPI_L3_DCM", "perf::LLC-LOAD-MISSES" },
      bench_truth_l3,
      0.6,
      1.6 },
    { "page_faults", BENCH_SOFTWARE, { "perf::PAGE-FAULTS", "rusage" }, bench_truth_faults, 0.98, 1.02 },
    { "task_clock_ns", BENCH_SOFTWARE, { "perf::TASK-CLOCK", "rusage" }, bench_truth_clock, 0.9, 1.1 },
    { "context_switches",
      BENCH_SOFTWARE,
      { "perf::CONTEXT-SWITCHES:u=1:k=1", "rusage" },
      bench_truth_switches,
      0.9,
      2.5 },
    { "migrations", BENCH_SOFTWARE, { "perf::CPU-MIGRATIONS:u=1:k=1" }, bench_truth_migrations, 0.8, 1.5 },
};
enum { GROUP = 3 };

const char *bench_from_name(bench_from f)
{
    static const char *const names[] = { "n/a", "hardware", "software", "simulated" };
    return names[f];
}

/* ---- what the system counts for the whole process ---------------------------------------------------- */

static double rusage_of(const char *name)
{
    struct rusage u;
    struct timespec t;
    getrusage(RUSAGE_SELF, &u);
    if (strcmp(name, "page_faults") == 0)
        return (double)(u.ru_minflt + u.ru_majflt);
    if (strcmp(name, "context_switches") == 0)
        return (double)(u.ru_nvcsw + u.ru_nivcsw);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* ---- PAPI ---------------------------------------------------------------------------------------------- */

#ifdef HAVE_PAPI
static unsigned long thread_id(void)
{
    return (unsigned long)pthread_self();
}

/* Once per process; the reason if PAPI is of no use here, else NULL. */
static const char *papi_ready(const bench_machine *m)
{
    static const char *why;
    static bool done;
    if (done)
        return why;
    done = true;
    /* a family that libpfm does not know: the nearest one that it does (the events used are the same there) */
    if (strcmp(m->vendor, "AuthenticAMD") == 0 && m->family > 25)
        setenv("LIBPFM_FORCE_PMU", "amd64_fam19h_zen3", 0);
    const int v = PAPI_library_init(PAPI_VER_CURRENT);
    if (v != PAPI_VER_CURRENT)
        why = v > 0 ? "PAPI: built for another version" : "PAPI_library_init failed";
    else if (PAPI_thread_init(thread_id) != PAPI_OK)
        why = "PAPI_thread_init failed";
    else
        PAPI_set_debug(PAPI_QUIET);
    return why;
}

/* Starts the named events on this thread; event set >= 0, or PAPI's error in *why. */
static int papi_start(const char *const *event, int n, const char **why)
{
    int set = PAPI_NULL, status = PAPI_register_thread();
    if (status == PAPI_OK)
        status = PAPI_create_eventset(&set);
    for (int i = 0; status == PAPI_OK && i < n; i++)
        status = PAPI_add_named_event(set, event[i]);
    if (status == PAPI_OK)
        status = PAPI_start(set);
    if (status == PAPI_OK)
        return set;
    *why = PAPI_strerror(status);
    if (set != PAPI_NULL) {
        PAPI_cleanup_eventset(set);
        PAPI_destroy_eventset(&set);
    }
    return -1;
}

static bool papi_stop(int set, long long *value)
{
    const int status = PAPI_stop(set, value);
    PAPI_cleanup_eventset(set);
    PAPI_destroy_eventset(&set);
    return status == PAPI_OK;
}
#else
static const char *papi_ready(const bench_machine *m)
{
    (void)m;
    return "built without libpapi-dev";
}
static int papi_start(const char *const *event, int n, const char **why)
{
    (void)event, (void)n;
    *why = "built without libpapi-dev";
    return -1;
}
static bool papi_stop(int set, long long *value)
{
    (void)set, (void)value;
    return false;
}
#endif

/* ---- calibration --------------------------------------------------------------------------------------- */

static void calibrate(bench_counter *c, const source *s, const bench_machine *m)
{
    *c = (bench_counter){ .from = BENCH_NA };
    snprintf(c->name, sizeof c->name, "%s", s->name);
    for (size_t e = 0; e < 3 && s->event[e]; e++) {
        const bool own = strcmp(s->event[e], "rusage") == 0;
        const char *why = own ? NULL : papi_ready(m);
        double best = -1;
        char sentence[sizeof c->why] = "";
        for (int round = 0; !why && round < 3; round++) { /* a busy machine may spoil one */
            long long count[1] = { 0 };
            const int set = own ? 0 : papi_start(&s->event[e], 1, &why);
            if (set < 0)
                break;
            const double before = own ? rusage_of(s->name) : 0, truth = s->truth(m);
            if (own)
                count[0] = (long long)(rusage_of(s->name) - before);
            else if (!papi_stop(set, count))
                why = "PAPI_stop failed";
            if (truth <= 0) {
                why = "this machine cannot run the loop that would calibrate it";
                break;
            }
            const double ratio = (double)count[0] / truth;
            if (best < 0 || (ratio - 1) * (ratio - 1) < (best - 1) * (best - 1))
                best = ratio;
        }
        if (!why && best >= s->low && best <= s->high) {
            c->from = s->from, c->calibration = best, c->why[0] = 0;
            snprintf(c->event, sizeof c->event, "%s", s->event[e]);
            return;
        }
        if (why)
            snprintf(sentence, sizeof sentence, "%.40s: %.60s", s->event[e], why);
        else
            snprintf(sentence, sizeof sentence, "%.40s: counted %.3g times the truth of a known loop", s->event[e],
                     best);
        if (!c->why[0])
            memcpy(c->why, sentence, sizeof c->why);
    }
}

static int body(void *ctx, int from, int to)
{
    (void)from;
    for (int i = 0; i < BENCH_COUNTERS; i++) {
        bench_counter c;
        calibrate(&c, &sources[i], ctx);
        bench_send(to, &c, sizeof c);
    }
    return 0;
}

void bench_counters_calibrate(bench_counter c[BENCH_COUNTERS], const bench_machine *m)
{
    bench_child child;
    int n = 0;
    if (bench_child_start(&child, body, (void *)(uintptr_t)m, 60) == 0)
        while (n < BENCH_COUNTERS && bench_child_get(&child, &c[n], sizeof c[n]) == sizeof c[n])
            n++;
    for (; n < BENCH_COUNTERS; n++) {
        c[n] = (bench_counter){ .from = BENCH_NA };
        snprintf(c[n].name, sizeof c[n].name, "%s", sources[n].name);
        snprintf(c[n].why, sizeof c[n].why, "the process that calibrates: %.80s", child.why);
    }
    bench_child_end(&child);
}

/* ---- measuring ----------------------------------------------------------------------------------------- */

static void group(bench_counter *const *c, int n, int threads, void (*team)(void *, int, int), void *ctx, double calls)
{
    const char *event[GROUP], *why = NULL;
    double sum[GROUP] = { 0 };
    for (int i = 0; i < n; i++)
        event[i] = c[i]->event;
#pragma omp parallel num_threads(threads)
    {
        const int thread = omp_get_thread_num(), size = omp_get_num_threads();
        const char *problem = NULL;
        long long value[GROUP] = { 0 };
        const int set = papi_start(event, n, &problem);
#pragma omp barrier
        team(ctx, thread, size);
#pragma omp barrier
        if (set >= 0 && !papi_stop(set, value))
            problem = "PAPI_stop failed";
#pragma omp critical
        {
            why = problem ? problem : why;
            for (int i = 0; i < n; i++)
                sum[i] += (double)value[i];
        }
    }
    for (int i = 0; i < n; i++) {
        c[i]->value = sum[i] / calls;
        if (why || sum[i] < 0 || sum[i] > 1e15) {
            c[i]->from = BENCH_NA;
            snprintf(c[i]->why, sizeof c[i]->why, "%.30s: %.80s", c[i]->event, why ? why : "an impossible count");
        }
    }
}

void bench_counters_measure(bench_counter c[BENCH_COUNTERS], const bench_machine *m, int threads,
                            void (*team)(void *ctx, int thread, int threads), void *ctx, double calls)
{
    bench_counter *in[GROUP], *system[BENCH_COUNTERS];
    double before[BENCH_COUNTERS];
    int n_system = 0;
    papi_ready(m);
    for (bench_from from = BENCH_HARDWARE; from <= BENCH_SOFTWARE; from++) {
        int n = 0;
        for (int i = 0; i < BENCH_COUNTERS; i++) {
            if (c[i].from != from)
                continue;
            if (strcmp(c[i].event, "rusage") == 0)
                system[n_system++] = &c[i];
            else
                in[n++] = &c[i];
            if (n == GROUP)
                group(in, n, threads, team, ctx, calls), n = 0;
        }
        if (n > 0)
            group(in, n, threads, team, ctx, calls);
    }
    if (n_system == 0)
        return;
    for (int i = 0; i < n_system; i++)
        before[i] = rusage_of(system[i]->name);
#pragma omp parallel num_threads(threads)
    team(ctx, omp_get_thread_num(), omp_get_num_threads());
    for (int i = 0; i < n_system; i++)
        system[i]->value = (rusage_of(system[i]->name) - before[i]) / calls;
}

void bench_counters_json(const bench_counter *c, int n, assay_json *j, const char *key, bool values)
{
    assay_json_open(j, key, '{');
    for (int i = 0; i < n; i++) {
        assay_json_open(j, c[i].name, '{');
        if (values && c[i].from != BENCH_NA)
            assay_json_num(j, "value", c[i].value);
        assay_json_str(j, "from", bench_from_name(c[i].from));
        if (!values && c[i].from != BENCH_NA) {
            assay_json_str(j, "event", c[i].event);
            if (c[i].calibration > 0)
                assay_json_num(j, "calibration", c[i].calibration);
        }
        if (c[i].from == BENCH_NA)
            assay_json_str(j, "why", c[i].why);
        assay_json_close(j);
    }
    assay_json_close(j);
}
