/* SPDX-License-Identifier: MIT
 * settle.h - judge and runner on one CPU.  One of the two always waits for the other, and to wake another CPU takes
 * longer than most calls do.  A team's other threads run wherever they can: they are as free as the runner's first
 * thread was when they were born.  Every few milliseconds a call goes without, so that the system can choose a CPU that
 * is idle.  Where masks cannot be had, nothing is settled. */
#ifndef ASSAY_SETTLE_H
#define ASSAY_SETTLE_H
#include <sched.h>
#include <stdbool.h>
#include <sys/types.h>

typedef struct assay_settle {
    bool able;
    cpu_set_t home; /* where the judge may run */
    int runner_cpu; /* the only one where the runner may; -1: wherever the judge may */
    int threads;    /* so many of the runner's have been born */
    bool judge;     /* the judge stays where it is */
    double roam_at; /* seconds of the monotonic clock */
} assay_settle;

void assay_settle_open(assay_settle *s);
void assay_settle_born(assay_settle *s); /* a new runner, which may run wherever the judge may */
/* Before a call of so many threads is sent to the runner (0: nobody knows how many), and when its answer has come. */
void assay_settle_down(assay_settle *s, pid_t runner, int threads);
void assay_settle_up(assay_settle *s);
#endif
