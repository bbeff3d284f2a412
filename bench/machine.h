/* SPDX-License-Identifier: MIT
 * machine.h - what the machine is: read once, before any child; printed as the passport of every result. */
#ifndef ASSAY_BENCH_MACHINE_H
#define ASSAY_BENCH_MACHINE_H
#include "../reference/core/json.h"
#include "quota.h"

typedef struct bench_cache {
    int level, ways, shared_by;
    char type[16];
    int64_t bytes, line;
} bench_cache;

typedef struct bench_machine {
    char model[128], vendor[64], governor[96], os[96], kernel[160], virtual[32], huge_pages[64], caches_from[16];
    int family, number, stepping, cores, threads;
    double mhz, load[3];
    int64_t memory, available, page;
    int n_caches;
    bench_cache cache[16];
    bench_quota quota;
} bench_machine;

void bench_machine_read(bench_machine *m);
/* The data or unified cache of a level (1, 2, 3); NULL if there is none. */
const bench_cache *bench_machine_cache(const bench_machine *m, int level);
int64_t bench_machine_last_cache(const bench_machine *m); /* bytes of the last level; 0 if unknown */
/* "L1" .. "L3" or "memory": the smallest level that holds bytes on each of threads cores that share them out; below:
 * bytes that the level before it holds. */
const char *bench_machine_level(const bench_machine *m, int64_t bytes, int threads, int64_t *below);
/* Opens the member "assay" (or a key of your own), writes everything but counters, and leaves it open. */
void bench_passport_open(const bench_machine *m, assay_json *j, const char *key);
/* First line that a program prints of its --version, or "n/a: not installed". */
const char *bench_tool(const char *name, char *line, int n);
#endif
