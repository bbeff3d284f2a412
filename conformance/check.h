/* SPDX-License-Identifier: MIT
 * check.h - `assay check`: the generic test.  Other front ends (vectors, the Check binary) use the same parts. */
#ifndef ASSAY_CHECK_H
#define ASSAY_CHECK_H
#include "../reference/core/calls.h"
#include "proof/scores/coverage.h"
#include "results/ledger.h"
#include "rules/implied.h"
#include "select.h"
#include <time.h>

int assay_cmd_check(int argc, char **argv);

typedef struct assay_session { /* one run over cases */
    const assay_filter *filter;
    const char *line;         /* the user's own case or pattern; NULL: every op's suite */
    const assay_calls *calls; /* those of the user's model; NULL: none was named */
    struct {
        int64_t judged, right; /* calls, each as often as the model makes it */
    } tally[ASSAY_CALLS_PHASES];
    bool faults; /* the ledger holds seeded faults and legal variants */
    assay_pool *pool;
    assay_ledger ledger;
    assay_coverage *coverage;                      /* of the op being run; NULL: filtered runs do not judge it */
    void (*after)(void *ctx, const assay_case *c); /* called when a case was judged; NULL: nothing */
    void *after_ctx;
    assay_implied *implied; /* the slips that specs imply, judged too; NULL: they are not */
    bool likely;            /* of the cases by rule those alone in which a slip is likely to show */
    int64_t met;            /* cases met in this turn */
    int turn, turns;        /* of the op's cases each turn runs every turns-th (mutants); 0: all at once */
} assay_session;

/* Runs all cases of the level by every entry of the ledger. */
assay_status assay_check_run(assay_session *s, assay_why *why);

/* The case that a line says, with the filter's seeds and shard. */
assay_status assay_check_line(const char *line, void *session, assay_why *why);
/* One case: counted, made, judged by every entry, and recorded. */
assay_status assay_check_case(assay_session *s, const assay_case *c, assay_why *why);
/* Judges one problem by every entry of the ledger that computes its op and takes its types.  Solves it as needed. */
assay_status assay_check_problem(assay_pool *pool, assay_ledger *l, assay_problem *p, const assay_filter *f,
                                 assay_why *why);
/* Entries for all kernels that the filter means: built-in ones and the plug-in's. */
void assay_check_kernels(assay_pool *pool, assay_ledger *l, const assay_filter *f);
/* Entries for all seeded faults and legal variants that the filter means. */
void assay_check_faults(assay_ledger *l, const assay_filter *f);

/* Tries the relations of metamorphic.h on every kernel of the op; a broken one is a failed case. */
assay_status assay_check_related(assay_session *s, const assay_op *op, assay_why *why);

/* `assay check --for TIME`: cases at random until the time is over; the exit code. */
typedef struct assay_search {
    double seconds; /* 0: no search */
    const char *keep;
} assay_search;
void assay_search_prepare(void); /* before the pool is opened: what stops a search stops no runner */
int assay_search_main(assay_session *s, const assay_search *how, bool verbose);
extern const struct argp assay_search_argp; /* --for --keep; its input is an assay_search */

/* `assay check --certificate GLOB`: a page per kernel, JSON if the filter names a file, pictures of its trees (NULL:
 * none); the exit code. */
int assay_check_certificates(assay_pool *pool, const assay_filter *f, const char *picture);
#endif
