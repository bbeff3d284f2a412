/* SPDX-License-Identifier: MIT
 * select.h - which ops and kernels a command means: the filters that check, bench, vectors and run share. */
#ifndef ASSAY_SELECT_H
#define ASSAY_SELECT_H
#include "../reference/core/registry.h"
#include "../reference/core/suite.h"
#include <argp.h>

enum { ASSAY_MAX_SHARDS = 65536, ASSAY_MAX_GLOBS = 15, ASSAY_MAX_TEAMS = 8 };

typedef struct assay_filter {
    const char *op;     /* NULL: all */
    const char *kernel; /* glob over the name, NULL: all */
    const char *isa;    /* "avx2": at most that tier; "=avx2": exactly; NULL: what the CPU has */
    int threads[ASSAY_MAX_TEAMS], n_threads;
    assay_level level;
    bool rows_only; /* the ops' own rows: no case that is made by rule */
    bool has_seed;
    uint64_t seed;
    const char *plugin, *json;
    const char *plugin_b; /* --plugin given twice, two builds of one: only where the command sets builds beforehand */
    bool builds;
    int shard, shards;                 /* --shard 2/4; shards 0: the whole */
    const char *also[ASSAY_MAX_GLOBS]; /* further -k: a kernel may match any */
    int n_also;
    const char *kernel_b; /* -k given exactly twice: only where the command sets pairs beforehand */
    bool pairs;
} assay_filter;

typedef enum assay_state { ASSAY_RUNS, ASSAY_NOT_ON_CPU, ASSAY_FILTERED } assay_state;

/* Checks op and isa names; a sentence in why on failure. */
assay_status assay_filter_check(const assay_filter *f, assay_why *why);
/* A plug-in's kernel is named "plugin:kernel", ours "kernel".  A pattern with a colon means the whole name, one without
 * the kernel's own, whosoever it is. */
const char *assay_kernel_bare(const char *name);
bool assay_kernel_matches(const char *glob, const char *name);
assay_state assay_filter_kernel(const assay_filter *f, const assay_kernel *k);
/* Op, name and tier that a line of kernels.def stands for, "neon/matmul_neon"; the op of none of its own is "?". */
assay_kernel assay_kernel_of_file(const char *file);
/* A kernel that this build lacks, by its file: would these options mean it?  No plug-in has any. */
bool assay_filter_absent(const assay_filter *f, const char *file);

/* A name without a slash is a file here: to the loader it would be one of the system's libraries. */
const char *assay_plugin_path(const char *file);

/* The options that commands share, as children of their argp; the input of both is an assay_filter.
 * filter: -o -k --isa --threads --plugin --json; effort: --seed --quick --full --exhaustive;
 * shard: --shard. */
extern const struct argp assay_filter_argp, assay_effort_argp, assay_shard_argp;
#endif
