/* SPDX-License-Identifier: MIT
 * runner.h - the other side of pool.h: what runners do, and what goes over the wire. */
#ifndef ASSAY_RUNNER_H
#define ASSAY_RUNNER_H
#include "pool.h"

enum { ASSAY_PLUGIN_KERNELS = 256 };

typedef struct assay_described { /* one kernel of a plug-in, flattened */
    char op[48], name[64], packing[64], round[4][32];
    uint32_t op_version, flags;
    uint64_t isa;
    uint8_t has_contract, has_run;
    assay_typeset types[ASSAY_MAX_OPND];
    uint32_t layouts[ASSAY_MAX_OPND];
    assay_contract contract;
} assay_described;

typedef struct assay_greeting { /* a runner's first message */
    assay_status status;
    assay_why why;
    char plugin[128], name[64]; /* name: without the version; empty: it declares none */
    uint32_t n_kernels;         /* so many assay_described follow */
} assay_greeting;

typedef struct assay_runner_setup {
    int socket, arena, said; /* said: where a stranger's kernel prints; -1: nowhere */
    size_t arena_bytes;
    size_t memory; /* limit beyond what the process starts with; 0: none */
    char *note;    /* a page shared with the judge: what a dying runner touched */
    const char *plugin;
} assay_runner_setup;

_Noreturn void assay_runner_main(const assay_runner_setup *s);

/* In this very process, for debuggers: nothing is confined, no signal is caught, and a kernel that crashes takes the
 * caller along.  The greeting and its descriptions (room for ASSAY_PLUGIN_KERNELS) are as a runner would send them. */
bool assay_runner_here(const assay_runner_setup *s, assay_greeting *g, assay_described *d);
void assay_runner_job(assay_job *j, int arena, assay_answer *a);
#endif
