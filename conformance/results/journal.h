/* SPDX-License-Identifier: MIT
 * journal.h - results as they come: FILE + "l", one JSON object per line, flushed, so that a run that is killed loses
 * only the thing in hand.  What was there is read line by line; a last line that was cut short is cut off. */
#ifndef ASSAY_JOURNAL_H
#define ASSAY_JOURNAL_H
#include "../../reference/core/json.h"
#include "assay/assay.h"
#include <stdio.h>

enum { ASSAY_JOURNAL_PATH = 4096 };

typedef struct assay_journal {
    FILE *f;
    char path[ASSAY_JOURNAL_PATH]; /* with the l */
    char *line;
    size_t room;
    int error; /* errno of a line that could not be written; 0: none */
    bool done; /* all that was there has been read */
} assay_journal;

/* resume: keeps what is there, to be read with next() up to its end; else starts anew. */
assay_status assay_journal_open(assay_journal *j, const char *file, bool resume, assay_why *why);
/* The next line that an earlier run wrote, to be released with cJSON_Delete; NULL: there is none, lines may be added.
 */
struct cJSON *assay_journal_next(assay_journal *j);
/* As it stands in the file, of the last next(). */
const char *assay_journal_line(const assay_journal *j);
/* Nothing of it can be used: kept as FILEl.old, said on standard output, and a new one begun. */
assay_status assay_journal_put_aside(assay_journal *j, const char *reason, assay_why *why);
assay_status assay_journal_add(assay_journal *j, const assay_json *line, assay_why *why);
assay_status assay_journal_close(assay_journal *j, bool remove_it, assay_why *why);
#endif
