/* SPDX-License-Identifier: MIT
 * confine.h - what a process that runs a stranger's kernel gives up before it loads it: privileges, memory without end,
 * processes, signals to others, files.  On Linux by capabilities, rlimits and a seccomp filter; where the kernel or an
 * emulator has no filter, limits and the zygote's reaper remain (docs/judge.md). */
#ifndef ASSAY_CONFINE_H
#define ASSAY_CONFINE_H
#include <stdbool.h>
#include <stddef.h>

/* memory: bytes of private writable memory beyond what the process has now; 0: no limit.  Every descriptor is closed,
 * the caller's caller's too, but the standard ones and the two of keep.  True: the filter stands. */
bool assay_confine(size_t memory, const int keep[2]);
/* Name of a system call that the filter refuses by SIGSYS; "?" for others. */
const char *assay_confine_name(int number);
/* Kills and reaps every child of this process and, as it is their subreaper, every orphan among their descendants. */
void assay_confine_reap(void);
#endif
