/* SPDX-License-Identifier: MIT */
#include "child.h"
#include "../conformance/judge/runner.h"
#include "../conformance/judge/wire.h"
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

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

/* 0: all read; 1: end of file; 2: a limit is over, and how it is called stands in why */
static int get_all(int fd, char *p, size_t n, assay_watch *watch, assay_why *why)
{
    while (n > 0) {
        const assay_watched what = watch ? assay_watch_wait(watch, fd) : ASSAY_SPOKE;
        if (what != ASSAY_SPOKE) {
            assay_watch_words(watch, what, why);
            return 2;
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
    if (get_all(from, (char *)&n, sizeof n, NULL, NULL) || n > room || get_all(from, record, (size_t)n, NULL, NULL))
        return 0;
    return (size_t)n;
}

char *bench_child_note;

int bench_child_start(bench_child *c, int (*body)(void *, int, int), void *ctx, double seconds)
{
    int up[2], down[2];
    *c = (bench_child){ .pid = -1, .from = -1, .to = -1, .cpu_s = seconds, .asleep_s = seconds };
    assay_watch_open(&c->watch, getpid(), getpid());
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (pipe(up))
        return -1;
    if (pipe(down)) {
        close(up[0]), close(up[1]);
        return -1;
    }
    void *note = mmap(NULL, ASSAY_NOTE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    bench_child_note = c->note = note == MAP_FAILED ? NULL : note;
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
    c->watch.pid = c->pid;
    return 0;
}

/* Of one that has closed its end without a word: is it gone, or does it go on?  NULL: it ended by itself. */
static const char *wait_end(bench_child *c)
{
    bool more = true;
    for (int ms = 0; more && assay_watch_alive(c->pid);) {
        if (ms++ < 100)
            usleep(1000);
        else
            assay_watch_look(&c->watch, -1, &more);
    }
    return more ? NULL : "closed the pipe to its judge and went on";
}

static void reap(bench_child *c, const char *why)
{
    int status = 0;
    if (c->pid > 0) {
        why = why ? why : wait_end(c);
        siginfo_t end;
        if (why)
            kill(c->pid, SIGKILL);
        while (waitid(P_PID, (id_t)c->pid, &end, WEXITED | WNOWAIT) < 0 && errno == EINTR)
            ;
        kill(-c->pid, SIGKILL); /* its warden, and what it has started; the number is its own until it is buried */
        while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
            ;
        while (waitpid(-c->pid, NULL, 0) > 0 || errno == EINTR)
            ;
        c->pid = -1;
        c->status = status;
        if (why)
            snprintf(c->why, sizeof c->why, "%s", why);
        else if (c->note && c->note[0]) { /* it may have written that itself */
            snprintf(c->why, sizeof c->why, "%.150s", c->note + 1);
            assay_wire_clean(c->why, sizeof c->why);
        } else if (WIFSIGNALED(status))
            snprintf(c->why, sizeof c->why, "killed by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
        else if (WEXITSTATUS(status))
            snprintf(c->why, sizeof c->why, "ended with status %d", WEXITSTATUS(status));
    }
    if (c->note)
        munmap(c->note, ASSAY_NOTE_BYTES);
    c->note = NULL;
    if (c->from >= 0)
        close(c->from), close(c->to);
    c->from = c->to = -1;
}

size_t bench_child_get(bench_child *c, void *record, size_t room)
{
    uint64_t n = 0;
    if (c->from < 0)
        return 0;
    assay_why why = { "" };
    assay_watch_call(&c->watch, c->cpu_s, c->asleep_s, c->mebibytes);
    int bad = get_all(c->from, (char *)&n, sizeof n, &c->watch, &why);
    if (!bad && n > room) {
        reap(c, "sent a record that is too long");
        return 0;
    }
    if (!bad)
        bad = get_all(c->from, record, (size_t)n, &c->watch, &why);
    if (bad)
        reap(c, bad == 2 ? why.text : NULL);
    return bad ? 0 : (size_t)n;
}

void bench_child_limit(bench_child *c, double cpu_s, double asleep_s, double mebibytes)
{
    c->cpu_s = cpu_s, c->asleep_s = asleep_s, c->mebibytes = mebibytes;
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
