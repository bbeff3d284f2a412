/* SPDX-License-Identifier: MIT
 * pool.h - the judge's handle on the processes in which kernels run.  A small zygote is forked at the start, before any
 * thread, file or golden exists; every runner is forked from it.  Judge and runners share an arena: operands are placed
 * there by the judge and mapped by the runner between guard pages, inputs read-only.  No golden is ever in it. */
#ifndef ASSAY_POOL_H
#define ASSAY_POOL_H
#include "../../reference/core/compare.h"

enum { ASSAY_POOL_ARENA_LOG2 = 29, ASSAY_NOTE_BYTES = 4096, ASSAY_PARTS = 8 };

typedef struct assay_limits { /* of one call; set before a pool is opened */
    int seconds;              /* CPU time; half as long it may sleep */
    int mebibytes;            /* memory that a runner may take beyond what it starts with; 0: no limit */
} assay_limits;
extern assay_limits assay_pool_limits;

/* Whether a second call of the kernel, with other numbers, runs in turn with the one that is judged, or at once. */
typedef enum assay_beside { ASSAY_ALONE, ASSAY_IN_TURN, ASSAY_AT_ONCE } assay_beside;

/* Where an output that is cut in two is read-only. */
typedef enum assay_lock { ASSAY_LOCK_BEFORE = 1, ASSAY_LOCK_BEHIND } assay_lock;

typedef struct assay_job {      /* one call, as it is sent to a runner */
    uint32_t number;            /* filled by assay_pool_run */
    const assay_op *op;         /* NULL: no call, a question whether the runner waits for one */
    const assay_kernel *kernel; /* built in: the same address in both processes; NULL: plug-in */
    int32_t plugin;             /* index of the plug-in's kernel */
    int64_t dim[ASSAY_MAX_DIMS];
    assay_tensor t[ASSAY_MAX_OPND];                             /* data: filled by the runner */
    size_t offset[ASSAY_MAX_OPND];                              /* of the first byte in the arena */
    size_t page_at[ASSAY_MAX_OPND], page_bytes[ASSAY_MAX_OPND]; /* whole pages around it; 0: left out */
    uint8_t parts[ASSAY_MAX_OPND]; /* 2 to ASSAY_PARTS: its pages are so many equal parts, to be mapped far apart */
    bool writable[ASSAY_MAX_OPND];
    uint8_t cut, lock;            /* 1 + an output, 0: none; assay_lock: on which side of page_cut it is read-only */
    size_t page_cut;              /* bytes of its pages, a whole number of them */
    uint8_t over[ASSAY_MAX_OPND]; /* 1 + the input whose very tensor this output is (in place); 0: it has its own */
    int32_t threads;
    int64_t grain;
    bool reverse;
    uint8_t share;         /* assay_which: which work units of the last phase */
    uint8_t border;        /* assay_call.border */
    uint8_t beside;        /* assay_beside */
    size_t room;           /* bytes behind each operand before its guard page: assay_place_room */
    unsigned char poison;  /* of operands: outputs, padding, what lies around them */
    unsigned char scratch; /* of scratch, shared and packed memory */
    _Alignas(16) unsigned char params[ASSAY_MAX_PARAMS];
} assay_job;

typedef struct assay_answer {
    uint32_t number;     /* of the job that it answers */
    assay_by by;         /* NONE: the call returned; MEMORY, CRASH or TIMEOUT */
    assay_status status; /* what run() returned */
    bool idle;           /* TIMEOUT: it slept: a deadlock, or an emulator that lost a wake-up */
    uint8_t echo;        /* 1: the runner's, to a question without a call: it waits for the next job */
    uint32_t phases;     /* of the call */
    assay_why why;
    assay_why note; /* legal, and worth knowing; empty: nothing */
} assay_answer;

typedef struct assay_pool assay_pool;

/* plugin: path of a shared object that the runners load, or NULL.  Call before any thread exists. */
assay_pool *assay_pool_open(const char *plugin, assay_why *why);
/* Kernels run in this very process, for debuggers and sanitizers: none of it is confined, what crashes takes the judge
 * along, and a kernel that looks for the goldens finds them. */
assay_pool *assay_pool_open_here(const char *plugin, assay_why *why);
void assay_pool_close(assay_pool *pool);
unsigned char *assay_pool_arena(assay_pool *pool, size_t *bytes, size_t *page);
void assay_pool_run(assay_pool *pool, assay_job *job, assay_answer *a);
/* Kernels of the plug-in as the runner described them, named "plugin:kernel"; run is not callable here. */
size_t assay_pool_plugin_count(const assay_pool *pool);
const assay_kernel *assay_pool_plugin_kernel(const assay_pool *pool, size_t i);
const char *assay_pool_plugin_name(const assay_pool *pool);
/* From now on they are "name:kernel": two builds of one plug-in would bear the same. */
void assay_pool_call(assay_pool *pool, const char *name);
#endif
