/* SPDX-License-Identifier: MIT
 * marks.h - what a reader must know before he believes a time: one row of a table per mark (marks.c). */
#ifndef ASSAY_BENCH_MARKS_H
#define ASSAY_BENCH_MARKS_H
#include "../reference/core/json.h"
#include "around.h"

typedef struct bench_facts {
    int team, cpus;              /* threads that ran; CPUs that this process may use */
    double used;                 /* CPUs that the kernel's process used while it was timed; 0: not known */
    double own_threads;          /* CPUs of these that threads of its own had, not the team */
    double fresh;                /* time of a call on new inputs over that of a timed one; 0: not known */
    double preempted;            /* how often a second its threads had to make way for others */
    bench_around around;         /* all 0: not looked at */
    double compute, memory;      /* shares of the two roofs, by the median; of memory what the level must deliver */
    double share;                /* of the roof, after what a cache may have held was taken off; 0: no roof */
    double scaling;              /* speed over that of one thread; 0: not known */
    const char *level, *level_1; /* of the row, and of the row on one thread */
} bench_facts;

/* Writes the member "marks": [ { "name", "words" }, ... ], if there are any; says how many. */
int bench_marks_json(const bench_facts *f, assay_json *j);
/* Their names, as docs/results.md lists them; NULL past the last. */
const char *bench_mark_name(int i);
/* The words of mark i if f earns it; else false. */
bool bench_mark(int i, const bench_facts *f, char *words, size_t n);
#endif
