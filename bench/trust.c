/* SPDX-License-Identifier: MIT
 * The system's list of areas is read through a descriptor without any allocation: looking changes nothing. */
#include "trust.h"
#include "../conformance/judge/abi.h"
#include "../conformance/judge/state.h"
#include "../conformance/results/hash.h"
#include "../reference/core/status.h"
#include <fcntl.h>
#include <omp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct area {
    uintptr_t lo, hi;
    char mode[5]; /* "r-xp" */
    bool code;    /* its bytes are compared, too */
} area;

#if defined(__has_feature) /* clang */
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__ /* red zones lie between our constants: nobody may read these */
enum { CONSTANTS = 0 };
#else
enum { CONSTANTS = 1 };
#endif
enum { AREAS = 256, SIGNALS = 65 };
static struct trust { /* as it was */
    assay_state state;
    void (*handler[SIGNALS])(int); /* of every signal: a timer may send any */
    int threads, n_areas;
    area area[AREAS]; /* the program and its libraries */
    uint64_t code;
} was;

static const char *read_maps(void)
{
    static char text[1 << 18];
    size_t n = 0;
    ssize_t got;
    const int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && n < sizeof text - 1 && (got = read(fd, text + n, sizeof text - 1 - n)) > 0)
        n += (size_t)got;
    if (fd >= 0)
        close(fd);
    text[n] = 0;
    return text;
}

/* One line: "7f00-7f01 r-xp 00000000 08:01 123   /lib/x.so"; the line after it. */
static const char *parse(const char *line, area *a, const char **name)
{
    char *end;
    a->lo = strtoull(line, &end, 16);
    a->hi = strtoull(end + (*end == '-'), &end, 16);
    snprintf(a->mode, sizeof a->mode, "%.4s", end + 1);
    const size_t n = strcspn(line, "\n");
    const char *at = memchr(line, '/', n);
    *name = at ? at : memchr(line, '[', n);
    return line + n + (line[n] == '\n');
}

/* The program itself, its libraries, and what the kernel lends (vdso): not its own heap and stacks. */
static bool of_program(const char *name)
{
    return name && (*name == '/' || !strncmp(name, "[vdso]", 6)) && strncmp(name, "/dev/zero", 9) != 0;
}

static uint64_t code_of(void)
{
    uint64_t sum = 0;
    for (int i = 0; i < was.n_areas; i++)
        if (was.area[i].code)
            sum = sum * 31 + assay_hash((const void *)was.area[i].lo, was.area[i].hi - was.area[i].lo);
    return sum;
}

static void (*handler_of(int signal))(int)
{
    struct sigaction act;
    return sigaction(signal, NULL, &act) ? SIG_DFL : act.sa_handler; /* some are the C library's own */
}

void bench_trust_take(int threads)
{
    char self[4096];
    const char *name;
    const ssize_t n = readlink("/proc/self/exe", self, sizeof self);
    was = (struct trust){ .threads = threads };
    assay_state_take(&was.state, threads, 0);
    for (int i = 1; i < SIGNALS; i++)
        was.handler[i] = handler_of(i);
    for (const char *line = read_maps(); *line && was.n_areas < AREAS;) {
        area *a = &was.area[was.n_areas];
        line = parse(line, a, &name);
        const bool own = n > 0 && name && !strncmp(name, self, (size_t)n);
        a->code = a->mode[0] == 'r' && a->mode[1] == '-' && (a->mode[2] == 'x' || (own && CONSTANTS));
        was.n_areas += of_program(name);
    }
    was.code = code_of();
}

void bench_trust_flags(uint32_t flags)
{
    if (flags & ASSAY_OWN_THREADS)
        was.state.threads = -1;
}

/* Areas that lie over one of before have its protection still. */
static bool protections(assay_why *why)
{
    const char *name;
    area now;
    for (const char *line = read_maps(); *line;) {
        line = parse(line, &now, &name);
        for (int i = 0; i < was.n_areas; i++) {
            const area *then = &was.area[i];
            if (now.lo < then->hi && then->lo < now.hi && strcmp(now.mode, then->mode) != 0)
                return assay_fail(why, ASSAY_OK, "changes the protection of the program's memory from %s to %s",
                                  then->mode, now.mode) != ASSAY_OK;
        }
    }
    return true;
}

bool bench_trust_open(const void *data, size_t bytes, const char *operand, assay_why *why)
{
    const char *name;
    area now;
    const uintptr_t lo = (uintptr_t)data, hi = lo + bytes;
    for (const char *line = read_maps(); *line;) {
        line = parse(line, &now, &name);
        if (now.lo < hi && lo < now.hi && strncmp(now.mode, "rw", 2) != 0)
            return assay_fail(why, ASSAY_OK, "changes the protection of %s to %s", operand, now.mode) != ASSAY_OK;
    }
    return true;
}

/* Of each thread of the team, which is as large as it was. */
static bool environment(assay_why *why)
{
    assay_why first = { "" };
    int team = 1;
    if (was.threads <= 1)
        assay_abi_environment(&first);
    else {
#pragma omp parallel num_threads(was.threads)
        {
            assay_why mine = { "" };
            const bool good = assay_abi_environment(&mine);
#pragma omp critical
            {
                team = omp_get_num_threads();
                first = good ? first : mine;
            }
        }
    }
    if (team < was.threads)
        return assay_fail(why, ASSAY_OK, "makes the team smaller: %d threads of %d", team, was.threads) != ASSAY_OK;
    return !first.text[0] ||
           assay_fail(why, ASSAY_OK, "leaves the floating-point environment changed: %.150s", first.text) != ASSAY_OK;
}

bool bench_trust_same(bool code, assay_why *why)
{
    for (int i = 1; i < SIGNALS; i++)
        if (handler_of(i) != was.handler[i])
            return assay_fail(why, ASSAY_OK, "changes the handler of signal %d (%s)", i, strsignal(i)) != ASSAY_OK;
    if (!assay_state_same(&was.state, why) || !protections(why) || !environment(why))
        return false;
    return !code || code_of() == was.code || assay_fail(why, ASSAY_OK, "changes the program's own code") != ASSAY_OK;
}

const char *bench_trust_blind(void)
{
    return *read_maps() ? NULL : "protections of memory: n/a (no /proc)";
}
