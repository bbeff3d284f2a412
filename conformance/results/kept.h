/* SPDX-License-Identifier: MIT
 * kept.h - the file in which `assay check --for` keeps the cases that failed, for the next search to begin with:
 *
 *   matmul T=3 N=40 K=8 seed=7  # avx2, theirs:fast; found 2026-11-28; threads 2; secret 3f2a91c0
 *
 * One case a line; behind it the kernels that fail it, and the team and the secret that this takes, if any.  Other
 * lines (comments, blank ones) stay as they are. */
#ifndef ASSAY_KEPT_H
#define ASSAY_KEPT_H
#include "../../reference/core/case.h"

typedef struct assay_kept_line {
    char *text;                 /* of a line without a case; else NULL */
    char line[ASSAY_CASE_LINE]; /* the case */
    char *kernels, *found;      /* "avx2, theirs:fast"; a date; "" where the file has none */
    int threads;                /* the team that it takes; 0: one thread will do */
    char secret[16];            /* "": none */
    bool gone;                  /* not to be written any more */
} assay_kept_line;

typedef struct assay_kept {
    const char *path;
    assay_kept_line *line;
    size_t n;
} assay_kept;

/* A file that is not there is an empty one; a case that cannot be read is said with its line. */
assay_status assay_kept_open(assay_kept *k, const char *path, assay_why *why);
void assay_kept_free(assay_kept *k);
/* The case fails for this kernel from now on, whether it was known or not; then the file is written. */
assay_status assay_kept_add(assay_kept *k, const char *line, const char *kernel, int threads, assay_why *why);
bool assay_kept_names(const assay_kept_line *l, const char *kernel);
/* The n-th of the kernels that a line names, as assay_kept_name writes it; false: there are fewer. */
bool assay_kept_kernel(const assay_kept_line *l, int n, char name[160]);
const char *assay_kept_name(const char *kernel, char name[160]);
assay_status assay_kept_write(const assay_kept *k, assay_why *why);
#endif
