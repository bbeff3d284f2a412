/* SPDX-License-Identifier: MIT */
#include "starts.h"
#include "../../reference/core/status.h"
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
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
