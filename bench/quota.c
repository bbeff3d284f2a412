/* SPDX-License-Identifier: MIT */
#include "quota.h"
#include "../reference/core/cgroup.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The quota of one folder in CPUs; 0: none; negative: it does not say. */
static double quota_of(const char *folder, bool v2)
{
    char text[64], period[64];
    double most = 0, of = 0;
    if (v2) {
        if (!assay_cgroup_line(folder, "cpu.max", text, sizeof text))
            return -1;
        return sscanf(text, "%lf %lf", &most, &of) == 2 && of > 0 ? most / of : 0; /* "max 100000" */
    }
    if (!assay_cgroup_line(folder, "cpu.cfs_quota_us", text, sizeof text) ||
        !assay_cgroup_line(folder, "cpu.cfs_period_us", period, sizeof period))
        return -1;
    most = strtod(text, NULL), of = strtod(period, NULL);
    return most > 0 && of > 0 ? most / of : 0;
}

static void add_throttle(const char *folder, bench_throttle *t)
{
    char path[ASSAY_CGROUP_PATH + 32], name[64];
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
    static char folder[ASSAY_CGROUP_PATH];
    *q = (bench_quota){ .known = false };
    for (int v2 = 0; v2 <= 1; v2++) {
        size_t mount = 0;
        bool more = assay_cgroup_find(root, v2, "cpu", folder, &mount);
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
