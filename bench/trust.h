/* SPDX-License-Identifier: MIT
 * trust.h - may the clock of this process be believed?  A kernel computes; what would let it work when nobody measures,
 * or measure for itself, is as it was before the kernel was loaded: signal handlers, timers, threads, descriptors
 * (state.h), the floating-point environment, the protection of its operands and of the program, and the program's code.
 */
#ifndef ASSAY_BENCH_TRUST_H
#define ASSAY_BENCH_TRUST_H
#include "assay/assay.h"

/* Of this process.  Before a kernel is loaded; the team has been started. */
void bench_trust_take(int threads);
/* The kernel is known: one that brings threads of its own may keep them. */
void bench_trust_flags(uint32_t flags);
/* Is everything as it was?  code: read the program's bytes as well, which takes a moment. */
bool bench_trust_same(bool code, assay_why *why);
/* May lo .. hi be read and written?  Where there is no /proc, this is not looked at, and true. */
bool bench_trust_open(const void *data, size_t bytes, const char *name, assay_why *why);
/* What cannot be looked at here; NULL: nothing. */
const char *bench_trust_blind(void);
#endif
