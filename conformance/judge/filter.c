/* SPDX-License-Identifier: MIT */
#include "filter.h"
#include "zygote.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SECCOMP_FILTER_FLAG_TSYNC_ESRCH /* Linux 5.7 */
#define SECCOMP_FILTER_FLAG_TSYNC_ESRCH (1UL << 4)
#endif

typedef enum rule {
    YES,
    NAMED,   /* the case fails and the call is named */
    DENY,    /* answers EACCES */
    IGNORE,  /* answers 0 and does nothing: an OpenMP library that may not bind its threads gives up */
    COUNTER, /* of the process itself, where it may count; else DENY */
    OWN,     /* the first argument is this process; else NAMED */
    LIMITS,  /* asks for limits of this process; else NAMED (another's) or DENY */
    THREAD,  /* makes a thread; else NAMED */
    READS,   /* opens, in the flags of the argument, to read what is there; else DENY */
    MAPS,    /* of its own or of a file, in ordinary pages; else DENY: what nobody counts as its memory */
    ONE_OF   /* the argument is one of a list; else DENY */
} rule;

static const uint32_t prctls[] = { PR_SET_NAME, PR_GET_NAME, PR_GET_SECCOMP, PR_GET_DUMPABLE, 0x53564d41 };
static const uint32_t fcntls[] = { F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL };
static const uint32_t
    ioctls[] = { TCGETS,     TIOCGWINSZ, /* is it a terminal? */
                 0x00002400, 0x00002401, 0x2403, 0x80082407 /* counters: on, off, from zero, which */ };
static const uint32_t advice[] = { MADV_NORMAL,     MADV_RANDOM,   MADV_SEQUENTIAL, MADV_WILLNEED,
                                   MADV_DONTNEED,   MADV_FREE,     MADV_DONTFORK,   MADV_HUGEPAGE,
                                   MADV_NOHUGEPAGE, MADV_DONTDUMP, MADV_DODUMP };
#if defined(__x86_64__) /* which tile registers there are, and the use of them */
static const uint32_t arch_prctls[] = { 0x1003, 0x1004, 0x1021, 0x1022, 0x1023 };
#endif

static const struct row {
    int number;
    const char *name;
    rule rule;
    uint8_t argument, n;
    const uint32_t *list;
} rows[] = {
#define R(call, rule)          { SYS_##call, #call, rule, 0, 0, 0 },
#define FLAGS(call, rule, at)  { SYS_##call, #call, rule, at, 0, 0 },
#define LIST(call, at, values) { SYS_##call, #call, ONE_OF, at, sizeof values / sizeof *values, values },
    /* clang-format off */
    /* memory, threads */
    R(futex, YES) FLAGS(mmap, MAPS, 3) R(munmap, YES) R(mprotect, YES) R(mremap, YES) LIST(madvise, 2, advice) R(brk, YES)
    R(clone, THREAD) R(set_robust_list, YES) R(rseq, YES) R(exit, YES) R(exit_group, YES) R(sched_yield, YES)
    R(sched_getaffinity, YES) R(gettid, YES)
    /* reading; writing to what is open: the answer, and what is printed */
    R(read, YES) R(write, YES) FLAGS(openat, READS, 2) R(close, YES) R(fstat, YES) R(newfstatat, YES) R(statx, YES)
    R(lseek, YES) R(pread64, YES) R(readlinkat, YES) R(faccessat, YES) R(getdents64, YES)
    LIST(fcntl, 1, fcntls) LIST(ioctl, 1, ioctls)
    /* signals and timers of its own */
    R(rt_sigaction, YES) R(rt_sigprocmask, YES) R(rt_sigreturn, YES) R(sigaltstack, YES) R(tgkill, OWN) R(getitimer, YES)
    R(setitimer, YES)
    /* time, and facts */
    R(clock_gettime, YES) R(clock_getres, YES) R(clock_nanosleep, YES) R(nanosleep, YES) R(ppoll, YES) R(getpid, YES)
    R(getppid, YES) R(getuid, YES) R(geteuid, YES) R(getgid, YES) R(getegid, YES) R(uname, YES) R(sysinfo, YES)
    R(getcwd, YES) R(getrusage, YES) R(prlimit64, LIMITS) R(umask, YES) R(getrandom, YES) LIST(prctl, 0, prctls) R(perf_event_open, COUNTER)
#if defined(__x86_64__)
    R(access, YES) R(readlink, YES) R(pause, YES) LIST(arch_prctl, 0, arch_prctls)
#endif
    /* other processes, new ones */
    R(kill, NAMED) R(tkill, NAMED) R(rt_sigqueueinfo, NAMED) R(rt_tgsigqueueinfo, NAMED) R(pidfd_send_signal, NAMED)
    R(pidfd_open, NAMED) R(pidfd_getfd, NAMED) R(ptrace, NAMED) R(process_vm_readv, NAMED) R(process_vm_writev, NAMED)
    R(kcmp, NAMED) R(execve, NAMED) R(execveat, NAMED)
#if defined(__x86_64__)
    R(fork, NAMED) R(vfork, NAMED) R(unlink, DENY) R(rename, DENY) R(mkdir, DENY) R(rmdir, DENY) R(link, DENY)
    R(symlink, DENY) R(mknod, DENY) R(creat, DENY) R(chmod, DENY) R(chown, DENY) R(lchown, DENY) R(utimes, DENY)
    R(utime, DENY) R(futimesat, DENY)
#endif
    /* files, and what is shared with others: a library copes with a system that is read-only and alone */
    R(unlinkat, DENY) R(renameat2, DENY) R(mkdirat, DENY) R(linkat, DENY) R(symlinkat, DENY) R(mknodat, DENY)
    R(fchmodat, DENY) R(fchownat, DENY) R(fchmod, DENY) R(fchown, DENY) R(truncate, DENY) R(ftruncate, DENY)
    R(utimensat, DENY) R(memfd_create, DENY) R(setxattr, DENY) R(lsetxattr, DENY) R(fsetxattr, DENY) R(removexattr, DENY)
    R(mq_open, DENY) R(shmget, DENY) R(msgget, DENY) R(semget, DENY) R(socket, DENY) R(socketpair, DENY) R(pipe2, DENY)
    R(chdir, DENY) R(fchdir, DENY)
    R(setpriority, DENY) R(sched_setaffinity, IGNORE) R(sched_setscheduler, DENY) R(sched_setparam, DENY)
    R(sched_setattr, DENY) R(ioprio_set, DENY)
    /* clang-format on */
};
#undef R
#undef FLAGS
#undef LIST
enum { ROWS = sizeof rows / sizeof *rows };

const char *assay_filter_name(int number)
{
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].number == number)
            return rows[i].name;
    return "?";
}

int assay_filter_allowed(bool counters)
{
    int n = 0;
    for (size_t i = 0; i < ROWS; i++)
        n += rows[i].rule != NAMED && rows[i].rule != DENY && rows[i].rule != IGNORE &&
             (counters || rows[i].rule != COUNTER);
    return n;
}

/* ---- the program ------------------------------------------------------------------------------------------------- */

#if defined(__x86_64__)
#define THIS_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define THIS_ARCH AUDIT_ARCH_AARCH64
#else
#define THIS_ARCH 0
#endif

typedef struct program {
    struct sock_filter code[16 * ROWS + 16];
    unsigned short n;
    uint32_t yes, named, deny, ignore, absent; /* the answers */
    bool counters;
} program;

static void put(program *p, uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
    p->code[p->n++] = (struct sock_filter){ code, yes, no, k };
}

static void load(program *p, size_t offset)
{
    put(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void answer(program *p, uint32_t what)
{
    put(p, BPF_RET | BPF_K, what, 0, 0);
}

/* The low word of argument i; little-endian, as both architectures are. */
static size_t argument(int i)
{
    return offsetof(struct seccomp_data, args) + 8 * (size_t)i;
}

/* if (accumulator == k) answer what */
static void when(program *p, uint32_t k, uint32_t what)
{
    put(p, BPF_JMP | BPF_JEQ | BPF_K, k, 0, 1);
    answer(p, what);
}

/* if (accumulator & bits) answer what */
static void when_any(program *p, uint32_t bits, uint32_t what)
{
    put(p, BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1);
    answer(p, what);
}

static void put_limits(program *p)
{
    load(p, argument(0));
    put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 2, 0);
    put(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)getpid(), 1, 0);
    answer(p, p->named);
    for (int half = 0; half < 2; half++) { /* a pointer to new ones */
        load(p, argument(2) + 4 * (size_t)half);
        put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
        answer(p, p->deny);
    }
    answer(p, p->yes);
}

/* One row: jumps to the next one if the number in the accumulator is another. */
static void put_row(program *p, const struct row *r)
{
    /* all that pthread_create() asks for */
    const uint32_t thread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
                            CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID |
                            CLONE_DETACHED;
    const unsigned short at = p->n;
    put(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)r->number, 0, 0);
    if (r->rule != YES && r->rule != NAMED && r->rule != DENY && r->rule != IGNORE)
        load(p, argument(r->argument));
    switch (r->rule) {
    case YES:
        answer(p, p->yes);
        break;
    case NAMED:
        answer(p, p->named);
        break;
    case DENY:
        answer(p, p->deny);
        break;
    case IGNORE:
        answer(p, p->ignore);
        break;
    case COUNTER:
        load(p, argument(1)); /* whose */
        when(p, 0, p->counters ? p->yes : p->deny);
        answer(p, p->deny);
        break;
    case OWN:
        when(p, (uint32_t)getpid(), p->yes);
        answer(p, p->named);
        break;
    case LIMITS:
        put_limits(p);
        break;
    case THREAD:
        when_any(p, ~thread, p->named);
        when_any(p, CLONE_THREAD, p->yes);
        answer(p, p->named);
        break;
    case READS:
        when_any(p, O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_DIRECT | O_ASYNC, p->deny);
        answer(p, p->yes);
        break;
    case MAPS:
        when_any(p, MAP_HUGETLB, p->deny);
        put(p, BPF_ALU | BPF_AND | BPF_K, MAP_SHARED | MAP_ANONYMOUS, 0, 0);
        when(p, MAP_SHARED | MAP_ANONYMOUS, p->deny);
        answer(p, p->yes);
        break;
    case ONE_OF:
        for (int i = 0; i < r->n; i++)
            when(p, r->list[i], p->yes);
        answer(p, p->deny);
        break;
    }
    p->code[at].jf = (uint8_t)(p->n - at - 1);
}

/* Installs it for all threads; the listener's descriptor or 0, negative: it cannot be. */
static long install(program *p, unsigned long flags)
{
    p->n = 0;
    load(p, offsetof(struct seccomp_data, arch));
    put(p, BPF_JMP | BPF_JEQ | BPF_K, THIS_ARCH, 1, 0);
    answer(p, p->named);
    load(p, offsetof(struct seccomp_data, nr));
    put(p, BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1); /* x32 */
    answer(p, p->named);
    for (size_t i = 0; i < ROWS; i++)
        put_row(p, &rows[i]);
    answer(p, p->absent);
    const struct sock_fprog f = { p->n, p->code };
    /* SPEC_ALLOW: a filter must not slow the kernel down by turning off speculative stores */
    flags |= SECCOMP_FILTER_FLAG_SPEC_ALLOW | SECCOMP_FILTER_FLAG_TSYNC;
    return THIS_ARCH ? syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &f) : -1;
}

/* Two filters, of whose answers the stricter counts: the first tells of calls that are to be named, the second, once
 * the first one's descriptor has been handed over, refuses the rest. */
bool assay_filter_stand(bool counters, int to)
{
    static program p;
    const uint32_t yes = SECCOMP_RET_ALLOW;
    p.counters = counters;
    long listener = -1;
    if (to >= 0) {
        p.yes = p.deny = p.ignore = p.absent = yes, p.named = SECCOMP_RET_USER_NOTIF;
        listener = install(&p, SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_TSYNC_ESRCH);
        if (listener >= 0) {
            assay_zygote_send(to, 0, (int)listener);
            close((int)listener);
        }
    }
    p.yes = yes, p.named = listener >= 0 ? yes : SECCOMP_RET_TRAP;
    p.ignore = SECCOMP_RET_ERRNO, p.deny = SECCOMP_RET_ERRNO | EACCES, p.absent = SECCOMP_RET_ERRNO | ENOSYS;
    return install(&p, 0) == 0;
}
