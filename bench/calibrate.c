/* SPDX-License-Identifier: MIT */
#include "calibrate.h"
#include "child.h"
#include "cpus.h"
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#if defined(__x86_64__)
#define LOOP10(n, body) /* n rounds of ten times body, a decrement and a branch */                                     \
    __asm__ volatile("1:\n\t.rept 10\n\t" body "\n\t.endr\n\tdec %1\n\tjnz 1b" : "+r"(x), "+r"(n) : : "cc")
#define ADD "add $1, %0"
#elif defined(__aarch64__)
#define LOOP10(n, body)                                                                                                \
    __asm__ volatile("1:\n\t.rept 10\n\t" body "\n\t.endr\n\tsubs %1, %1, #1\n\tb.ne 1b" : "+r"(x), "+r"(n) : : "cc")
#define ADD "add %0, %0, #1"
#endif

/* n rounds of ten additions, each of which waits for the one before: 12 n instructions, 10 n cycles */
static void additions(int64_t n)
{
#ifdef LOOP10
    int64_t x = 0;
    LOOP10(n, ADD);
#else
    (void)n;
#endif
}

double bench_truth_instructions(const bench_machine *m)
{
    const int64_t n = 1000000;
    (void)m;
    additions(n);
    return 12.0 * (double)n;
}

double bench_truth_cycles(const bench_machine *m)
{
    const int64_t n = 2000000;
    (void)m;
    additions(n);
    return 10.0 * (double)n;
}

/* A branch on random bits: every second one is guessed wrong. */
double bench_truth_branches(const bench_machine *m)
{
    const int n = 1000000;
    uint64_t s = 0x9e3779b97f4a7c15;
    (void)m;
    for (int i = 0; i < n; i++) {
        s ^= s << 13, s ^= s >> 7, s ^= s << 17;
        if (s >> 40 & 1)
            __asm__ volatile("nop");
        else
            __asm__ volatile("nop\n\tnop");
    }
    return n / 2.0;
}

/* One round trip over bytes, a cache line at a time, in random order (one cycle: Sattolo); prepared before `from`.
 * Returns the number of lines, each of which misses a cache much smaller than bytes. */
typedef struct chase {
    uint32_t next;
    char rest[60];
} chase;
static double trip(int64_t bytes, int64_t steps)
{
    static chase *line; /* kept from one call to the next: building it must not be counted again */
    static int64_t made;
    const int64_t n = bytes / (int64_t)sizeof *line;
    uint64_t s = 0x2545f4914f6cdd1d;
    uint32_t at = 0;
    if (bytes <= 0)
        return 0;
    if (made != bytes) {
        free(line);
        line = aligned_alloc(64, (size_t)n * sizeof *line);
        made = line ? bytes : 0;
        for (int64_t i = 0; line && i < n; i++)
            line[i].next = (uint32_t)i;
        for (int64_t i = n - 1; line && i > 0; i--) {
            s ^= s << 13, s ^= s >> 7, s ^= s << 17;
            const int64_t k = (int64_t)(s % (uint64_t)i);
            const uint32_t t = line[i].next;
            line[i].next = line[k].next, line[k].next = t;
        }
    }
    if (!line)
        return 0;
    for (int64_t i = 0; i < steps; i++)
        at = line[at].next;
    __asm__ volatile("" : : "r"(at));
    return (double)steps;
}

static double misses(const bench_machine *m, int level, int times)
{
    const bench_cache *c = bench_machine_cache(m, level);
    return c ? trip(c->bytes * times, 1 << 20) : 0;
}

double bench_truth_l1(const bench_machine *m)
{
    return misses(m, 1, 8);
}

double bench_truth_l2(const bench_machine *m)
{
    return misses(m, 2, 8);
}

double bench_truth_l3(const bench_machine *m)
{
    return misses(m, 3, 6);
}

/* 16 MiB of fresh memory, each page touched once. */
double bench_truth_faults(const bench_machine *m)
{
    const size_t bytes = 16 << 20;
    char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return 0;
    madvise(p, bytes, MADV_NOHUGEPAGE);
    for (size_t i = 0; i < bytes; i += (size_t)m->page)
        *(volatile char *)(p + i) = 1;
    munmap(p, bytes);
    return (double)bytes / (double)m->page;
}

/* What this thread's own clock says of the additions. */
double bench_truth_clock(const bench_machine *m)
{
    struct timespec a, b;
    (void)m;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
    additions(10000000);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
    return (double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec);
}

/* Each sleep gives the core away. */
double bench_truth_switches(const bench_machine *m)
{
    const struct timespec t = { .tv_nsec = 200000 };
    (void)m;
    for (int i = 0; i < 20; i++)
        nanosleep(&t, NULL);
    return 20;
}

/* From one core to another and back: each step is one migration. */
double bench_truth_migrations(const bench_machine *m)
{
    const int *cpu, n = bench_cpus_given(&cpu);
    (void)m;
    if (n < 2)
        return 0;
    for (int i = 0; i < 20; i++)
        bench_cpus_bind(&cpu[i & 1], 1);
    bench_cpus_bind(cpu, n);
    return 20;
}
