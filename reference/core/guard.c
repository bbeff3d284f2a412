/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "guard.h"
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAPS = 256 }; /* a model may have a hundred parts */

static struct {
    uintptr_t begin, end; /* equal: free */
    char path[512];
} maps[MAPS];
static struct sigaction before;

static void say(const char *text)
{
    if (write(STDERR_FILENO, text, strlen(text)) < 0)
        return;
}

static void on_bus(int signal, siginfo_t *info, void *context)
{
    const uintptr_t at = (uintptr_t)info->si_addr;
    (void)context;
    for (int i = 0; i < MAPS; i++)
        if (at >= maps[i].begin && at < maps[i].end) {
            say("assay: ");
            say(maps[i].path);
            say(": the file became shorter while it was read, or its device failed\n");
            _exit(2);
        }
    sigaction(signal, &before, NULL); /* not ours: the instruction runs again, for whoever was there before */
}

void assay_guard_add(const void *data, size_t n, const char *path)
{
    static bool installed;
    int i = 0;
    while (i < MAPS && maps[i].end > maps[i].begin)
        i++;
    if (i == MAPS)
        return;
    strncpy(maps[i].path, path, sizeof maps[i].path - 1);
    maps[i].begin = (uintptr_t)data;
    maps[i].end = maps[i].begin + n;
    if (!installed) {
        struct sigaction act = { .sa_sigaction = on_bus, .sa_flags = SA_SIGINFO };
        sigemptyset(&act.sa_mask);
        installed = sigaction(SIGBUS, &act, &before) == 0;
    }
}

void assay_guard_remove(const void *data)
{
    for (int i = 0; i < MAPS; i++)
        if (maps[i].begin == (uintptr_t)data)
            maps[i].begin = maps[i].end = 0;
}

bool assay_guard_reads(const char *path)
{
    struct stat a, b;
    bool reads = false;
    if (stat(path, &a) || !S_ISREG(a.st_mode))
        return false;
    for (int i = 0; i < MAPS; i++)
        reads |= maps[i].end > maps[i].begin && !stat(maps[i].path, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
    return reads;
}
