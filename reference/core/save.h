/* SPDX-License-Identifier: MIT
 * save.h - the one way in which files are written.  A regular file, or one that does not exist yet, is written aside in
 * its folder and renamed when it is complete: whoever reads it sees the old content or the new, never a half.  Links
 * are followed, mode and owner are kept.  A device, a pipe, a descriptor (/dev/stdout, /dev/fd/3) is written into,
 * never replaced.  "-" is standard output. */
#ifndef ASSAY_CORE_SAVE_H
#define ASSAY_CORE_SAVE_H
#include "assay/assay.h"
#include <stdio.h>

typedef struct assay_save {
    FILE *f;                     /* write with stdio; errors are found by commit */
    char *path, *target, *aside; /* as given; where its links end; NULL: target is written into */
    char *bytes;                 /* of one that goes through another process: what f has written, n of them */
    size_t n;
    bool over; /* aside is copied over target: a rename would cut links or change the owner */
} assay_save;

assay_status assay_save_open(assay_save *s, const char *path, assay_why *why);
/* Closes, and puts the file in its place; on failure removes what was written aside. */
assay_status assay_save_commit(assay_save *s, assay_why *why);
void assay_save_cancel(assay_save *s);
/* A text and a newline, in one go.  path NULL: nowhere. */
assay_status assay_save_text(const char *path, const char *text, assay_why *why);

/* An input of this run (a plug-in, a model): assay_save_begin lets no output replace it.  Before that; a dozen at most.
 */
void assay_save_spare(const char *path);
/* Before the work: what cannot be written is said now, and where one of the n paths is "-" all else that is printed
 * goes to standard error from here on; a sentence if two are, or if two are one file.  NULLs among the paths are left
 * out. */
assay_status assay_save_begin(const char *const *option, const char *const *path, int n, assay_why *why);
/* From here on this process, which may write no file, hands complete ones over to whoever may: put says whether they
 * arrived. */
typedef bool (*assay_save_put)(const char *path, const char *bytes, size_t n);
void assay_save_through(assay_save_put put);
/* A regular file, or none yet: a journal can stand beside it. */
bool assay_save_regular(const char *path);
/* Once, by main: where what was printed did not reach standard output, the process says so and ends with 2. */
void assay_stdout_watch(void);
#endif
