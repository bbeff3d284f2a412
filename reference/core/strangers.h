/* SPDX-License-Identifier: MIT
 * strangers.h - kernels of plug-ins that have joined the list of registry.h in this process: which one's code runs now,
 * how often each has run, and how often another ran where they were asked first. */
#ifndef ASSAY_CORE_STRANGERS_H
#define ASSAY_CORE_STRANGERS_H
#include "assay/assay.h"

enum { ASSAY_STRANGERS = 1024 };

/* Joins the list, behind all others; copied, its strings are not.  named "plugin:kernel" (pool.h).  ERR_ARG: the op has
 * a kernel of that name already; there is no room. */
assay_status assay_stranger_add(const assay_kernel *k, assay_why *why);
const assay_kernel *assay_stranger_at(size_t i);                           /* NULL past the last */
int assay_stranger_index(const assay_kernel *k);                           /* -1: it is this build's own */
bool assay_stranger_of(const char *op);                                    /* is there any for this op? */
const assay_kernel *assay_stranger_find(const char *op, const char *bare); /* by its name without the plug-in's */

/* From here on *now is 1 + the index of the one whose code runs, or 0: in memory that another process sees. */
void assay_stranger_watch(int *now);
void assay_stranger_enters(const assay_kernel *k); /* any thread; one of ours, NULL: none */

/* A call of an op is over; strangers were asked first: whoever has run it.  One thread at a time. */
void assay_stranger_count(const char *op, const assay_kernel *ran, bool asked);
int64_t assay_stranger_ran(size_t i);             /* calls of that kernel */
int64_t assay_stranger_passed_by(const char *op); /* calls that were asked of strangers, and run by others */
#endif
