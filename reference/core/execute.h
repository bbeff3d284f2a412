/* SPDX-License-Identifier: MIT
 * execute.h - one call over a team of OpenMP threads: phases, work units, scratch.  Called from the runner, from the
 * bench and from models; never from the judge's process. */
#ifndef ASSAY_CORE_EXECUTE_H
#define ASSAY_CORE_EXECUTE_H
#include "assay/assay.h"

/* Which units of the last phase are computed: the middle third, or the others. */
enum { ASSAY_BORDERS = 4, ASSAY_BUSY_STEP = 8 /* a cache line each */ };
typedef enum assay_which { ASSAY_ALL_UNITS, ASSAY_OTHER_UNITS, ASSAY_MIDDLE_UNITS } assay_which;

typedef struct assay_call {
    const assay_op *op;
    const assay_kernel *kernel;
    assay_args args; /* operand, dim, params filled; the rest is execute's */
    void *packed;
    size_t packed_size; /* of assay_call_pack; freed by assay_call_free: a caller that
                          shares one copy sets both to 0 before */
    void *shared;
    size_t shared_bytes;
    void *scratch;
    size_t scratch_bytes; /* per worker */
    size_t scratch_step;  /* from one worker's to the next; 0: scratch_bytes */
    int threads;          /* team size; 1: no parallel region */
    int64_t grain;        /* units per slice, of thousands at both ends, fourfold in each second phase; 0: 4 * threads
                             slices, -n: n slices, of any phase */
    uint8_t border;       /* of a share, 0 to ASSAY_BORDERS - 1: where the middle units lie */
    assay_which share;    /* ALL, or what the harness calls apart */
    bool reverse;         /* slices from last to first: the harness looks for hidden dependence */
    /* Of shared, scratch, packed: n areas, step bytes apart; NULL: assay_aligned.  The harness puts guards around them.
     */
    void *(*alloc)(const char *what, size_t bytes, int n, size_t *step);
    void (*release)(void *p);
    void (*wipe)(void *scratch, size_t bytes); /* scratch does not survive a phase; NULL: as it was */
    double
        *busy; /* seconds that each thread spent in its shares are added, every ASSAY_BUSY_STEP-th; NULL: nobody asks */
    void *dense[ASSAY_MAX_OPND], *dense_before[ASSAY_MAX_OPND]; /* the scalar baseline's float arrays */
} assay_call;

/* Allocates shared and scratch for the largest phase and decodes what the scalar baseline needs. */
assay_status assay_call_prepare(assay_call *c, assay_why *why);
size_t assay_call_packed_bytes(const assay_call *c);
assay_status assay_call_pack(assay_call *c, assay_why *why); /* allocates packed and packs; no-op without pack() */
assay_status assay_call_run(assay_call *c);                  /* opens a parallel region of its own when threads > 1 */
/* The same inside a parallel region that the caller opened: every thread calls it, and a barrier must follow. */
assay_status assay_call_run_team(assay_call *c, int thread, int threads);
void assay_call_free(assay_call *c);

/* A call on one thread, a work unit at a time (UNSLICED: a phase), so that others can be called in between. */
typedef struct assay_walk { /* all 0: at its start */
    assay_args a;
    uint32_t phases;
    int64_t units;
    bool begun;
    assay_status status; /* of the first unit that was not OK, which is the last */
} assay_walk;
bool assay_call_step(const assay_call *c,
                     assay_walk *w); /* false: there is nothing left; not for the scalar baseline */
void *assay_aligned(size_t bytes);   /* 64-byte aligned, freed by free(); never NULL for 0 */
#endif
