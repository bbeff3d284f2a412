/* SPDX-License-Identifier: MIT
 * watch.h - limits of a process that runs kernels, seen from outside: CPU time of all its threads, time asleep, memory,
 * number of threads.
 * Time asleep is time in which none of its threads could run; one that waits for a CPU is not asleep, so load on the
 * machine changes no verdict, and sleeping does not help.  It is sampled at moments that the process cannot foresee. */
#ifndef ASSAY_WATCH_H
#define ASSAY_WATCH_H
#include "assay/assay.h"
#include <sys/types.h>

typedef enum assay_watched {
    ASSAY_SPOKE,   /* it has something to say, or is gone */
    ASSAY_BUSY,    /* used all the CPU time it may */
    ASSAY_ASLEEP,  /* slept as long as it may */
    ASSAY_STOPPED, /* stopped itself */
    ASSAY_SWOLLEN, /* took more memory than it may */
    ASSAY_CROWDED  /* started more threads than it may */
} assay_watched;

typedef struct assay_watch {
    pid_t pid;
    double cpu_s, asleep_s; /* limits of a call, seconds; 0: none */
    double mebibytes;       /* beyond what the process began with; 0: no limit */
    /* what was seen */
    int threads;
    double memory0, cpu0, cpu, asleep, last;
    int stopped;
    bool begun;
    uint64_t random;
} assay_watch;

/* like: a process of which pid has just been forked, or will be: it begins with its memory. */
void assay_watch_open(assay_watch *w, pid_t pid, pid_t like);
void assay_watch_call(assay_watch *w, double cpu_s, double asleep_s, double mebibytes); /* a call begins */
/* One look after a short while, or at once when fd can be read (-1: no descriptor).  SPOKE with more false: all is
 * well, look again. */
assay_watched assay_watch_look(assay_watch *w, int fd, bool *more);
assay_watched assay_watch_wait(assay_watch *w, int fd); /* looks until it is over */
bool assay_watch_alive(pid_t pid);
void assay_watch_words(const assay_watch *w, assay_watched what, assay_why *why);
/* What cannot be watched on this system, and why; empty: nothing. */
const char *assay_watch_absent(void);
#endif
