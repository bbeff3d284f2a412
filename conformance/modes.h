/* SPDX-License-Identifier: MIT
 * modes.h - what `assay check` was asked for, and which options go together. */
#ifndef ASSAY_MODES_H
#define ASSAY_MODES_H
#include "check.h"
#include "proof/scores/self.h"
#include "results/output.h"

typedef enum assay_mode {
    FAULTS,
    TIGHTNESS,
    MUTANTS,
    CONTRACTS,
    CERTIFICATE,
    METAMORPHIC,
    SELF,
    LEGAL,
    COVERAGE,
    MODES
} assay_mode;

typedef struct assay_asked {
    assay_filter filter;
    const char *line, *known, *claims;
    bool mode[MODES], verbose, detail, shrink, no_shrink, resume, in_process;
    const char *arg[MODES]; /* of a mode */
    int64_t max_failures;
    assay_self_how how;
    assay_outputs outputs;
    assay_search search;
    assay_calls_asked calls;
    const char *picture; /* of trees: a file or a folder */
} assay_asked;

/* An option that a mode does not heed ends the program with a sentence: nobody is to wait for results that are never
 * written, or to believe that all was judged which was named. */
void assay_modes_check(const assay_asked *o, const struct argp_state *state);

/* `assay check --plugin OLD --plugin NEW` (builds.c): judges both as s says, then says of which cases the verdict
 * changed.  The exit code is the new build's. */
int assay_builds_main(const assay_session *s, const assay_outputs *o, bool verbose);
#endif
