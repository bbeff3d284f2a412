/* SPDX-License-Identifier: MIT
 * filter.h - the system calls that a process which runs a stranger's kernel may make: a list of what the C library,
 * OpenMP and BLAS need, some of them with certain arguments only.  Calls that reach other processes are refused and
 * named; what changes files answers EACCES, as a read-only system would; every other call answers ENOSYS. */
#ifndef ASSAY_FILTER_H
#define ASSAY_FILTER_H
#include <stdbool.h>
#include <stddef.h>

/* For all threads of the process.  counters: it may count events of its own, too.  to: a socket over which the
 * descriptor goes to whoever names the calls that are refused (warden.h); -1: a signal handler does that, which is
 * never called where the signal is blocked, as it is within fork().  False: there is no filter here. */
bool assay_filter_stand(bool counters, int to);
/* Name of a call that is refused and named; "?" for others. */
const char *assay_filter_name(int number);
/* Calls that may be made, with any arguments or some. */
int assay_filter_allowed(bool counters);
#endif
