/* SPDX-License-Identifier: MIT */
#include "starts.h"
#include "../../reference/core/status.h"
#include "confine.h"
#include <errno.h>
#include <math.h>
#include <omp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROCESSES = 2, THREADS = 3 }; /* zygote and runner; a team as large as the usual ones */

static void *wait_for_end(void *p)
{
    for (;;)
        pause();
    return p;
}

/* One process inside the other, as they are in a run; the innermost starts the threads.  0, or what was refused. */
static int nest(int depth)
{
    int status = 0;
    if (depth == 0) {
        pthread_t t;
        int bad = 0;
        for (int i = 1; !bad && i < THREADS; i++)
            bad = pthread_create(&t, NULL, wait_for_end, NULL);
        return bad;
    }
    const pid_t pid = fork();
    if (pid == 0)
        _exit(nest(depth - 1));
    if (pid < 0)
        return errno;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : EAGAIN;
}

bool assay_starts(assay_why *why)
{
    struct rlimit most = { 0, 0 };
    char words[40] = "no";
    fflush(NULL);
    const int bad = nest(PROCESSES);
    if (!bad)
        return true;
    if (!getrlimit(RLIMIT_NPROC, &most) && most.rlim_cur != RLIM_INFINITY)
        snprintf(words, sizeof words, "%llu", (unsigned long long)most.rlim_cur);
    return assay_fail(
               why, ASSAY_ERR_IO,
               "cannot judge: the system starts no %d processes with %d threads for this user: %s (ulimit -u: %s)",
               PROCESSES, THREADS, strerror(bad), words) == ASSAY_OK;
}

/* ---- a limit of memory ------------------------------------------------------------------------------------------ */

static size_t thread_bytes; /* 0: not known (no /proc) */

void assay_starts_measure(void)
{
    size_t *grown = mmap(NULL, sizeof *grown, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (grown == MAP_FAILED)
        return;
    fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0) {
        const size_t before = assay_confine_data();
#pragma omp parallel num_threads(THREADS)
        {
            free(malloc(1)); /* where the library keeps an arena for each thread, that is part of it */
#pragma omp barrier
#pragma omp master
            *grown = assay_confine_data() - before;
        }
        _exit(0);
    }
    if (pid > 0)
        waitpid(pid, NULL, 0);
    thread_bytes = *grown / (THREADS - 1);
    munmap(grown, sizeof *grown);
}

assay_status assay_starts_within(int mebibytes, int threads, size_t operands, assay_why *why)
{
    const double own = 1, stacks = (double)thread_bytes * (threads - 1) / 0x1p20, data = (double)operands / 0x1p20;
    if (!mebibytes || own + stacks + data <= mebibytes)
        return ASSAY_OK;
    return assay_fail(
        why, ASSAY_ERR_NOMEM,
        "cannot judge: before any kernel's code runs, a process with %d thread%s needs %.0f MiB (stacks %.1f, "
        "operands %.1f, the rest %g); --memory-limit gives %d",
        threads, threads == 1 ? "" : "s", ceil(own + stacks + data), stacks, data, own, mebibytes);
}
