/* SPDX-License-Identifier: MIT */
#include "cpus.h"
#include <errno.h>
#include <omp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_CPUS = 1 << 20 };

/* This thread's set, in as much room as the system wants (EINVAL: more); NULL: it does not say. */
static cpu_set_t *allowed(int *room, size_t *bytes)
{
    for (*room = CPU_SETSIZE; *room <= MOST_CPUS; *room *= 2) {
        cpu_set_t *set = CPU_ALLOC((size_t)*room);
        *bytes = CPU_ALLOC_SIZE((size_t)*room);
        if (set && sched_getaffinity(0, *bytes, set) == 0)
            return set;
        const int error = errno;
        if (set)
            CPU_FREE(set);
        if (!set || error != EINVAL)
            return NULL;
    }
    return NULL;
}

int bench_cpus_given(const int **list)
{
    static int *given, n;
    static const int first = 0;
    int room = 0;
    size_t bytes = 0;
    cpu_set_t *set = given ? NULL : allowed(&room, &bytes);
    if (set && (given = malloc((size_t)CPU_COUNT_S(bytes, set) * sizeof *given + 1)))
        for (int cpu = 0; cpu < room; cpu++)
            if (CPU_ISSET_S((size_t)cpu, bytes, set))
                given[n++] = cpu;
    if (set)
        CPU_FREE(set);
    if (list)
        *list = n ? given : &first;
    return n ? n : 1;
}

int bench_cpus_listed(const char *text)
{
    int n = 0;
    for (const char *at = text;;) {
        char *end;
        const long lo = strtol(at, &end, 10);
        long hi = lo;
        if (end == at || lo < 0)
            return -1;
        if (*end == '-') {
            at = end + 1;
            hi = strtol(at, &end, 10);
            if (end == at || hi < lo || hi > MOST_CPUS)
                return -1;
        }
        n += (int)(hi - lo + 1);
        if (*end != ',')
            return *end == 0 || *end == '\n' ? n : -1;
        at = end + 1;
    }
}

void bench_cpus_bind(const int *list, int n)
{
    const size_t room = (size_t)list[n - 1] + 1, bytes = CPU_ALLOC_SIZE(room);
    cpu_set_t *set = CPU_ALLOC(room);
    if (!set)
        return;
    CPU_ZERO_S(bytes, set);
    for (int i = 0; i < n; i++)
        CPU_SET_S((size_t)list[i], bytes, set);
    sched_setaffinity(0, bytes, set);
    CPU_FREE(set);
}

int bench_pin_team(int threads)
{
    const int *list;
    const int n = bench_cpus_given(&list);
    int team = 1;
    omp_set_dynamic(0); /* so many were asked for: OMP_DYNAMIC has no say */
#pragma omp parallel num_threads(threads)
    {
        const int nth = omp_get_thread_num();
        if (nth < n)
            bench_cpus_bind(&list[nth], 1);
#pragma omp single
        team = omp_get_num_threads();
    }
    return team;
}

const char *bench_team_why(void)
{
    static char words[80];
    const char *limit = getenv("OMP_THREAD_LIMIT");
    if (limit)
        snprintf(words, sizeof words, "OMP_THREAD_LIMIT=%.20s", limit);
    else
        snprintf(words, sizeof words, "the OpenMP library gave no more");
    return words;
}
