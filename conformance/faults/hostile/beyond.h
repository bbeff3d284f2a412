/* SPDX-License-Identifier: MIT
 * beyond.h - what reaches beyond a call: other processes, what is shared with the judge, what is left changed. */
#ifndef ASSAY_HOSTILE_BEYOND_H
#define ASSAY_HOSTILE_BEYOND_H
#include "../../judge/lab.h"
#include "own.h"
#include <errno.h>
#include <fenv.h>
#include <stdio.h>
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
