/* SPDX-License-Identifier: MIT
 * gbench.h - Google Benchmark for C: closures in, one report per repetition out, as it is measured. */
#ifndef ASSAY_BENCH_GBENCH_H
#define ASSAY_BENCH_GBENCH_H
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

typedef struct gbench_sample {
    const char *name;
    int64_t repetition, repetitions, iterations;
    double real_ns, cpu_ns; /* per iteration */
    const char *error;      /* NULL: none */
} gbench_sample;

typedef struct gbench_case {
    const char *name;
    /* One of the two: hot runs one iteration inside Google Benchmark's own clock; timed measures an iteration itself
     * and returns its seconds (what it does before and after, such as emptying caches, is not counted). */
    void (*hot)(void *ctx, uint64_t i);
    double (*timed)(void *ctx, uint64_t i);
    /* After the last iteration of every run: look with the clock stopped, then, of hot alone, touch with it running. */
    void (*look)(void *ctx);
    void (*touch)(void *ctx);
    void *ctx;
    double min_seconds; /* per repetition, if iterations is 0 */
    int64_t iterations, repetitions;
} gbench_case;

typedef void (*gbench_report)(void *ctx, const gbench_sample *s);

/* Registers and runs the cases in order; 0, or -1 when Google Benchmark ran none of them. */
int gbench_run(const gbench_case *cases, int n, gbench_report report, void *ctx);
/* Google Benchmark's JSON document without rows: {"context": {...}, "benchmarks": []}; free() it.  NULL: no memory */
char *gbench_context(const char *executable);

#ifdef __cplusplus
}
#endif
#endif
