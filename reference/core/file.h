/* SPDX-License-Identifier: MIT
 * file.h - files in and out: whole files mapped read-only, and files written aside and renamed when complete. */
#ifndef ASSAY_CORE_FILE_H
#define ASSAY_CORE_FILE_H
#include "assay/assay.h"
#include <stdio.h>

typedef struct assay_span { /* text that is not NUL-terminated */
    const char *at;
    size_t n;
} assay_span;
bool assay_span_is(assay_span s, const char *text);

typedef struct assay_map {
    const unsigned char *data; /* page-aligned; NULL for an empty file */
    size_t n;
} assay_map;

assay_status assay_map_open(const char *path, assay_map *m,
                            assay_why *why); /* a regular file; IO error with its reason */
void assay_map_close(assay_map *m);

/* Between open and commit the bytes lie in a file aside, in the same directory: whoever reads the path sees the old
 * content or the new, never a half.  A path that is no regular file (a pipe, /dev/stdout) is written directly. */
typedef struct assay_save {
    FILE *f;            /* write with stdio; errors are found by commit */
    char *path, *aside; /* aside is NULL when the path is written directly */
} assay_save;

assay_status assay_save_open(assay_save *s, const char *path, assay_why *why);
assay_status assay_save_commit(assay_save *s,
                               assay_why *why); /* flushes and renames; on failure removes what was written */
void assay_save_cancel(assay_save *s);
#endif
