/* SPDX-License-Identifier: MIT
 * state.h - what a call leaves behind in its process: threads, descriptors, signal handlers and mask, working
 * directory, umask, timers.  A kernel computes; all of that is as it was. */
#ifndef ASSAY_STATE_H
#define ASSAY_STATE_H
#include "assay/assay.h"
#include <signal.h>
#include <sys/types.h>

typedef struct assay_state {
    void (*handler[8])(int);
    sigset_t blocked;
    mode_t mask;
    dev_t device; /* of the working directory */
    ino_t inode;
    long threads; /* -1: not counted */
    int free_fd;
    bool timer;
} assay_state;

/* Before anything is looked at, where a descriptor may stay open: makes looking cheaper. */
void assay_state_open(void);
/* threads: size of the team that the call will use, started here so that it is not counted as left behind.
 * flags: of the kernel; one that brings threads of its own may keep them. */
void assay_state_take(assay_state *s, int threads, uint32_t flags);
bool assay_state_same(const assay_state *before, assay_why *why);
#endif
