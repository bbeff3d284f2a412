/* SPDX-License-Identifier: MIT */
#include "settle.h"
#include "../../reference/core/clock.h"

static const double roam_s = 0.02;

void assay_settle_open(assay_settle *s)
{
    *s = (assay_settle){ .runner_cpu = -1 };
    s->able = sched_getaffinity(0, sizeof s->home, &s->home) == 0 && CPU_COUNT(&s->home) > 1;
}

void assay_settle_born(assay_settle *s)
{
    s->runner_cpu = -1;
    s->threads = 1;
}

static bool stay(pid_t pid, int cpu)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    return sched_setaffinity(pid, sizeof one, &one) == 0;
}

void assay_settle_down(assay_settle *s, pid_t runner, int threads)
{
    if (!s->able)
        return;
    const int cpu = sched_getcpu();
    const double now = assay_seconds();
    if (threads < 1 || threads > s->threads || cpu < 0 || cpu >= CPU_SETSIZE || now >= s->roam_at) {
        if (s->runner_cpu >= 0)
            sched_setaffinity(runner, sizeof s->home, &s->home);
        s->runner_cpu = -1;
        s->threads = threads > s->threads ? threads : s->threads;
        s->roam_at = now + roam_s;
        return;
    }
    if (s->runner_cpu != cpu)
        s->runner_cpu = stay(runner, cpu) ? cpu : -1;
    s->judge = s->runner_cpu == cpu && stay(0, cpu);
}

void assay_settle_up(assay_settle *s)
{
    if (s->judge)
        sched_setaffinity(0, sizeof s->home, &s->home);
    s->judge = false;
}
