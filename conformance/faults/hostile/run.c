/* SPDX-License-Identifier: MIT
 * Kernels that misbehave while they run, one way each, and only on rows of 7: before and after that they are honest, so
 * that a run shows whether one bad call spoils another.  ci/contain holds what the judge must say of each. */
#include "../../lab.h"
#include "honest.h"
#include <errno.h>
#include <fcntl.h>
#include <fenv.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

enum { ROWS_OF = 7, MANY = 64 };
static bool here(const assay_args *a)
{
    return a->dim[1] == ROWS_OF;
}

/* What would reach beyond this process is done only where a filter stands: else the trick itself is the danger. */
static void only_confined(void)
{
    if (prctl(PR_GET_SECCOMP) != 2)
        abort();
}

/* ---- ways to die ------------------------------------------------------------------------------------------------ */

static void segv(void)
{
    *(volatile int *)8 = 1;
}
static void illegal(void)
{
    __builtin_trap();
}
static void divide(void)
{
    volatile int zero = 0, one = 1;
    one = one / zero;
    raise(SIGFPE); /* where division by zero is no trap */
}
static void bus(void)
{
    const int fd = open("/proc/self/exe", O_RDONLY);
    const size_t far = (size_t)1 << 32;
    const volatile char *p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, (off_t)far);
    (void)*p;
}
static int deeper(volatile char *p)
{
    volatile char here_too[4096];
    here_too[0] = *p;
    return deeper(here_too) + here_too[0];
}
static void overflow(void)
{
    volatile char c = 1;
    deeper(&c);
}
static void overflow_bare(void)
{
    const stack_t none = { .ss_flags = SS_DISABLE };
    sigaltstack(&none, NULL);
    overflow();
}
static void leave(void)
{
    exit(0);
}
static void leave_now(void)
{
    _exit(0);
}
static void leave_thread(void)
{
    pthread_exit(NULL);
}
static void kill_itself(void)
{
    raise(SIGKILL);
}
static void stop_itself(void)
{
    raise(SIGSTOP);
}
static jmp_buf gone;
static __attribute__((noinline)) void remember(void)
{
    if (setjmp(gone))
        abort();
}
static void jump(void)
{
    remember();
    longjmp(gone, 1); /* into a frame that has returned */
}

/* ---- ways not to end --------------------------------------------------------------------------------------------- */

static void loop(void)
{
    for (volatile int i = 0;; i++)
        ;
}
static void wait_for_ever(void)
{
    for (;;)
        pause();
}
static void deaf_loop(void)
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    loop();
}
static void skip_nothing(int s)
{
    (void)s; /* the access is made again, for ever */
}
static void fault_for_ever(void)
{
    signal(SIGSEGV, skip_nothing);
    segv();
}

/* ---- ways to take more than is given -------------------------------------------------------------------------------
 */

static void allocate(void)
{
    for (;;)
        memset(malloc((size_t)1 << 24), 1, (size_t)1 << 24);
}
static void allocate_shared(void)
{
    for (;;)
        memset(mmap(NULL, (size_t)1 << 24, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), 1,
               (size_t)1 << 24);
}
static void *idle(void *p)
{
    for (;;)
        pause();
    return p;
}
static void thread(void)
{
    pthread_t t;
    pthread_create(&t, NULL, idle, NULL);
}
static void threads(void)
{
    pthread_t t;
    for (int i = 0; i < 4000 && !pthread_create(&t, NULL, idle, NULL); i++)
        ;
}
static void fork_bomb(void)
{
    for (int i = 0; i < 5; i++) /* 32 processes where nothing forbids it */
        fork();
    wait_for_ever();
}
static void daemonize(void)
{
    if (fork() == 0) {
        setsid();
        if (fork() == 0)
            wait_for_ever();
        _exit(0);
    }
}
static void run_shell(void)
{
    only_confined();
    execl("/bin/sh", "sh", "-c", "sleep 1000", (char *)NULL);
}
static void write_for_ever(void)
{
    static const char text[4096];
    while (write(STDOUT_FILENO, text, sizeof text) > 0)
        ;
}

/* ---- others
 * ------------------------------------------------------------------------------------------------------------ */

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

/* ---- what is shared with the judge
 * ------------------------------------------------------------------------------------- */

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
        send(fd, a, sizeof *a, MSG_NOSIGNAL);
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

/* ---- what is left changed
 * ---------------------------------------------------------------------------------------------- */

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

/* name, what it does.  All of them answer right if they get that far. */
/* clang-format off */
#define TRICKS(X) \
    X(segv) X(illegal) X(divide) X(bus) X(overflow) X(overflow_bare) X(abort) X(leave) X(leave_now) \
    X(leave_thread) X(kill_itself) X(stop_itself) X(jump) X(loop) X(wait_for_ever) X(deaf_loop) \
    X(fault_for_ever) X(allocate) X(allocate_shared) X(thread) X(threads) X(fork_bomb) X(daemonize) \
    X(run_shell) X(write_for_ever) X(kill_parent) X(kill_group) X(kill_all) X(starve_parent) \
    X(trace_parent) X(patch_parent) X(close_all) X(close_all_and_stay) X(garbage) X(print_out) X(print_err) \
    X(forge_answer) X(forge_and_leave) X(truncate_all) X(scribble_arena) X(scribble_note) X(unmap_shared) X(unmap_all) \
    X(block_signals) X(handle_segv) X(change_directory) X(change_umask) X(set_timer) X(open_file) \
    X(change_rounding) X(leave_files)
/* clang-format on */
#define RUN(trick)                                                                                                     \
    static assay_status run_##trick(const assay_args *a)                                                               \
    {                                                                                                                  \
        const assay_status s = honest(a);                                                                              \
        if (here(a))                                                                                                   \
            trick();                                                                                                   \
        return s;                                                                                                      \
    }
TRICKS(RUN)

/* ---- lies about sizes, and other entries than run() ------------------------------------------------------------- */

static size_t huge(const assay_args *a)
{
    return here(a) ? (size_t)1 << 50 : 0;
}
static size_t wrapping(const assay_args *a)
{
    return here(a) ? SIZE_MAX : 0;
}
static size_t large(const assay_args *a)
{
    return here(a) ? (size_t)1 << 30 : 0;
}
static void no_pack(const assay_args *a, void *dst)
{
    (void)a, (void)dst;
}
static void crash_pack(const assay_args *a, void *dst)
{
    if (here(a))
        memset(dst, 0, 1 << 20);
}
static size_t small(const assay_args *a)
{
    (void)a;
    return 64;
}
static bool crash_accepts(const assay_args *a)
{
    if (here(a))
        segv();
    return true;
}
static int64_t many_units(const assay_args *a)
{
    return here(a) ? INT64_MAX : a->dim[0];
}
static uint32_t many_phases(const assay_args *a)
{
    return here(a) ? UINT32_MAX : 1;
}
static assay_status odd_status(const assay_args *a)
{
    return here(a) ? (assay_status)12345 : honest(a);
}

#define KERNEL(trick)  { .op = "rmsnorm", .name = #trick, .types = f32, .run = run_##trick },
#define OTHER(n, f, g) { .op = "rmsnorm", .name = n, .types = f32, .run = honest, .f = g },
static const assay_kernel kernels[] = {
    { .op = "rmsnorm", .name = "honest_first", .types = f32, .run = honest },
    TRICKS(KERNEL) OTHER("huge_scratch", scratch, huge) OTHER("wrapping_scratch", scratch, wrapping)
        OTHER("large_scratch", scratch, large) OTHER("huge_shared", shared, huge)
            OTHER("crash_accepts", accepts, crash_accepts) OTHER("many_units", units, many_units)
                OTHER("many_phases", phases, many_phases){ .op = "rmsnorm",
                                                           .name = "huge_packed",
                                                           .types = f32,
                                                           .run = honest,
                                                           .packed_bytes = huge,
                                                           .pack = no_pack },
    { .op = "rmsnorm", .name = "crash_pack", .types = f32, .run = honest, .packed_bytes = small, .pack = crash_pack },
    { .op = "rmsnorm", .name = "odd_status", .types = f32, .run = odd_status },
    { .op = "rmsnorm", .name = "honest_last", .types = f32, .run = honest },
};

const assay_plugin *assay_plugin_v1(void)
{
    static const assay_plugin p = { ASSAY_ABI,
                                    sizeof(assay_kernel),
                                    sizeof(assay_op),
                                    "hostile",
                                    "1",
                                    kernels,
                                    sizeof kernels / sizeof *kernels,
                                    NULL,
                                    0 };
    return &p;
}
