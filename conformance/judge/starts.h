/* SPDX-License-Identifier: MIT
 * starts.h - may this user start the processes and threads that judging takes?  Else kernels would be blamed for it. */
#ifndef ASSAY_STARTS_H
#define ASSAY_STARTS_H
#include "assay/assay.h"

bool assay_starts(assay_why *why); /* tried in a process of its own; before any thread exists */
void assay_starts_measure(void);   /* likewise: what a thread of a team takes of a memory limit */

/* Does a limit (MiB; 0: none) hold what such a process takes before any kernel's code runs: its threads' stacks, and so
 * many bytes of operands? */
assay_status assay_starts_within(int mebibytes, int threads, size_t operands, assay_why *why);
#endif
