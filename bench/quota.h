/* SPDX-License-Identifier: MIT
 * quota.h - how much CPU time the control groups of this process grant (cgroup v1 and v2), and how often they stopped
 * it. */
#ifndef ASSAY_BENCH_QUOTA_H
#define ASSAY_BENCH_QUOTA_H
#include <stdbool.h>
#include <stdint.h>

typedef struct bench_throttle { /* since the groups were made */
    int64_t periods, throttled;
    double seconds; /* that threads stood still, over all CPUs */
} bench_throttle;

typedef struct bench_quota {
    bool known;  /* a group that counts CPU time was found */
    double cpus; /* the tightest quota, of the process's group and of all above it, in CPUs; 0: none */
    bench_throttle throttle;
} bench_quota;

/* As it is now.  root: "" for this system; a test gives the folder that stands for "/". */
void bench_quota_read(bench_quota *q, const char *root);
/* "none", "0.50 CPUs", or why it is not known. */
void bench_quota_words(const bench_quota *q, char *text, int n);
#endif
