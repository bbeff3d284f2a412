/* SPDX-License-Identifier: MIT
 * The process's group stands in /proc/self/cgroup, where its hierarchy is mounted in /proc/self/mountinfo.  A quota
 * binds all groups below the one that has it, so every folder from the process's own up to the mount is read. */
#include "quota.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH = 4096 };

/* The folder of the process's group, and how much of it is the mount; false: this hierarchy has no CPU controller. */
static bool group_of(const char *root, bool v2, char *folder, size_t *mount)
{
    char path[PATH], line[2 * PATH], group[PATH] = "", top[PATH], at[PATH];
    bool found = false;
    snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    FILE *f = fopen(path, "r");
    while (f && !group[0] && fgets(line, sizeof line, f)) { /* 0::/user.slice, or 4:cpu,cpuacct:/docker/... */
        char *names = strchr(line, ':'), *place = names ? strchr(names + 1, ':') : NULL;
        if (!place)
            continue;
        *place++ = 0;
        place[strcspn(place, "\n")] = 0;
        char list[256];
        snprintf(list, sizeof list, ",%.250s,", names + 1);
        if (v2 ? !strncmp(line, "0:", 2) && !names[1] : strstr(list, ",cpu,") != NULL)
            snprintf(group, sizeof group, "%s", place);
    }
    if (f)
        fclose(f);
    snprintf(path, sizeof path, "%s/proc/self/mountinfo", root);
    f = group[0] ? fopen(path, "r") : NULL;
    while (f && !found && fgets(line, sizeof line, f)) { /* 32 31 0:29 ROOT MOUNT rw - cgroup cgroup rw,cpu */
        char type[32], options[512];
        const char *dash = strstr(line, " - ");
        if (!dash || sscanf(line, "%*s %*s %*s %4095s %4095s", top, at) != 2 ||
            sscanf(dash, " - %31s %*s %511s", type, options) != 2)
            continue;
        char list[520];
        snprintf(list, sizeof list, ",%s,", options);
        found = v2 ? !strcmp(type, "cgroup2") : !strcmp(type, "cgroup") && strstr(list, ",cpu,");
    }
    if (f)
        fclose(f);
    if (!found)
        return false;
    const size_t n = strcmp(top, "/") ? strlen(top) : 0; /* a container sees a part of the hierarchy */
    const char *rest = strncmp(group, top, n) || (group[n] && group[n] != '/') ? "" : group + n;
    *mount = (size_t)snprintf(folder, PATH, "%.1000s%.1000s", root, at);
    snprintf(folder + *mount, PATH - *mount, "%.2000s", strcmp(rest, "/") ? rest : "");
    return true;
}

static bool read_line(const char *folder, const char *file, char *text, size_t n)
{
    char path[PATH + 32];
    snprintf(path, sizeof path, "%s/%s", folder, file);
    FILE *f = fopen(path, "r");
    const bool ok = f && fgets(text, (int)n, f);
    if (f)
        fclose(f);
    return ok;
}

/* The quota of one folder in CPUs; 0: none; negative: it does not say. */
static double quota_of(const char *folder, bool v2)
{
    char text[64], period[64];
    double most = 0, of = 0;
    if (v2) {
        if (!read_line(folder, "cpu.max", text, sizeof text))
            return -1;
        return sscanf(text, "%lf %lf", &most, &of) == 2 && of > 0 ? most / of : 0; /* "max 100000" */
    }
    if (!read_line(folder, "cpu.cfs_quota_us", text, sizeof text) ||
        !read_line(folder, "cpu.cfs_period_us", period, sizeof period))
        return -1;
    most = strtod(text, NULL), of = strtod(period, NULL);
    return most > 0 && of > 0 ? most / of : 0;
}

static void add_throttle(const char *folder, bench_throttle *t)
{
    char path[PATH + 32], name[64];
    double value;
    snprintf(path, sizeof path, "%s/cpu.stat", folder);
    FILE *f = fopen(path, "r");
    while (f && fscanf(f, "%63s %lf", name, &value) == 2) {
        t->periods += !strcmp(name, "nr_periods") ? (int64_t)value : 0;
        t->throttled += !strcmp(name, "nr_throttled") ? (int64_t)value : 0;
        t->seconds += !strcmp(name, "throttled_usec")   ? value * 1e-6
                      : !strcmp(name, "throttled_time") ? value * 1e-9
                                                        : 0;
    }
    if (f)
        fclose(f);
}

void bench_quota_read(bench_quota *q, const char *root)
{
    static char folder[PATH];
    *q = (bench_quota){ .known = false };
    for (int v2 = 0; v2 <= 1; v2++) {
        size_t mount = 0;
        bool more = group_of(root, v2, folder, &mount);
        while (more) {
            const double cpus = quota_of(folder, v2);
            q->known = q->known || cpus >= 0;
            if (cpus > 0) {
                q->cpus = q->cpus == 0 || cpus < q->cpus ? cpus : q->cpus;
                add_throttle(folder, &q->throttle);
            }
            char *slash = strrchr(folder + mount, '/');
            more = slash != NULL;
            if (slash)
                *slash = 0;
        }
    }
}

void bench_quota_words(const bench_quota *q, char *text, int n)
{
    if (q->cpus > 0)
        snprintf(text, (size_t)n, "%.2f CPUs", q->cpus);
    else
        snprintf(text, (size_t)n, "%s", q->known ? "none" : "n/a: no control group shows one");
}
