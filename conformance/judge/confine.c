/* SPDX-License-Identifier: MIT */
#include "confine.h"
#include "descriptors.h"
#include "filter.h"
#include "warden.h"
#include <dirent.h>
#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FILE_BYTES = 1 << 20 }; /* that write() may put into any one file: what a kernel prints */

/* ---- limits ---------------------------------------------------------------------------------------------------- */

/* Private writable memory so far, of which an address sanitizer alone has terabytes: a limit must stand on top. */
size_t assay_confine_data(void)
{
    unsigned long kib = 0;
    char line[256];
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f) && sscanf(line, "VmData: %lu", &kib) != 1)
        ;
    if (f)
        fclose(f);
    return (size_t)kib << 10;
}

static void limit(int what, size_t bytes)
{
    setrlimit(what, &(struct rlimit){ bytes, bytes });
}

/* No network and no shared memory of others.  Not the process's number: the first process of a namespace ignores
 * signals, and kernels would end otherwise than they do. */
static bool alone(void)
{
    const int most = CLONE_NEWNET | CLONE_NEWIPC;
    return !unshare(most) || !unshare(CLONE_NEWUSER | most);
}

/* Landlock (landlock(7)), by numbers, as headers older than the system lack the names.  Nothing may be written, made,
 * removed, renamed, cut, executed or sent; reading is not restricted.  Its version; 0: there is none here. */
static int lock_files(void)
{
    enum { CREATE = 444, RESTRICT = 446, VERSION = 1 };
    /* files: all but READ_FILE and READ_DIR; net: BIND, CONNECT; scope: abstract sockets, signals */
    uint64_t rules[] = { 0x1ff3, 3, 3 };
    const long version = syscall(CREATE, NULL, 0, VERSION);
    if (version < 1)
        return 0;
    rules[0] |= version >= 2 ? 1u << 13 : 0; /* REFER */
    rules[0] |= version >= 3 ? 1u << 14 : 0; /* TRUNCATE */
    rules[0] |= version >= 5 ? 1u << 15 : 0; /* IOCTL_DEV */
    const size_t known = version >= 6 ? sizeof rules : version >= 4 ? 2 * sizeof *rules : sizeof *rules;
    const int fd = (int)syscall(CREATE, rules, known, 0);
    const bool locked = fd >= 0 && !syscall(RESTRICT, fd, 0);
    if (fd >= 0)
        close(fd);
    return locked ? (int)version : 0;
}

static struct what { /* stands in this process */
    bool apart, warden;
    int landlock;
} stands;
static int to_warden = -1;

void assay_confine(const assay_confinement *c)
{
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct has[2] = { { 0, 0, 0 }, { 0, 0, 0 } };
    const uint32_t counters = c->counters ? UINT32_C(1) << (CAP_PERFMON - 32) : 0;
    assay_descriptors_close(c->keep);
    if (c->memory)
        limit(RLIMIT_DATA, assay_confine_data() + c->memory);
    if (!c->prints)
        limit(RLIMIT_FSIZE, FILE_BYTES);
    limit(RLIMIT_CORE, 0);
    setsid();
    stands.apart = alone();
    syscall(SYS_capget, &header, has);
    has[0].effective = has[0].permitted = has[0].inheritable = has[1].inheritable = 0;
    has[1].permitted &= counters;
    has[1].effective &= counters;
    syscall(SYS_capset, &header, has); /* else root reads the judge's memory, dumpable or not */
    to_warden = assay_warden_start(c->note);
    stands.warden = to_warden >= 0;
    if (!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        stands.landlock = lock_files();
}

bool assay_confine_calls(const assay_confinement *c)
{
    const bool filtered = assay_filter_stand(c->counters, to_warden);
    if (to_warden >= 0)
        close(to_warden);
    to_warden = -1;
    return filtered;
}

const char *assay_confine_words(void)
{
    static char words[400];
    int pipes[2];
    if (words[0] || pipe(pipes))
        return words;
    fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0) { /* the warden of the process that tries is left to this one, which ends it */
        prctl(PR_SET_CHILD_SUBREAPER, 1);
        const pid_t tries = fork();
        if (tries) {
            if (tries > 0)
                waitpid(tries, NULL, 0);
            assay_confine_reap();
            _exit(0);
        }
        const assay_confinement c = { .keep = { pipes[1], pipes[1] } };
        char text[sizeof words];
        assay_confine(&c);
        const bool filtered = assay_confine_calls(&c);
        const struct {
            bool has;
            char text[80];
        } part[] = { { filtered, "a filter of system calls" },
                     { filtered && stands.warden, "a warden that names refused calls" },
                     { stands.landlock > 0, "Landlock" },
                     { stands.apart, "namespaces (network, IPC)" } };
        int at = 0;
        for (int absent = 0; absent <= 1; absent++)
            for (size_t i = 0, n = 0; i < sizeof part / sizeof *part; i++)
                if (part[i].has != (absent == 1))
                    at += snprintf(text + at, sizeof text - (size_t)at, "%s%s",
                                   n++      ? ", "
                                   : absent ? "; absent here: "
                                            : "",
                                   part[i].text);
        _exit(write(pipes[1], text, (size_t)at) != at);
    }
    close(pipes[1]);
    const ssize_t n = pid > 0 ? read(pipes[0], words, sizeof words - 1) : 0;
    words[n > 0 ? n : 0] = 0;
    close(pipes[0]);
    if (pid > 0)
        waitpid(pid, NULL, 0);
    return words;
}

/* ---- the zygote's reaper ---------------------------------------------------------------------------------------- */

/* The parent in "pid (name) state ppid ...". */
static pid_t parent_of(const char *pid)
{
    char path[64], text[512] = "";
    int parent = 0;
    snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
    FILE *f = fopen(path, "r");
    if (!f)
        return 0;
    const size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = 0;
    const char *after = strrchr(text, ')');
    return after && sscanf(after + 1, " %*c %d", &parent) == 1 ? parent : 0;
}

static int kill_children(void)
{
    DIR *d = opendir("/proc");
    int n = 0;
    for (const struct dirent *e; d && (e = readdir(d));)
        if (e->d_name[0] >= '1' && e->d_name[0] <= '9' && parent_of(e->d_name) == getpid())
            n += kill((pid_t)atoi(e->d_name), SIGKILL) == 0;
    if (d)
        closedir(d);
    return n;
}

/* Each round kills one generation: children of the dead become ours.  No child to wait for: nothing is left. */
void assay_confine_reap(void)
{
    for (int idle = 0; waitpid(-1, NULL, WNOHANG) >= 0 || errno != ECHILD;) {
        if (kill_children() == 0 && ++idle > 1000)
            return; /* what cannot be killed is not ours */
        usleep(1000);
    }
}
