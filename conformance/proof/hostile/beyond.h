/* SPDX-License-Identifier: MIT
 * beyond.h - what reaches beyond a call: other processes, what is shared with the judge, what is left changed. */
#ifndef ASSAY_HOSTILE_BEYOND_H
#define ASSAY_HOSTILE_BEYOND_H
#include "../../judge/pool.h"
#include "own.h"
#include <errno.h>
#include <fenv.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>

enum { MANY = 64 }; /* descriptors */

/* ---- other processes ------------------------------------------------------------------------------------------- */

static void kill_parent(void)
{
    only_confined();
    kill(getppid(), SIGKILL);
}
static void kill_group(void)
{
    only_confined();
    kill(0, SIGKILL);
}
static void kill_all(void)
{
    only_confined();
    kill(-1, SIGKILL);
}
static void starve_parent(void)
{
    only_confined();
    prlimit(getppid(), RLIMIT_CPU, &(struct rlimit){ 0, 0 }, NULL);
}
static void trace_parent(void)
{
    only_confined();
    ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}
static void patch_parent(void)
{
    static char zeros[4096];
    only_confined();
    const struct iovec here_io = { zeros, sizeof zeros }, there = { (void *)(uintptr_t)&patch_parent, sizeof zeros };
    process_vm_writev(getppid(), &here_io, 1, &there, 1, 0);
}

/* ---- what is shared with the judge ------------------------------------------------------------------------------- */

static void close_all(void)
{
    for (int fd = 0; fd < MANY; fd++)
        close(fd);
}
static void close_all_and_stay(void)
{
    close_all();
    for (;;)
        pause();
}
static void garbage(void)
{
    static const char text[] = "\033[2J\033]0;garbage\a\377\376 all over the place\n";
    for (int fd = 0; fd < MANY; fd++)
        if (write(fd, text, sizeof text) < 0)
            continue;
}
static void print_out(void)
{
    printf("how do you do\n");
    fflush(stdout);
}
static void print_err(void)
{
    fprintf(stderr, "\033[31mhow do you do\n");
}
static void forge(const assay_answer *a)
{
    for (int fd = 3; fd < MANY; fd++)
        if (write(fd, a, sizeof *a) < 0)
            continue;
}
static void forge_answer(void)
{
    assay_answer a = { .number = 1 };
    forge(&a);
}
static void forge_and_leave(void)
{
    assay_answer a = { .by = (assay_by)77, .status = (assay_status)-1 };
    memset(a.why.text, 'x', sizeof a.why.text);
    forge(&a);
    _exit(0);
}
static void truncate_all(void)
{
    for (int fd = 3; fd < MANY; fd++) {
        fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
        if (ftruncate(fd, 0) && errno == EBADF)
            continue;
    }
    _exit(3);
}
static void scribble_arena(void)
{
    for (int fd = 3; fd < MANY; fd++) {
        char *p = mmap(NULL, (size_t)1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (p != MAP_FAILED)
            memset(p, 0x55, (size_t)1 << 16);
    }
}
/* Every mapping of this process that the line of /proc/self/maps holds word in. */
static void each_map(const char *word, void (*what)(char *lo, size_t bytes))
{
    char line[512];
    unsigned long lo, hi;
    FILE *f = fopen("/proc/self/maps", "r");
    while (f && fgets(line, sizeof line, f))
        if (strstr(line, word) && sscanf(line, "%lx-%lx", &lo, &hi) == 2)
            what((char *)lo, hi - lo);
    if (f)
        fclose(f);
}
static void fill(char *lo, size_t bytes)
{
    memset(lo, 0x9b, bytes);
}
static void unmap(char *lo, size_t bytes)
{
    munmap(lo, bytes);
}
static void scribble_note(void)
{
    each_map("rw-s", fill);
    _exit(9);
}
static void unmap_shared(void)
{
    each_map("memfd:", unmap);
}
static void unmap_all(void)
{
    each_map("-", unmap);
}

/* Finds the job on the stack, answers it as if all were well, and breaks the rounding mode: the runner's own answer,
 * which would tell, comes second. */
static void answer_job(char *lo, size_t bytes)
{
    for (size_t at = 0; at + sizeof(assay_job) <= bytes; at += _Alignof(assay_job)) {
        assay_job j;
        memcpy(&j, lo + at, sizeof j);
        if (j.number && j.number < 1 << 20 && j.op && !j.kernel && j.dim[0] == 3 && j.dim[1] == 7 && !j.dim[2])
            forge(&(assay_answer){ .number = j.number, .phases = 1 });
    }
}
static void answer_itself(void)
{
    each_map("[stack]", answer_job);
    fesetround(FE_DOWNWARD);
}

/* ---- what is refused without a word: nothing of this has an effect, and the answer is right ------------------------
 */

static void refused(long result)
{
    if (result >= 0)
        abort();
}
static void signal_owner(void) /* whoever owns a descriptor gets a signal of any number */
{
    only_confined();
    refused(fcntl(STDIN_FILENO, F_SETOWN, getppid()));
    refused(fcntl(STDIN_FILENO, F_SETSIG, SIGKILL));
    refused(fcntl(STDIN_FILENO, F_SETFL, O_ASYNC));
    for (int fd = 3; fd < MANY; fd++)
        refused(fcntl(fd, F_SETOWN, getppid()));
}
static void sockets(void) /* a name makes a file, a message reaches another process */
{
    int pair[2];
    refused(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    refused(socket(AF_UNIX, SOCK_DGRAM, 0));
    refused(socket(AF_INET, SOCK_STREAM, 0));
    for (int fd = 3; fd < MANY; fd++) {
        const struct sockaddr name = { AF_UNIX, "/tmp/assay" };
        refused(bind(fd, &name, sizeof name));
        refused(sendto(fd, &name, sizeof name, MSG_DONTWAIT, &name, sizeof name));
        refused(sendmsg(fd, &(struct msghdr){ .msg_iovlen = 0 }, MSG_DONTWAIT));
    }
}
static void change_files(void)
{
    const char *const plugin = "/proc/self/exe";
    int flags = 0;
    only_confined();
    const int fd = open(plugin, O_RDONLY);
    refused(syscall(452, AT_FDCWD, plugin, 0600, 0)); /* fchmodat2 */
    refused(syscall(SYS_fchmodat, AT_FDCWD, plugin, 0600));
    refused(syscall(SYS_setxattr, plugin, "user.assay", "x", 1, 0));
    refused(syscall(SYS_fsetxattr, fd, "user.assay", "x", 1, 0));
    refused(syscall(SYS_removexattr, plugin, "user.assay"));
    refused(syscall(463, AT_FDCWD, plugin, 0, "user.assay", NULL, 0)); /* setxattrat */
    refused(ioctl(fd, 0x40086602, &flags));                            /* FS_IOC_SETFLAGS */
    refused(syscall(SYS_fallocate, fd, 0, 0, 1));
    refused(syscall(SYS_flock, fd, 2));
    refused(truncate(plugin, 0));
    close(fd);
}
static void slow_others(void)
{
    static const unsigned char cpus[128] = { 1 };
    unsigned char before[128] = { 0 }, after[128] = { 0 };
    const int none = 0;
    only_confined();
    for (int i = 0; i < 2; i++) {
        const pid_t pid = i ? getppid() : 0;
        syscall(SYS_sched_getaffinity, pid, sizeof before, before);
        syscall(SYS_sched_setaffinity, pid, sizeof cpus, cpus); /* it says that it did */
        syscall(SYS_sched_getaffinity, pid, sizeof after, after);
        refused(memcmp(before, after, sizeof before) ? 0 : -1);
        refused(syscall(SYS_sched_setscheduler, pid, 5, &none)); /* SCHED_IDLE */
        refused(syscall(SYS_sched_setparam, pid, &none));
        refused(syscall(SYS_ioprio_set, 1, pid, 3 << 13));
        refused(setpriority(PRIO_PROCESS, (id_t)pid, 19));
    }
}
static void set_terminal(void)
{
    static const unsigned char settings[64];
    for (int fd = 0; fd < MANY; fd++) {
        refused(ioctl(fd, 0x5402, settings)); /* TCSETS */
        refused(ioctl(fd, 0x5412, "x"));      /* TIOCSTI: types */
    }
}
static void unwatched_memory(void) /* what does not count as the memory of the process */
{
    const int fds[2] = { -1, -1 };
    refused((long)mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    refused((long)mmap(NULL, 1 << 21, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0));
    refused(syscall(SYS_memfd_create, "assay", 0));
    refused(syscall(SYS_pipe2, fds, 0));
    refused(syscall(SYS_eventfd2, 0, 0));
    refused(syscall(SYS_shmget, 0, 1 << 20, 01600));
    refused(syscall(SYS_inotify_init1, 0));
    refused(syscall(SYS_epoll_create1, 0));
    refused(syscall(SYS_timer_create, 0, NULL, fds));
}
static void new_interfaces(void) /* each is a way round a list of calls that are forbidden */
{
    static unsigned char room[256];
    only_confined();
    refused(syscall(SYS_io_uring_setup, 1, room));
    refused(syscall(SYS_bpf, 5, room, sizeof room));
    refused(syscall(SYS_userfaultfd, 0));
    refused(syscall(SYS_perf_event_open, room, getppid(), -1, -1, 0));
    refused(syscall(SYS_unshare, 0x10000000));
    refused(syscall(SYS_setns, 0, 0));
    refused(syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, NULL));
    refused(syscall(SYS_keyctl, 0, -3, 0));
    refused(syscall(SYS_splice, 0, NULL, 1, NULL, 1, 0));
    refused(syscall(SYS_process_madvise, 0, room, 1, 4, 0));
    refused(prctl(PR_SET_PDEATHSIG, 0));
    refused(prctl(PR_SET_DUMPABLE, 1));
    refused(madvise(room, 1, 100)); /* MADV_HWPOISON */
    refused(syscall(9999) == -1 && errno == ENOSYS ? -1 : 0);
}

/* ---- what is left changed ---------------------------------------------------------------------------------------- */

static void block_signals(void)
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
}
static void handle_segv(void)
{
    signal(SIGSEGV, SIG_IGN);
}
static void change_directory(void)
{
    if (chdir("/proc"))
        abort();
}
static void change_umask(void)
{
    umask(0777);
}
static void set_timer(void)
{
    setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 0 }, { 1000, 0 } }, NULL);
}
static void change_rounding(void)
{
    fesetround(FE_DOWNWARD);
}
static void open_file(void)
{
    if (open("/proc/self/maps", O_RDONLY) < 0)
        abort();
}
/* Nothing of this has an effect, and the answer is right. */
static void leave_files(void)
{
    static const char *const names[] = { "/tmp/assay-hostile-left-this", "/dev/shm/assay-hostile-left-this",
                                         "assay-hostile-left-this" };
    for (int i = 0; i < 3; i++) {
        const int fd = open(names[i], O_CREAT | O_RDWR, 0600);
        if (fd >= 0)
            close(fd);
    }
    if (!mkdir("/tmp/assay-hostile-left-this.d", 0700) || !symlink("/", "/tmp/assay-hostile-left-this.l"))
        return;
}
#endif
