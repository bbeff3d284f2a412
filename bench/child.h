/* SPDX-License-Identifier: MIT
 * child.h - work in a process of its own: kernels run there, never in the process that judges.  The child is forked
 * before its parent ever used OpenMP, sends records through a pipe, and is killed when its time is over. */
#ifndef ASSAY_BENCH_CHILD_H
#define ASSAY_BENCH_CHILD_H
#include "../conformance/judge/watch.h"
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

typedef struct bench_child {
    pid_t pid;
    int from, to;                      /* pipes: what the child says, what it is told */
    double cpu_s, asleep_s, mebibytes; /* limits from one record to the next; 0: none */
    assay_watch watch;
    char *note;    /* shared with it: its last words, "C" and a sentence */
    char why[160]; /* how it ended, when not well */
    int status;    /* as of waitpid, when it has ended */
} bench_child;

/* body runs in the child: it reads from `from` and writes to `to`; its result is the exit status.  It may use so many
 * seconds of CPU time, over all its threads, and as many asleep before each record; 0: no limit. */
int bench_child_start(bench_child *c, int (*body)(void *ctx, int from, int to), void *ctx, double seconds);
/* Other limits than those: of what comes before each record, and of memory beyond what it starts with. */
void bench_child_limit(bench_child *c, double cpu_s, double asleep_s, double mebibytes);
/* One record: at most room bytes.  Its length; 0 at the end (look at why: empty if all was well); */
size_t bench_child_get(bench_child *c, void *record, size_t room);
int bench_child_put(bench_child *c, const void *record, size_t n); /* -1: the child is gone */
void bench_child_end(bench_child *c);                              /* kills it if it still runs */

/* The child's side. */
extern char *bench_child_note;
int bench_send(int to, const void *record, size_t n);
size_t bench_receive(int from, void *record, size_t room); /* 0: nothing more */
#endif
