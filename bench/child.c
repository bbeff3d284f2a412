/* SPDX-License-Identifier: MIT */
#include "child.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

double bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int put_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        const ssize_t k = write(fd, p, n);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return -1;
        p += k, n -= (size_t)k;
    }
    return 0;
}

/* 0: all read; 1: end of file; 2: out of time */
static int get_all(int fd, char *p, size_t n, double deadline)
{
    while (n > 0) {
        if (deadline > 0) {
            const double left = deadline - bench_now();
            struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
            const int ready = left > 0 ? poll(&poll_fd, 1, left > 1000 ? 1000000 : (int)(left * 1000) + 1) : 0;
            if (left <= 0)
                return 2;
            if (ready <= 0)
                continue; /* EINTR, or look at the clock again */
        }
        const ssize_t k = read(fd, p, n);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return 1;
        p += k, n -= (size_t)k;
    }
    return 0;
}

int bench_send(int to, const void *record, size_t n)
{
    const uint64_t length = n;
    return put_all(to, (const char *)&length, sizeof length) || put_all(to, record, n) ? -1 : 0;
}

size_t bench_receive(int from, void *record, size_t room)
{
    uint64_t n;
    if (get_all(from, (char *)&n, sizeof n, 0) || n > room || get_all(from, record, (size_t)n, 0))
        return 0;
    return (size_t)n;
}

int bench_child_start(bench_child *c, int (*body)(void *, int, int), void *ctx, double seconds)
{
    int up[2], down[2];
    *c = (bench_child){ .pid = -1, .from = -1, .to = -1, .deadline = seconds > 0 ? bench_now() + 10 * seconds : 0 };
    signal(SIGPIPE, SIG_IGN);
    if (pipe(up))
        return -1;
    if (pipe(down)) {
        close(up[0]), close(up[1]);
        return -1;
    }
    fflush(NULL);
    c->pid = fork();
    if (c->pid < 0) {
        close(up[0]), close(up[1]), close(down[0]), close(down[1]);
        snprintf(c->why, sizeof c->why, "no process: %s", strerror(errno));
        return -1;
    }
    if (c->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGINT, SIG_DFL), signal(SIGTERM, SIG_DFL);
        close(up[0]), close(down[1]);
        const rlim_t limit = (rlim_t)(seconds > 0 ? seconds + 1 : 0);
        if (limit > 0) /* SIGXCPU: a busy machine does not end it, a kernel that hangs does */
            setrlimit(RLIMIT_CPU, &(struct rlimit){ limit, limit + 5 });
        setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
        const int status = body(ctx, down[0], up[1]);
        fflush(NULL);
        _exit(status);
    }
    close(up[1]), close(down[0]);
    c->from = up[0], c->to = down[1];
    return 0;
}

static void reap(bench_child *c, const char *why)
{
    int status = 0;
    if (c->pid > 0) {
        if (why)
            kill(c->pid, SIGKILL);
        while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
            ;
        c->pid = -1;
        if (why)
            snprintf(c->why, sizeof c->why, "%s", why);
        else if (WIFSIGNALED(status))
            snprintf(c->why, sizeof c->why, "killed by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
        else if (WEXITSTATUS(status))
            snprintf(c->why, sizeof c->why, "ended with status %d", WEXITSTATUS(status));
    }
    if (c->from >= 0)
        close(c->from), close(c->to);
    c->from = c->to = -1;
}

size_t bench_child_get(bench_child *c, void *record, size_t room)
{
    uint64_t n = 0;
    if (c->from < 0)
        return 0;
    int bad = get_all(c->from, (char *)&n, sizeof n, c->deadline);
    if (!bad && n > room) {
        reap(c, "sent a record that is too long");
        return 0;
    }
    if (!bad)
        bad = get_all(c->from, record, (size_t)n, c->deadline);
    if (bad)
        reap(c, bad == 2 ? "out of time" : NULL);
    return bad ? 0 : (size_t)n;
}

int bench_child_put(bench_child *c, const void *record, size_t n)
{
    return c->to >= 0 ? bench_send(c->to, record, n) : -1;
}

void bench_child_end(bench_child *c)
{
    if (c->from >= 0)
        reap(c, "ended by its parent");
}
