/* SPDX-License-Identifier: MIT
 * judge.h - one case, one kernel: placed in memory twice, in hostile layouts, run in a runner, audited, compared. */
#ifndef ASSAY_JUDGE_H
#define ASSAY_JUDGE_H
#include "pool.h"

/* FAILED_AS_KNOWN: it failed, as somebody expects it to (results/expected.h). */
typedef enum assay_outcome { ASSAY_PASSED, ASSAY_FAILED, ASSAY_NOT_ACCEPTED, ASSAY_FAILED_AS_KNOWN } assay_outcome;

/* plugin: index of the plug-in's kernel, or -1 for one of this program.  p is solved for k's contract.  threads: team
 * size of the second placement (the first runs on one thread, whole). */
assay_outcome assay_judge(assay_pool *pool, const assay_problem *p, const assay_kernel *k, int plugin, int threads,
                          assay_finding *f);

/* How a case is placed and run.  PLAIN: dense, at a guard page; HOSTILE: padded rows, odd offsets; IN_PLACE: hostile,
 * with the output over an input; AFTER: plain, after a call with other numbers at the same addresses; APART: plain, the
 * middle third of the work units in a call of its own, which must write nothing that the others write; IN_TURN: plain,
 * a work unit of this call, one of a call with other numbers and other memory, and so on; AT_ONCE: plain, while such a
 * call runs on another thread; FAR: plain, with the rows (or planes) of operands of few 64 GiB apart, so that no offset
 * fits in 32 bits. */
typedef enum assay_place {
    ASSAY_PLACE_PLAIN,
    ASSAY_PLACE_HOSTILE,
    ASSAY_PLACE_IN_PLACE,
    ASSAY_PLACE_AFTER,
    ASSAY_PLACE_APART,
    ASSAY_PLACE_IN_TURN,
    ASSAY_PLACE_AT_ONCE,
    ASSAY_PLACE_FAR,
    ASSAY_PLACES
} assay_place;
typedef struct assay_manner {
    assay_place place;
    int threads;
    int64_t grain;                 /* assay_call.grain */
    bool reverse;                  /* slices from last to first */
    unsigned char poison, scratch; /* what stands in outputs, and in scratch memory, before the call */
    bool blind;                    /* outputs are not compared: who returned has passed */
} assay_manner;
const char *assay_place_name(int place);
/* By the case's seed: AFTER and APART for one in eight each, IN_TURN and AT_ONCE for one in sixteen each. */
bool assay_place_applies(const assay_problem *p, const assay_kernel *k, assay_place place);
bool assay_can_be_in_place(const assay_case *c); /* some output has an input of its shape and type */
/* The manner in which assay_judge runs this place. */
assay_manner assay_manner_of(const assay_problem *p, assay_place place, int threads);
/* One run.  out: NULL, or ASSAY_MAX_OPND tensors that get dense copies of the outputs as the kernel left them (data
 * NULL where there is none, or where the call did not return); freed by assay_outputs_free. */
assay_outcome assay_judge_once(assay_pool *pool, const assay_problem *p, const assay_kernel *k, int plugin,
                               const assay_manner *m, assay_finding *f, assay_tensor *out);
void assay_outputs_free(assay_tensor *out);

/* Sees each call of assay_judge that was answered: by is NONE, or what is wrong apart from the outputs in got; after
 * CRASH, TIMEOUT and MEMORY (a guard page was touched) these are not to be used.  A call that touched a guard page is
 * followed by one with room behind its operands, for the watch alone.  NULL: nobody watches. */
typedef void (*assay_watch)(void *ctx, const assay_problem *p, const assay_kernel *k, assay_by by,
                            const assay_tensor *got);
void assay_judge_watch(assay_watch watch, void *ctx);
#endif
