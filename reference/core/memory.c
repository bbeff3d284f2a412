/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "memory.h"
#include "cgroup.h"
#include "status.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* A number behind a name, in a file of lines "NAME[:] NUMBER [UNIT]"; 0: it is not there. */
static uint64_t number_of(const char *folder, const char *file, const char *name)
{
    char path[ASSAY_CGROUP_PATH + 32], line[256], word[64];
    unsigned long long x = 0;
    bool found = false;
    snprintf(path, sizeof path, "%s/%s", folder, file);
    FILE *f = fopen(path, "r");
    while (f && !found && fgets(line, sizeof line, f))
        found = sscanf(line, "%63s %llu", word, &x) == 2 && !strcmp(word, name);
    if (f)
        fclose(f);
    return found ? x : 0;
}

/* What the groups of one hierarchy leave.  Pages of files can be dropped: they do not count as used. */
static uint64_t left_by_groups(const char *root, bool v2)
{
    static const struct {
        const char *limit, *usage, *file[2];
    } names[] = {
        { "memory.limit_in_bytes", "memory.usage_in_bytes", { "total_inactive_file", "total_active_file" } },
        { "memory.max", "memory.current", { "inactive_file", "active_file" } },
    };
    char folder[ASSAY_CGROUP_PATH], text[64], used_text[64];
    size_t mount = 0;
    uint64_t least = UINT64_MAX;
    for (bool more = assay_cgroup_find(root, v2, "memory", folder, &mount); more;) {
        if (assay_cgroup_line(folder, names[v2].limit, text, sizeof text) && *text >= '0' && *text <= '9' &&
            assay_cgroup_line(folder, names[v2].usage, used_text, sizeof used_text)) {
            const uint64_t most = strtoull(text, NULL, 10), used = strtoull(used_text, NULL, 10),
                           files = number_of(folder, "memory.stat", names[v2].file[0]) +
                                   number_of(folder, "memory.stat", names[v2].file[1]),
                           taken = used > files ? used - files : 0, left = most > taken ? most - taken : 0;
            least = left < least ? left : least;
        }
        char *slash = strrchr(folder + mount, '/');
        more = slash != NULL;
        if (slash)
            *slash = 0;
    }
    return least;
}

/* What the limit of address space (ulimit -v) leaves. */
static uint64_t left_by_limit(void)
{
    struct rlimit r;
    unsigned long long pages = 0;
    if (getrlimit(RLIMIT_AS, &r) || r.rlim_cur == RLIM_INFINITY)
        return UINT64_MAX;
    FILE *f = fopen("/proc/self/statm", "r");
    const bool known = f && fscanf(f, "%llu", &pages) == 1;
    if (f)
        fclose(f);
    const uint64_t used = known ? pages * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
    return (uint64_t)r.rlim_cur > used ? (uint64_t)r.rlim_cur - used : 0;
}

uint64_t assay_memory_free(const char *root)
{
    char proc[ASSAY_CGROUP_PATH];
    snprintf(proc, sizeof proc, "%s/proc", root);
    const uint64_t kilobytes = number_of(proc, "meminfo", "MemAvailable:");
    uint64_t least = kilobytes ? kilobytes * 1024 : UINT64_MAX;
    const uint64_t other[] = { left_by_groups(root, false), left_by_groups(root, true),
                               *root ? UINT64_MAX : left_by_limit() };
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        least = other[i] < least ? other[i] : least;
    return least;
}

assay_status assay_memory_need(uint64_t bytes, const char *what, assay_why *why)
{
    enum { SMALL = 1 << 24 }; /* not worth the question */
    const uint64_t left = bytes < SMALL ? UINT64_MAX : assay_memory_free("");
    return bytes <= left ? ASSAY_OK
                         : assay_fail(why, ASSAY_ERR_NOMEM, "%s needs %.2f GiB of memory, %.2f GiB are free", what,
                                      (double)bytes / 0x1p30, (double)left / 0x1p30);
}
