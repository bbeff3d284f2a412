/* SPDX-License-Identifier: MIT
 * cpus.h - which CPUs this process was given, however many the machine has, and a team bound to them. */
#ifndef ASSAY_BENCH_CPUS_H
#define ASSAY_BENCH_CPUS_H

/* Their numbers, as they were when this was first asked (before anything was bound), and how many; at least one. */
int bench_cpus_given(const int **list);
/* This thread runs on these from now on; the numbers ascend. */
void bench_cpus_bind(const int *list, int n);
/* "0-3,8,10-11", as the system writes sets of CPUs: how many there are; -1: no such list. */
int bench_cpus_listed(const char *text);
/* Starts a team of OpenMP threads and binds each to a CPU of its own (as far as there are): else two may share one for
 * a long while.  Returns how many threads ran, which may be fewer than were asked for (OMP_THREAD_LIMIT). */
int bench_pin_team(int threads);
/* Why a team was smaller, as far as the environment says so. */
const char *bench_team_why(void);
#endif
