/* SPDX-License-Identifier: MIT
 * papi.h - counters that are believed only after they told the truth about loops whose truth is known. */
#ifndef ASSAY_BENCH_PAPI_H
#define ASSAY_BENCH_PAPI_H
#include "machine.h"

typedef enum bench_from { BENCH_NA, BENCH_HARDWARE, BENCH_SOFTWARE, BENCH_SIMULATED } bench_from;
const char *bench_from_name(bench_from f); /* "n/a", "hardware", ... */

enum { BENCH_COUNTERS = 10 };
typedef struct bench_counter {
    char name[24]; /* "instructions" */
    bench_from from;
    double calibration; /* counted over true, on the loop of known truth */
    double value;       /* per call */
    char event[32];     /* PAPI's name; "rusage": the system's own count */
    char why[120];      /* of n/a */
} bench_counter;

/* Adds, starts and calibrates each counter, in a child of its own; fills the whole table. */
void bench_counters_calibrate(bench_counter c[BENCH_COUNTERS], const bench_machine *m);
/* Runs team once per group of counters: in a parallel region of threads threads, one event set each.  Each thread calls
 * team(ctx, thread, threads), which makes `calls` calls of the kernel in all; values are per call.  In the kernel's
 * child. */
void bench_counters_measure(bench_counter c[BENCH_COUNTERS], const bench_machine *m, int threads,
                            void (*team)(void *ctx, int thread, int threads), void *ctx, double calls);
void bench_counters_json(const bench_counter *c, int n, assay_json *j, const char *key, bool values);
#endif
