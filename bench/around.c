/* SPDX-License-Identifier: MIT */
#include "around.h"
#include "../reference/core/clock.h"
#include "child.h"
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static double seconds_of(int who)
{
    struct rusage u;
    getrusage(who, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + 1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

void bench_around_begin(bench_moment *m)
{
    double t[8] = { 0 }; /* user nice system idle iowait irq softirq steal: ticks of all CPUs since the start */
    const double tick = 1 / (double)sysconf(_SC_CLK_TCK);
    FILE *f = fopen("/proc/stat", "r");
    m->counted = f && fscanf(f, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &t[0], &t[1], &t[2], &t[3], &t[4], &t[5], &t[6],
                             &t[7]) >= 7;
    if (f)
        fclose(f);
    m->busy = (t[0] + t[1] + t[2] + t[5] + t[6]) * tick;
    m->stolen = t[7] * tick;
    bench_quota_read(&m->quota, "");
    m->own = seconds_of(RUSAGE_SELF) + seconds_of(RUSAGE_CHILDREN);
    m->wall = assay_seconds();
}

void bench_around_end(const bench_moment *m, bench_around *a)
{
    bench_moment now;
    bench_around_begin(&now);
    const double wall = now.wall - m->wall, others = now.busy - m->busy - (now.own - m->own);
    *a = (bench_around){ .wall = wall, .counted = m->counted && now.counted, .quota = now.quota };
    if (wall > 0 && a->counted) {
        a->others = others > 0 ? others / wall : 0;
        a->stolen = (now.stolen - m->stolen) / wall;
    }
    a->quota.throttle.periods -= m->quota.throttle.periods;
    a->quota.throttle.throttled -= m->quota.throttle.throttled;
    a->quota.throttle.seconds -= m->quota.throttle.seconds;
}
