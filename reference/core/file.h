/* SPDX-License-Identifier: MIT
 * file.h - whole files mapped read-only; save.h writes them. */
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

/* A regular file; IO error with its reason.  A file that is cut off later ends the process with a sentence (guard.h).
 */
assay_status assay_map_open(const char *path, assay_map *m, assay_why *why);
void assay_map_close(assay_map *m);
#endif
