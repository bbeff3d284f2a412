/* SPDX-License-Identifier: MIT
 * around.h - what else happened on the machine while a row was measured: looked at by the process that judges, before
 * the kernel's process starts and after it has ended. */
#ifndef ASSAY_BENCH_AROUND_H
#define ASSAY_BENCH_AROUND_H
#include "quota.h"

typedef struct bench_moment {
    double wall, own, busy, stolen; /* seconds: of the clock, of this process and its children, of all CPUs */
    bool counted;                   /* the system shows what its CPUs do */
    bench_quota quota;
} bench_moment;

typedef struct bench_around {
    double wall, others, stolen; /* seconds; CPUs that others used; CPUs that a hypervisor gave away */
    bool counted;
    bench_quota quota; /* its throttle: of this while alone */
} bench_around;

void bench_around_begin(bench_moment *m);
void bench_around_end(const bench_moment *m, bench_around *a);
#endif
