/* SPDX-License-Identifier: MIT
 * guard.h - a mapped file that is cut off while it is read, or whose device fails, raises SIGBUS: the process then ends
 * with a sentence that names the file, and exit status 2, in place of a bare signal. */
#ifndef ASSAY_CORE_GUARD_H
#define ASSAY_CORE_GUARD_H
#include <stdbool.h>
#include <stddef.h>

/* Not thread-safe; a map more than there is room for goes unguarded.  The first one installs the handler. */
void assay_guard_add(const void *data, size_t n, const char *path);
void assay_guard_remove(const void *data);
/* Is this regular file one of those that are mapped now? */
bool assay_guard_reads(const char *path);
#endif
