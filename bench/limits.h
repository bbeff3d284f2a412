/* SPDX-License-Identifier: MIT
 * limits.h - why a row takes as long as it does: what each thing that was measured would take alone, as a share of the
 * row's best repetition, and which of them accounts for it (docs/bench.md, "Why a row is as slow as it is"). */
#ifndef ASSAY_BENCH_LIMITS_H
#define ASSAY_BENCH_LIMITS_H
#include "../reference/core/json.h"
#include "papi.h"

typedef enum bench_limit {
    BENCH_CALL,    /* a call that computes nothing, and varying the inputs between two */
    BENCH_COMPUTE, /* the row's operations at the compute roof of its tier and team */
    BENCH_LEVEL,   /* its bytes at the read roof of the level that holds them */
    BENCH_LATENCY, /* its sums one after another, each a chain of dependent additions as long as the kernel declares */
    BENCH_WAITING, /* threads that wait for the slowest, and starting and joining the team */
    BENCH_LIMITS
} bench_limit;

typedef struct bench_limits_facts {
    double share[BENCH_LIMITS]; /* of the time of the best repetition; 0: not known */
    const char *level;          /* "L2", "memory" */
    const char *no_roofs;       /* why shares are not known; NULL: they are */
    bool impossible;            /* the row is marked so: no share is to be believed */
    const char *isa;            /* tier of the kernel */
    bool integers;              /* it multiplies 8-bit integers */
    double flops, bytes, least; /* per call; bytes: with weights as packed, least: as the op's formats have them */
    const bench_counter *counter;
    int n;                      /* of counter */
    int threads;                /* of the team; with one the rest is 0 */
    double wall, busiest, mean; /* ns of a call, of its busiest thread, of a thread on average; wall 0: not measured */
} bench_limits_facts;

/* The limit that accounts for 60 % of the time or more, the largest; -1: none does, or none is known. */
int bench_limit_of(const bench_limits_facts *f);
const char *bench_limit_name(const bench_limits_facts *f, int limit); /* "compute", "L2", "call cost" ... */
/* The fewest instructions: flops over what one multiply-add of the tier does, and the bytes over its vector's; 0: the
 * tier is not in the table. */
double bench_least_instructions(const char *isa, bool integers, double flops, double bytes);
/* Dependent additions of one sum of n terms in so many lanes (1: one after another). */
double bench_chain(double n, int lanes);
/* The member "why" of a row: bound_by, share, shares, least, ratios to it, ipc, and sentences. */
void bench_limits_json(const bench_limits_facts *f, assay_json *j);
#endif
