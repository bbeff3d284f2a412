/* SPDX-License-Identifier: MIT */
#include "watch.h"
#include "../../reference/core/clock.h"
#include "../../reference/core/registry.h"
#include "../../reference/core/status.h"
#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum { FIRST_MS = 100, LEAST_MS = 50, MOST_MS = 150, STOPS = 3, BLIND = 10 };

/* Of all threads, those that have ended too; needs no /proc. */
static double cpu_of(pid_t pid)
{
    clockid_t clock;
    struct timespec t;
    if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &t))
        return 0;
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Two teams as large as there are. */
static int most_threads(void)
{
    int cpus;
    return 2 * assay_cpu_team(&cpus);
}

/* MiB that this process keeps from others: its own and shared pages, those swapped out, page tables.  Pages of files
 * can be had again and do not count.  Negative: no /proc. */
static double memory_of(pid_t pid, int *threads)
{
    static const char *const keys[] = { "RssAnon:", "RssShmem:", "VmPTE:", "VmSwap:" };
    char path[64], line[256];
    unsigned long kib;
    double sum = 0;
    *threads = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "r");
    if (!f)
        return -1;
    while (fgets(line, sizeof line, f)) {
        if (sscanf(line, "Threads: %d", threads) == 1)
            continue;
        for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
            if (!strncmp(line, keys[i], strlen(keys[i])) && sscanf(line + strlen(keys[i]), "%lu", &kib) == 1)
                sum += (double)kib / 1024;
    }
    fclose(f);
    return sum;
}

/* The third field of a stat file (proc(5)); 0: there is none. */
static char state_in(const char *path)
{
    char text[512] = "", state = 0;
    FILE *f = fopen(path, "r");
    if (!f)
        return 0;
    text[fread(text, 1, sizeof text - 1, f)] = 0;
    fclose(f);
    const char *after = strrchr(text, ')');
    return after && sscanf(after + 1, " %c", &state) == 1 ? state : 0;
}

/* R if any thread runs or waits for a CPU, D if any waits for a disk, else the first thread's; 0: no /proc. */
static char state_of(pid_t pid)
{
    char path[320], state, all = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    if ((all = state_in(path)) == 'R' || !all)
        return all;
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *d = opendir(path);
    for (const struct dirent *e; d && all != 'R' && (e = readdir(d));) {
        snprintf(path, sizeof path, "/proc/%d/task/%.250s/stat", (int)pid, e->d_name);
        if (e->d_name[0] != '.' && ((state = state_in(path)) == 'R' || state == 'D'))
            all = state;
    }
    if (d)
        closedir(d);
    return all;
}

void assay_watch_open(assay_watch *w, pid_t pid, pid_t like)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    int threads;
    *w = (assay_watch){ .pid = pid,
                        .memory0 = memory_of(like, &threads),
                        .random = (uint64_t)t.tv_nsec ^ (uint64_t)pid << 32 };
}

void assay_watch_call(assay_watch *w, double cpu_s, double asleep_s, double mebibytes)
{
    w->cpu_s = cpu_s, w->asleep_s = asleep_s, w->mebibytes = mebibytes;
    w->begun = false;
    w->stopped = 0;
    w->asleep = 0;
}

static int pause_ms(assay_watch *w)
{
    w->random = w->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return w->begun ? LEAST_MS + (int)((w->random >> 33) % (MOST_MS - LEAST_MS)) : FIRST_MS;
}

static assay_watched measure(assay_watch *w)
{
    const char state = state_of(w->pid);
    const double cpu = cpu_of(w->pid), memory = memory_of(w->pid, &w->threads), t = assay_seconds();
    if (!w->begun) /* nearly every call is over before anything has to be measured */
        w->cpu0 = w->cpu = cpu, w->last = t;
    w->begun = true;
    if (!state && cpu > w->cpu) /* no /proc: what is known is that it ran */
        w->asleep += t - w->last > cpu - w->cpu ? t - w->last - (cpu - w->cpu) : 0;
    else if (state != 'R' && state != 'D')
        w->asleep += t - w->last;
    w->stopped = state == 'T' ? w->stopped + 1 : 0;
    w->cpu = cpu, w->last = t;
    if (w->mebibytes > 0 && memory - w->memory0 > w->mebibytes && memory >= 0 && w->memory0 >= 0)
        return ASSAY_SWOLLEN;
    if (memory >= 0 && w->threads > most_threads())
        return ASSAY_CROWDED;
    if (w->stopped == STOPS)
        return ASSAY_STOPPED;
    if (w->asleep_s > 0 && w->asleep > w->asleep_s * (state ? 1 : BLIND)) /* blind, load looks like sleep */
        return ASSAY_ASLEEP;
    return w->cpu_s > 0 && cpu - w->cpu0 > w->cpu_s ? ASSAY_BUSY : ASSAY_SPOKE;
}

assay_watched assay_watch_look(assay_watch *w, int fd, bool *more)
{
    struct pollfd p = { fd, POLLIN, 0 };
    *more = false;
    if (poll(&p, 1, pause_ms(w)) > 0)
        return ASSAY_SPOKE;
    const assay_watched what = measure(w);
    *more = what == ASSAY_SPOKE;
    return !*more && poll(&p, 1, 0) > 0 ? ASSAY_SPOKE : what;
}

assay_watched assay_watch_wait(assay_watch *w, int fd)
{
    bool more = true;
    assay_watched what = ASSAY_SPOKE;
    while (more)
        what = assay_watch_look(w, fd, &more);
    return what;
}

bool assay_watch_alive(pid_t pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    const char state = state_in(path);
    return state && state != 'Z' && state != 'X';
}

void assay_watch_words(const assay_watch *w, assay_watched what, assay_why *why)
{
    switch (what) {
    case ASSAY_BUSY:
        assay_fail(why, ASSAY_OK, "no answer after %g s of CPU time", w->cpu_s);
        break;
    case ASSAY_SWOLLEN:
        assay_fail(why, ASSAY_OK, "took more than %g MiB of memory", w->mebibytes);
        break;
    case ASSAY_CROWDED:
        assay_fail(why, ASSAY_OK, "started %d threads, of at most %d", w->threads - 1, most_threads() - 1);
        break;
    case ASSAY_STOPPED:
        assay_fail(why, ASSAY_OK, "stopped its process");
        break;
    default:
        assay_fail(why, ASSAY_OK,
                   "no answer, and no thread of it could run for %g s in all: it sleeps, or waits for itself",
                   w->asleep_s);
    }
}

const char *assay_watch_absent(void)
{
    int threads;
    return memory_of(getpid(), &threads) >= 0 ? ""
                                              : "memory and number of threads of processes: not watched (no /proc); "
                                                "time asleep: told from load on the "
                                                "machine by a limit ten times as long";
}
