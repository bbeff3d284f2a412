/* SPDX-License-Identifier: MIT */
#include "marks.h"
#include <stdio.h>
#include <string.h>

static bool impossible(const bench_facts *f, char *words, size_t n)
{
    snprintf(words, n, "%.2f of its roof: the figure, or the roof, is wrong", f->share);
    return f->share > 1.05;
}

/* Caches of their own let n threads be more than n times as fast where one thread's data do not fit. */
static bool scaling(const bench_facts *f, char *words, size_t n)
{
    const bool another = f->level && f->level_1 && strcmp(f->level, f->level_1) != 0;
    if (another)
        snprintf(words, n, "%.2f x the speed of one thread on %d: its data lie in %s there, on one thread in %s",
                 f->scaling, f->team, f->level, f->level_1);
    else
        snprintf(words, n, "%.2f x the speed of one thread on %d: one of the two times is wrong", f->scaling, f->team);
    return f->scaling > 1.1 * f->team;
}

static bool threads(const bench_facts *f, char *words, size_t n)
{
    snprintf(words, n, "used %.2f CPUs where %d thread%s asked for, %.2f of them by threads of its own", f->used,
             f->team, f->team == 1 ? " was" : "s were", f->own_threads);
    return f->used > 1.1 * f->team + 0.05 || f->own_threads > 0.1 * f->used + 0.02;
}

/* Branches that a predictor has learned make less than that. */
static bool remembers(const bench_facts *f, char *words, size_t n)
{
    snprintf(words, n, "a call on inputs that are all new took %.1f x as long as one as in the loop", f->fresh);
    return f->fresh > 3;
}

static bool cpus(const bench_facts *f, char *words, size_t n)
{
    snprintf(words, n, "%d threads took turns on %d CPU%s", f->team, f->cpus, f->cpus == 1 ? "" : "s");
    return f->cpus > 0 && f->team > f->cpus;
}

static bool quota(const bench_facts *f, char *words, size_t n)
{
    const bench_quota *q = &f->around.quota;
    snprintf(words, n, "%d thread%s under a quota of %.2f CPUs", f->team, f->team == 1 ? "" : "s", q->cpus);
    return q->cpus > 0 && q->cpus < f->team;
}

static bool throttled(const bench_facts *f, char *words, size_t n)
{
    const bench_throttle *t = &f->around.quota.throttle;
    snprintf(words, n, "stopped by the quota of %.2f CPUs in %lld of %lld periods, for %.3f s in all",
             f->around.quota.cpus, (long long)t->throttled, (long long)t->periods, t->seconds);
    return t->throttled > 0;
}

static bool busy(const bench_facts *f, char *words, size_t n)
{
    const bench_around *a = &f->around;
    snprintf(words, n, "others used %.2f CPUs meanwhile; %.0f times a second a thread had to make way", a->others,
             f->preempted);
    return a->others > 0.1 && a->others * a->wall > 0.05; /* five ticks of the system's clock */
}

/* One thread that computes is on a CPU all the time: what is missing went to others, or to sleep. */
static bool waited(const bench_facts *f, char *words, size_t n)
{
    snprintf(words, n, "was on a CPU %.0f %% of the time", 100 * f->used);
    return f->team == 1 && f->used > 0 && f->used < 0.9;
}

static bool stolen(const bench_facts *f, char *words, size_t n)
{
    snprintf(words, n, "the hypervisor gave %.2f CPUs to others meanwhile", f->around.stolen);
    return f->around.stolen > 0.05;
}

static bool unwatched(const bench_facts *f, char *words, size_t n)
{
    snprintf(words, n, "whether others used the CPUs meanwhile: n/a (no /proc/stat)");
    return f->around.wall > 0 && !f->around.counted;
}

static const struct mark {
    const char *name;
    bool (*test)(const bench_facts *f, char *words, size_t n); /* true: earned, and words say why */
} marks[] = {
    { "impossible", impossible }, { "scaling", scaling },     { "threads", threads },
    { "remembers", remembers },   { "cpus", cpus },           { "quota", quota },
    { "throttled", throttled },   { "busy", busy },           { "waited", waited },
    { "stolen", stolen },         { "unwatched", unwatched },
};

const char *bench_mark_name(int i)
{
    return i >= 0 && i < (int)(sizeof marks / sizeof *marks) ? marks[i].name : NULL;
}

bool bench_mark(int i, const bench_facts *f, char *words, size_t n)
{
    return marks[i].test(f, words, n);
}

int bench_marks_json(const bench_facts *f, assay_json *j)
{
    char words[200];
    int n = 0;
    for (int i = 0; bench_mark_name(i); i++) {
        if (!bench_mark(i, f, words, sizeof words))
            continue;
        if (n++ == 0)
            assay_json_open(j, "marks", '[');
        assay_json_open(j, NULL, '{');
        assay_json_str(j, "name", marks[i].name);
        assay_json_str(j, "words", words);
        assay_json_close(j);
    }
    if (n)
        assay_json_close(j);
    return n;
}
