/* SPDX-License-Identifier: MIT
 * roof.h - measured peaks: multiply-add and 8-bit products per tier, read bandwidth per cache level. */
#ifndef ASSAY_BENCH_ROOF_H
#define ASSAY_BENCH_ROOF_H
#include "assay/assay.h"
#include "machine.h"

/* One loop that nothing can outrun.  It does n rounds over bytes at buffer (NULL, 0 where it only computes) and returns
 * how much it did: floating-point operations, 8-bit integer operations (two per multiply-add), dependent additions or
 * bytes read. */
typedef struct bench_probe {
    const char *kind; /* "fma", "mul+add", "int8", "chain", "read"; NULL ends a table */
    const char *isa;
    uint64_t bits;
    double (*run)(const void *buffer, size_t bytes, int64_t n);
} bench_probe;

extern const bench_probe bench_probes_scalar[], bench_probes_avx2[], bench_probes_avx512[], bench_probes_avx512vnni[],
    bench_probes_neon[], bench_probes_dotprod[];

enum { BENCH_ROOF_SAMPLES = 32 };
typedef struct bench_roof {
    char name[48]; /* "fma.avx2.1t", "mul+add.sse2.1t", "read.L2.2t", "call" */
    char kind[16] /* "compute", "latency", "memory", "call" */, isa[16], level[8], unit[16];
    int threads, n;
    int64_t bytes;
    double value, sample[BENCH_ROOF_SAMPLES]; /* value: the best sample (the median for "call") */
    char why[120];                            /* not empty: not measured */
} bench_roof;

typedef void (*bench_roof_visit)(void *ctx, const bench_roof *r);

/* Measures every roof that the tiers in isa have, for each of the thread counts.  Starts OpenMP threads: call it in a
 * child process (bench_roofs_in_child). */
void bench_roofs(const bench_machine *m, uint64_t isa, const int *threads, int n_threads, bool quick,
                 bench_roof_visit visit, void *ctx);
/* The same in a child of its own; at most seconds.  visit is called in this process as results come. */
void bench_roofs_in_child(const bench_machine *m, uint64_t isa, const int *threads, int n_threads, bool quick,
                          bench_roof_visit visit, void *ctx);
void bench_roof_json(const bench_roof *r, assay_json *j, const char *line);
#endif
