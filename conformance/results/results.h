/* SPDX-License-Identifier: MIT
 * results.h - what `assay check --json` writes and `assay merge` joins (docs/results.md).  A document is a set of
 * parts, one per run of the judge; all else in it is computed from them, so that joining documents is the union of
 * their sets: associative, commutative, and a part that comes twice counts once. */
#ifndef ASSAY_RESULTS_H
#define ASSAY_RESULTS_H
#include "../../reference/core/json.h"
#include "assay/assay.h"

enum { ASSAY_RESULTS_SCHEMA = 2, ASSAY_RESULTS_SHOWN = 5 }; /* SHOWN: failures per kernel, where a person reads */

typedef enum assay_reached {                    /* from nearest to farthest */
                             ASSAY_JUDGED,      /* it could run; counts say the rest */
                             ASSAY_NO_CPU,      /* "not on this CPU" */
                             ASSAY_NO_BUILD,    /* "not built" */
                             ASSAY_FILTERED_OUT /* "filtered": the options of its run do not mean it */
} assay_reached;

typedef struct assay_result_typed {
    const char *types;
    int64_t passed, failed, known;
    double worst;
} assay_result_typed;

typedef struct assay_result_shared { /* of one generator, with the same optional operands and parameters */
    const char *gen, *line;
    int64_t passed, at;
    double worst, typical;
} assay_result_shared;

typedef struct assay_result_failure {
    const char *by, *line, *operand, *why, *words, *placement;
    const char *known; /* of a failure that is expected: since when, and why; NULL */
    int64_t threads;
    int64_t at, index; /* at: which case of its op it was, in the order of a whole run */
    double got, want, bound;
} assay_result_failure;

typedef struct assay_result_kernel {
    const char *op, *kernel, *isa;
    const char *file; /* "avx2/attention_avx2", "simd/add_avx2": the same for every target; "" for a plug-in's */
    assay_reached reached;
    int64_t passed, failed, known, not_accepted, worst_at; /* known: failures that are expected, no part of failed */
    int64_t other_types, not_run; /* of cases: types that it does not take; left out after it was given up */
    double worst, worst_long;     /* worst_long: in cases with a length of ASSAY_LONG and more */
    double seconds;               /* that its calls and their judging took */
    const char *worst_case, *contract;
    const char *note, *note_case;  /* what is legal, and worth knowing, and the first case that showed it; NULL */
    const char *cause;             /* what its failed cases share and no passed one has, or NULL */
    const char *shrunk;            /* the smallest case that fails like the first failure, or NULL */
    const char *expected, *source; /* of a seeded fault: "fault" or "legal", and where it comes from; NULL */
    const char *says;              /* what the first failure must say; NULL: anything */
    assay_result_typed *typed;
    assay_result_shared *shared; /* cases that show how tight the bound is */
    assay_result_failure *failure, *known_failure;
    size_t n_typed, n_shared, n_failures, n_known;
} assay_result_kernel;

typedef struct assay_result_op { /* an op whose cases were generated */
    const char *op;
    int64_t cases;
    bool covered;         /* missing[] was computed */
    const char **missing; /* coverage that its cases lack */
    size_t n_missing;
    const char *known; /* why the reference's known answers fail; NULL: they hold */
} assay_result_op;

typedef struct assay_result_unmet { /* a claim of which nothing was run, a known failure that is gone: a sentence */
    const char *what;
} assay_result_unmet;

typedef struct assay_result_part {
    const char *what; /* "kernels", "faults", "vectors", "cases" (the user's own) */
    const char *version, *commit, *compiler, *target, *flags;
    const char *model, *features;                            /* of the CPU; features apart by spaces */
    const char *level, *seed;                                /* seed: "7", or NULL: one per case */
    const char *op, *kernel, *isa, *threads, *line, *plugin; /* the filter; NULL where there was none */
    const char *plugin_file;                                 /* as it was given: what a repeated run is given */
    const char *secret;      /* the hash of ASSAY_SECRET; NULL: seeds alone made the inputs */
    const char *not_checked; /* of a plug-in, on this system, and why; NULL: nothing */
    bool emulated;           /* AVX-512 as portable C */
    int64_t shard, shards;
    int64_t elements, elements_judged, outputs_not_judged; /* of vector files; 0: of none */
    assay_result_op *ops;
    assay_result_kernel *kernels;
    assay_result_unmet *unmet;
    size_t n_ops, n_kernels, n_unmet;
    char digest[20]; /* of everything above */
} assay_result_part;

typedef struct assay_results {
    assay_result_part *part;
    size_t n;
    struct assay_chunk *memory; /* of everything that hangs on the parts */
} assay_results;

void *assay_results_alloc(assay_results *r, size_t bytes); /* zeroed; aborts without memory */
const char *assay_results_text(assay_results *r, const char *text);
void assay_results_free(assay_results *r);
void assay_part_seal(assay_result_part *p); /* sorts what has no order and computes the digest */
const char *assay_reached_name(assay_reached s);

/* ---- all that is computed from the parts ------------------------------------------------------------------ */

typedef struct assay_result_seen { /* one kernel in one part */
    const assay_result_part *part;
    const assay_result_kernel *k;
} assay_result_seen;

typedef struct assay_result_sum { /* one kernel over all parts */
    assay_result_kernel k;        /* sums; reached: the best of them; the first failures */
    const char *what, *plugin, *verdict;
    bool whole; /* judged in every shard of some split */
    bool good;  /* nothing that counts against the run */
    assay_result_seen *seen;
    size_t n_seen;
} assay_result_sum;

typedef struct assay_summary {
    assay_results memory;
    const assay_results *of;
    assay_result_sum *kernel;
    size_t n;
    int64_t cases, holes, passed, failed, known, not_accepted, other_types, not_run;
    int64_t faults, caught, legal, flagged, bad, judged, off_cpu, not_built, filtered;
    const char **hole; /* in ops' order: "rmsnorm: C mod 16 = 3" */
    size_t n_holes;
    const char **unmet;
    size_t n_unmet;
    const char **lacking; /* "kernels quick: shards 2/4 3/4": missing runs */
    size_t n_lacking;
    char digest[20];
} assay_summary;

void assay_summarize(const assay_results *r, assay_summary *s);
void assay_summary_free(assay_summary *s);
/* Kernels of the tier that are not judged in every shard; -1: no run knows such a tier.  Names go to stdout. */
int assay_summary_missing(const assay_summary *s, const char *tier);
int assay_summary_code(const assay_summary *s); /* 0 all right, 1 not */
void assay_summary_print(const assay_summary *s, bool verbose);

/* ---- joining ------------------------------------------------------------------------------------------------- */

char *assay_results_load(const char *path, size_t *n, assay_why *why); /* a file's text, to be freed; NULL: why */
assay_status assay_results_read(assay_results *r, const char *path, assay_why *why); /* adds the file's parts */
/* Sorts the parts and drops those that came twice.  force: builds may differ, a shard may differ from itself. */
assay_status assay_results_join(assay_results *r, bool force, int64_t *twice, assay_why *why);
#endif
