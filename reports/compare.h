/* SPDX-License-Identifier: MIT
 * compare.h - assay compare: two sides, each of one run or several, row by row (docs/compare.md). */
#ifndef ASSAY_REPORTS_COMPARE_H
#define ASSAY_REPORTS_COMPARE_H
#include "../reference/core/json.h"
#include "compare_stats.h"
#include "report.h"

/* The chance that any row of two equal sides is called slower or faster, shared out among the rows (Bonferroni): half
 * of the one in a hundred that is promised, for runs are no normal numbers. */
#define COMPARE_CHANCE 0.005

typedef enum compare_side { COMPARE_BASE, COMPARE_NEW, COMPARE_SIDES } compare_side;

/* ---- what is read (compare_read.c) --------------------------------------------------------------------------- */

typedef struct compare_run { /* one go of assay bench or check on one machine: a file, or a part of a merged one */
    const char *path, *commit, *date, *model, *host;
    const cJSON *context; /* NULL: of assay check */
    double threads;       /* CPUs of the machine */
    compare_side side;
} compare_run;

typedef struct compare_entry { /* a row of a run */
    const char *name;
    const cJSON *item;
    int run;
    size_t order; /* in which rows are shown: as they were read */
} compare_entry;

typedef enum compare_verdict { /* in the order in which they are shown */
                               COMPARE_FAILED,
                               COMPARE_SLOWER,
                               COMPARE_FASTER,
                               COMPARE_MENDED,
                               COMPARE_GONE,
                               COMPARE_ADDED,
                               COMPARE_UNCLEAR,
                               COMPARE_SAME,
                               COMPARE_VERDICTS
} compare_verdict;
extern const char *const compare_verdict_name[COMPARE_VERDICTS];

typedef struct compare_row {
    const char *name;
    const compare_entry *entry; /* n[BASE] of base, then n[NEW] of new */
    int n[COMPARE_SIDES];
    compare_verdict verdict;
    compare_effect effect;           /* of times, or of roofs' times */
    double ns[COMPARE_SIDES];        /* the mean (geometric) of the runs' medians; 0: no time */
    double used[COMPARE_SIDES];      /* the largest share of a bound; -1: none */
    const char *word[COMPARE_SIDES]; /* the judge's verdict, the worst of the runs */
    int disturbed[COMPARE_SIDES];    /* runs whose row is marked as disturbed */
    const char *why;                 /* it is not clear; NULL: the interval is too wide */
} compare_row;

typedef enum compare_metric {               /* what of a row is compared */
                              COMPARE_TIME, /* on the wall */
                              COMPARE_ROOF, /* in units of the roof's time: 1 / share */
                              COMPARE_CPU,  /* of the one thread that ran */
                              COMPARE_METRICS
} compare_metric;

typedef struct compare_noise_row {
    const char *name;
    compare_noise of[COMPARE_METRICS];
} compare_noise_row;

typedef struct compare {
    cJSON **doc;
    int n_docs;
    compare_run *run;
    int n_runs, runs[COMPARE_SIDES];
    bool check; /* results of assay check; else of assay bench */
    compare_metric metric;
    compare_entry *entry;
    size_t n_entries;
    compare_row *row;
    size_t n_rows, both, tested, count[COMPARE_VERDICTS];
    cJSON *noise; /* the document of --noise */
    compare_noise_row *known;
    size_t n_known;
    double margin; /* same: the interval lies within 1 / (1 + margin) .. 1 + margin */
    assay_why *why;
} compare;

assay_status compare_read(compare *c, const char *path, compare_side side);
extern const char *const compare_deviation[COMPARE_METRICS]; /* the members of a noise file */
assay_status compare_read_noise(compare *c, const char *path);
assay_status compare_rows_make(compare *c); /* when all is read: rows by name, runs held against each other */
void compare_free(compare *c);
/* "Intel Xeon, 2 CPUs"; valid until the next call but one */
const char *compare_machine(const compare_run *r);
bool compare_same_machine(const compare_run *a, const compare_run *b);

/* ---- what is made of it (compare_judge.c) -------------------------------------------------------------------- */

void compare_judge(compare *c);
/* The logarithm of the median of an entry's repetitions; NAN: it has no such metric. */
double compare_log_time(const compare_entry *e, compare_metric m);
/* How runs of one program differ, per row: known[] of c, from all its runs. */
void compare_know(compare *c);

/* ---- what is written (compare_print.c, compare_write.c, compare_gbench.c) ------------------------------------- */

void compare_print(const compare *c, FILE *f, bool all);
void compare_markdown(const compare *c, FILE *f);
void compare_json(const compare *c, assay_json *j);
void compare_noise_json(const compare *c, assay_json *j);
void compare_noise_print(const compare *c, FILE *f);
void compare_csv(const compare *c, FILE *f);
assay_status compare_gbench(const compare *c, assay_json *j); /* a row that cannot be written so: a sentence */
#endif
