/* SPDX-License-Identifier: MIT
 * confine.h - what a process that runs a stranger's kernel gives up before it loads it: privileges, memory without end,
 * processes, signals to others, files.  On Linux by capabilities, rlimits, namespaces, Landlock and a filter of system
 * calls (filter.h), each where the system has it; where it has none of them, limits and the zygote's reaper remain
 * (docs/judge.md). */
#ifndef ASSAY_CONFINE_H
#define ASSAY_CONFINE_H
#include <stdbool.h>
#include <stddef.h>

typedef struct assay_confinement {
    size_t memory; /* bytes of private writable memory beyond what the process has now; 0: no limit */
    int keep[2];   /* the only descriptors that stay, but for the standard ones */
    char *note;    /* where the warden writes which call was refused (warden.h); NULL: nowhere */
    bool counters; /* it may count events of its own */
    bool prints;   /* what it prints has no end */
} assay_confinement;

/* Bytes of private writable memory that this process has now; 0: nobody knows (no /proc). */
size_t assay_confine_data(void);

/* Before the process makes threads: what is given up thread by thread. */
void assay_confine(const assay_confinement *c);
/* Then the filter, of all its threads.  True: it stands. */
bool assay_confine_calls(const assay_confinement *c);
/* What a process can be confined by on this system, and what is absent, as a sentence: tried in a process. */
const char *assay_confine_words(void);
/* Kills and reaps every child of this process and, as it is their subreaper, every orphan among their descendants. */
void assay_confine_reap(void);
#endif
