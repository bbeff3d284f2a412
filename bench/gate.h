/* SPDX-License-Identifier: MIT
 * gate.h - what the parts of `assay gate` share: a row is one kernel on one small workload, counted by callgrind with
 * caches that are the same on every machine.  docs/ci.md describes the counts, the choice of rows and the baseline. */
#ifndef ASSAY_BENCH_GATE_H
#define ASSAY_BENCH_GATE_H
#include "bench.h"

/* Instructions, misses of the first level of data: of one call, on one thread. */
enum { GATE_INSTRUCTIONS, GATE_D1, GATE_COUNTS };

typedef struct gate_row {
    char name[BENCH_NAME];  /* op/kernel/workload/types */
    char group[BENCH_NAME]; /* op/kernel/types: of each its least and its greatest workload is counted */
    char line[ASSAY_CASE_LINE];
    const assay_kernel *k; /* NULL: a row of the baseline that this build has not */
    int nth;               /* kernel of the plug-in; -1: built in */
    double work;           /* elements of all operands, or operations, whichever is more */
    bool counted, based;   /* which of the next two are known */
    int64_t count[GATE_COUNTS], base[GATE_COUNTS];
    char why[160]; /* it was to be counted and was not: why */
} gate_row;

typedef struct gate_rows {
    gate_row *row;
    int n, room;
    int too_large, unknown_isa; /* groups without a small workload; kernels whose tier callgrind does not know */
} gate_rows;

/* A new row, all zero; NULL: no memory. */
gate_row *gate_rows_add(gate_rows *rows);
/* Every kernel that the session means: its least and its greatest workload of those that are small, sorted by name. */
assay_status gate_rows_choose(const bench_session *s, gate_rows *rows, assay_why *why);
/* Fills count or why of each row, in as many processes as there are CPUs. */
void gate_rows_count(const bench_session *s, gate_rows *rows);
/* What runs under valgrind: a row from each line of standard input, in a process of its own. */
int gate_serve(const char *plugin);
#endif
