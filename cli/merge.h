/* SPDX-License-Identifier: MIT
 * merge.h - joining what assay bench --json wrote. */
#ifndef ASSAY_MERGE_H
#define ASSAY_MERGE_H
#include "../conformance/results/output.h"

bool assay_is_bench(const char *path); /* by the kind that it says it is */
/* The exit code.  o->path[0]: where the joined document goes, NULL: nowhere. */
int assay_merge_bench(char *const *file, int n, const assay_outputs *o, bool force);

enum { BENCH_LISTS = 4 };
extern const char *const bench_lists[BENCH_LISTS]; /* of a document */

typedef struct bench_part {
    struct cJSON *doc; /* { context, the four lists } */
    char digest[20];
    const char *version, *commit, *model;
    int shard, shards;
    bool quick;
} bench_part;

typedef struct bench_parts {
    bench_part *at;
    size_t n;
    const char *path; /* of the file being read */
    assay_why *why;
} bench_parts;

int bench_same_split(const bench_part *a, const bench_part *b); /* 0: shards of one split, else their order */
int bench_parts_print(const bench_parts *all);                  /* 1: a row failed, or a shard has not come */
char *bench_parts_text(const bench_parts *all);                 /* to be freed */
#endif
