/* SPDX-License-Identifier: MIT */
#include "confine.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
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

enum {
    FILE_BYTES = 1 << 20,    /* that write() may put into any one file: what a kernel prints */
    MOST_DESCRIPTORS = 65536 /* that are closed one by one, where the system cannot close a range */
};

/* ---- the filter ------------------------------------------------------------------------------------------------ */

typedef enum rule {
    TRAP,   /* SIGSYS: the case fails and the call is named */
    SELF,   /* TRAP unless the first argument is this process */
    ITSELF, /* the same, 0 meaning this process too */
    THREAD, /* TRAP unless a thread is made */
    DENY,   /* answers EACCES, as a read-only system would */
    ABSENT, /* answers ENOSYS: the C library has another way */
    WRITE1, /* DENY if the flags in argument 1 ask for writing or for a new file */
    WRITE2  /* in argument 2 */
} rule;

static const struct row {
    int number;
    const char *name;
    rule rule;
} rows[] = {
#define R(call, rule) { SYS_##call, #call, rule },
    /* other processes */
    R(kill, SELF) R(tgkill, SELF) R(tkill, TRAP) R(rt_sigqueueinfo, SELF) R(rt_tgsigqueueinfo, SELF)
        R(pidfd_send_signal, TRAP) R(pidfd_open, TRAP) R(pidfd_getfd, TRAP) R(ptrace, TRAP) R(process_vm_readv, TRAP)
            R(process_vm_writev, TRAP) R(kcmp, TRAP) R(prlimit64, ITSELF) R(setpriority, DENY)
    /* new processes */
    R(clone, THREAD) R(clone3, ABSENT) R(execve, TRAP) R(execveat, TRAP)
    /* files */
    R(openat, WRITE2) R(openat2, ABSENT) R(unlinkat, DENY) R(renameat, DENY) R(renameat2, DENY) R(mkdirat, DENY)
        R(linkat, DENY) R(symlinkat, DENY) R(mknodat, DENY) R(fchmodat, DENY) R(fchownat, DENY) R(fchmod, DENY)
            R(fchown, DENY) R(truncate, DENY) R(utimensat, DENY) R(memfd_create, DENY) R(setxattr, DENY)
                R(mq_open, DENY) R(shmget, DENY) R(msgget, DENY) R(semget, DENY) R(mount, DENY) R(umount2, DENY)
                    R(chroot, DENY)
    /* ways out and around */
    R(socket, DENY) R(unshare, DENY) R(setns, DENY) R(io_uring_setup, DENY) R(bpf, DENY) R(userfaultfd, DENY)
        R(keyctl, DENY) R(add_key, DENY) R(request_key, DENY)
#if defined(__x86_64__)
            R(fork, TRAP) R(vfork, TRAP) R(open, WRITE1) R(creat, DENY) R(unlink, DENY) R(rename, DENY) R(mkdir, DENY)
                R(rmdir, DENY) R(link, DENY) R(symlink, DENY) R(mknod, DENY) R(chmod, DENY) R(chown, DENY)
                    R(lchown, DENY) R(utimes, DENY) R(utime, DENY) R(futimesat, DENY)
#endif
#undef R
};

const char *assay_confine_name(int number)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].number == number)
            return rows[i].name;
    return "?";
}

#if defined(__x86_64__)
#define THIS_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define THIS_ARCH AUDIT_ARCH_AARCH64
#else
#define THIS_ARCH 0
#endif

typedef struct program {
    struct sock_filter code[12 * sizeof rows / sizeof *rows + 16];
    unsigned short n;
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

/* One row: jumps to the next one if the number in the accumulator is another. */
static void put_row(program *p, const struct row *r)
{
    const uint32_t refuse = SECCOMP_RET_ERRNO | EACCES;
    const unsigned short at = p->n;
    put(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)r->number, 0, 0);
    switch (r->rule) {
    case TRAP:
        answer(p, SECCOMP_RET_TRAP);
        break;
    case SELF:
    case ITSELF:
        load(p, argument(0));
        put(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)getpid(), r->rule == ITSELF ? 1 : 0, r->rule == ITSELF ? 0 : 1);
        if (r->rule == ITSELF)
            put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1);
        answer(p, SECCOMP_RET_ALLOW);
        answer(p, SECCOMP_RET_TRAP);
        break;
    case THREAD:
        load(p, argument(0));
        put(p, BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 0, 1);
        answer(p, SECCOMP_RET_ALLOW);
        answer(p, SECCOMP_RET_TRAP);
        break;
    case DENY:
        answer(p, refuse);
        break;
    case ABSENT:
        answer(p, SECCOMP_RET_ERRNO | ENOSYS);
        break;
    case WRITE1:
    case WRITE2:
        load(p, argument(r->rule == WRITE1 ? 1 : 2));
        put(p, BPF_JMP | BPF_JSET | BPF_K, O_WRONLY | O_RDWR | O_CREAT | O_TRUNC, 1, 0);
        answer(p, SECCOMP_RET_ALLOW);
        answer(p, refuse);
        break;
    }
    p->code[at].jf = (uint8_t)(p->n - at - 1);
}

static bool filter(void)
{
    static program p;
    p.n = 0;
    load(&p, offsetof(struct seccomp_data, arch));
    put(&p, BPF_JMP | BPF_JEQ | BPF_K, THIS_ARCH, 1, 0);
    answer(&p, SECCOMP_RET_TRAP);
    load(&p, offsetof(struct seccomp_data, nr));
    put(&p, BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1); /* x32 */
    answer(&p, SECCOMP_RET_TRAP);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        put_row(&p, &rows[i]);
    answer(&p, SECCOMP_RET_ALLOW);
    const struct sock_fprog f = { p.n, p.code };
    /* SPEC_ALLOW: a filter must not slow the kernel down by turning off speculative stores */
    return THIS_ARCH && !syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &f);
}

/* ---- limits ---------------------------------------------------------------------------------------------------- */

/* Private writable memory so far, of which an address sanitizer alone has terabytes: a limit must stand on top. */
static size_t data_bytes(void)
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

static void close_from_to(int lo, int hi)
{
#ifdef SYS_close_range
    if (lo > hi || syscall(SYS_close_range, (unsigned)lo, (unsigned)hi, 0u) == 0)
        return;
#endif
    for (int fd = lo; fd <= hi && fd < MOST_DESCRIPTORS; fd++)
        close(fd);
}

bool assay_confine(size_t memory, const int keep[2])
{
    const int low = keep[0] < keep[1] ? keep[0] : keep[1], high = keep[0] < keep[1] ? keep[1] : keep[0];
    close_from_to(STDERR_FILENO + 1, low - 1);
    close_from_to(low + 1, high - 1);
    close_from_to(high + 1, INT_MAX);
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct has[2] = { { 0, 0, 0 }, { 0, 0, 0 } };
    const uint32_t counters = UINT32_C(1) << (CAP_PERFMON - 32);
    if (memory)
        limit(RLIMIT_DATA, data_bytes() + memory);
    limit(RLIMIT_FSIZE, FILE_BYTES);
    limit(RLIMIT_CORE, 0);
    setsid();
    syscall(SYS_capget, &header, has);
    has[0].effective = has[0].permitted = has[0].inheritable = has[1].inheritable = 0;
    has[1].permitted &= counters;
    has[1].effective &= counters;
    syscall(SYS_capset, &header, has); /* else root reads the judge's memory, dumpable or not */
    return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && filter();
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
