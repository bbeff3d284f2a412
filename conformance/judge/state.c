/* SPDX-License-Identifier: MIT */
#include "state.h"
#include "../../reference/core/status.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

static const int watched[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGSYS, SIGABRT, SIGALRM, SIGPIPE };
_Static_assert(sizeof watched / sizeof *watched == sizeof((assay_state *)0)->handler / sizeof(void (*)(int)), "");

static int tasks = -1; /* the directory that holds one directory per thread, if it may stay open */

void assay_state_open(void)
{
    tasks = open("/proc/self/task", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static long threads_now(void) /* by the links of that directory */
{
    struct stat st;
    return (tasks < 0 ? stat("/proc/self/task", &st) : fstat(tasks, &st)) ? -1 : (long)st.st_nlink - 2;
}

static void look(assay_state *s)
{
    struct sigaction act;
    struct itimerval timer;
    struct stat st;
    memset(s, 0, sizeof *s);
    for (size_t i = 0; i < sizeof watched / sizeof *watched; i++) {
        sigaction(watched[i], NULL, &act);
        s->handler[i] = act.sa_handler;
    }
    sigprocmask(SIG_SETMASK, NULL, &s->blocked);
    umask(s->mask = umask(0));
    if (!stat(".", &st))
        s->device = st.st_dev, s->inode = st.st_ino;
    s->free_fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
    close(s->free_fd);
    s->timer = !getitimer(ITIMER_REAL, &timer) && (timer.it_value.tv_sec || timer.it_value.tv_usec);
    s->threads = threads_now();
}

/* What stood after the last call stands before this one; only a team of another size has to be counted anew. */
static assay_state last;
static int team;

void assay_state_take(assay_state *s, int threads, uint32_t flags)
{
    if (threads > 1 && threads != team) {
#pragma omp parallel num_threads(threads)
        {
#pragma omp barrier
        }
    }
    if (!team)
        look(&last);
    if (threads > 1 && threads != team)
        last.threads = threads_now();
    team = threads > 1 || !team ? threads : team;
    *s = last;
    if (flags & ASSAY_OWN_THREADS)
        s->threads = -1;
}

bool assay_state_same(const assay_state *before, assay_why *why)
{
    const char *what = NULL;
    look(&last);
    const assay_state now = last;
    for (size_t i = 0; i < sizeof watched / sizeof *watched; i++)
        if (now.handler[i] != before->handler[i])
            return assay_fail(why, ASSAY_OK, "changes the handler of signal %d (%s)", watched[i],
                              strsignal(watched[i])) != ASSAY_OK;
    if (memcmp(&now.blocked, &before->blocked, sizeof now.blocked) != 0)
        what = "changes the signal mask";
    else if (now.mask != before->mask)
        what = "changes the umask";
    else if (now.device != before->device || now.inode != before->inode)
        what = "changes the working directory";
    else if (now.free_fd != before->free_fd)
        what = now.free_fd > before->free_fd ? "leaves a descriptor open" : "closes descriptors that are not its own";
    else if (now.timer != before->timer)
        what = "sets a timer";
    else if (before->threads >= 0 && now.threads > before->threads)
        return assay_fail(why, ASSAY_OK, "leaves %ld threads behind", now.threads - before->threads) != ASSAY_OK;
    return !what || assay_fail(why, ASSAY_OK, "%s", what) != ASSAY_OK;
}
