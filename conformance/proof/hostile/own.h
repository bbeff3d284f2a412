/* SPDX-License-Identifier: MIT
 * own.h - what a kernel can do to its own process: ways to die, not to end, to take more than is given. */
#ifndef ASSAY_HOSTILE_OWN_H
#define ASSAY_HOSTILE_OWN_H
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

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
/* A little work from time to time: no limit of CPU time sees it for a day, and it is never idle for long. */
static void naps(void)
{
    for (;;) {
        struct timespec from, now;
        clock_gettime(CLOCK_MONOTONIC, &from);
        do
            clock_gettime(CLOCK_MONOTONIC, &now);
        while ((now.tv_sec - from.tv_sec) * 1000000000 + now.tv_nsec - from.tv_nsec < 16000000);
        usleep(354000);
    }
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

/* ---- ways to take more than is given ----------------------------------------------------------------------------- */

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
/* Four teams as large as there are, of threads with hardly a stack and without the C library's care: no limit of memory
 * sees them. */
static int idle_bare(void *p)
{
    for (;;)
        syscall(SYS_ppoll, NULL, 0, NULL, NULL, 0);
    return p != NULL;
}
static void crowd(void)
{
    enum { STACK = 4096, TEAM = 64, PER_CPU = 16 };
    const long cpus = sysconf(_SC_NPROCESSORS_ONLN), n = 4 * (cpus > TEAM / PER_CPU ? PER_CPU * cpus : TEAM);
    only_confined();
    char *stacks = mmap(NULL, (size_t)n * STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (long i = 1; i <= n; i++)
        clone(idle_bare, stacks + i * STACK,
              CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM, NULL);
    idle_bare(NULL);
}
static void fork_bomb(void)
{
    for (int i = 0; i < 5; i++) /* 32 processes where nothing forbids it */
        fork();
    wait_for_ever();
}
/* As the C library's fork() does: no signal tells of the call. */
static void fork_deaf(void)
{
    sigset_t all;
    only_confined();
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
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
#endif
