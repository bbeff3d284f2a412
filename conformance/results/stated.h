/* SPDX-License-Identifier: MIT
 * stated.h - what a file says of cases: lines of fields apart by '|', of which one is the beginning of a case line,
 *
 *     rmsnorm C=7 gen=huge-*
 *
 * and means every case that has a word for each of these, which are globs; what case lines may leave out counts as if
 * it stood there (x=f32, bias=none, plus_one=0). */
#ifndef ASSAY_STATED_H
#define ASSAY_STATED_H
#include "../../reference/core/case.h"
#include "../../reference/core/status.h"

enum { ASSAY_STATED_LINE = 4096, ASSAY_STATED_LINES = 10000 };

typedef struct assay_stated {
    int number;         /* of the line, from 1 */
    char *text;         /* the fields' memory */
    char **field;       /* without blanks around them; the last may hold a '|' */
    const assay_op *op; /* of the field that is a case */
} assay_stated;

typedef struct assay_stated_file {
    const char *option, *path;
    assay_stated *line;
    size_t n;
} assay_stated_file;

/* FILE, given by option: lines of so many fields, named in form, field `at` a case; # begins a line of comment.
 * ERR_IO: it cannot be read; ERR_ARG: a line that is none, by its number; a file without one.  Free in any case. */
assay_status assay_stated_read(assay_stated_file *f, const char *option, const char *path, int fields, const char *form,
                               int at, assay_why *why);
/* ERR_ARG: "--known FILE, line 3: what: text" */
assay_status assay_stated_wrong(const assay_stated_file *f, const assay_stated *s, assay_why *why, const char *what,
                                const char *text);
/* words: the field that is a case. */
bool assay_stated_means(const assay_stated *s, const char *words, const assay_case *c);
void assay_stated_free(assay_stated_file *f);
#endif
