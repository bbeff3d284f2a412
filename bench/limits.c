/* SPDX-License-Identifier: MIT */
#include "limits.h"
#include "../reference/core/suite.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const double enough = 0.6; /* of the time, for a limit to be called what bounds a row */

int bench_limit_of(const bench_limits_facts *f)
{
    int best = -1;
    for (int i = 0; !f->impossible && i < BENCH_LIMITS; i++)
        if (f->share[i] >= enough && f->share[i] <= 1.05 && (best < 0 || f->share[i] > f->share[best]))
            best = i;
    return best;
}

const char *bench_limit_name(const bench_limits_facts *f, int limit)
{
    static const char *const names[BENCH_LIMITS] = { "call cost", "compute", NULL, "latency", "waiting" };
    return limit < 0 ? "nothing that was measured" : limit == BENCH_LEVEL ? f->level : names[limit];
}

/* Operations of one instruction: of floats a multiply-add (the scalar tier multiplies or adds), of 8-bit integers what
 * the roof's own loop spends; bytes of a vector. */
static const struct tier {
    const char *isa;
    double flops, integers, bytes;
} tiers[] = { { "scalar", 4, 4, 16 },   { "avx2", 16, 32, 32 },        { "avx512", 32, 64, 64 },
              { "neon", 8, 8, 16 },     { "avx512vnni", 32, 128, 64 }, { "avx512bf16", 64, 128, 64 },
              { "dotprod", 8, 32, 16 }, { "i8mm", 8, 64, 16 } };

double bench_least_instructions(const char *isa, bool integers, double flops, double bytes)
{
    for (size_t i = 0; isa && i < ASSAY_COUNT_OF(tiers); i++)
        if (!strcmp(isa, tiers[i].isa))
            return flops / (integers ? tiers[i].integers : tiers[i].flops) + bytes / tiers[i].bytes;
    return 0;
}

double bench_chain(double n, int lanes)
{
    return lanes > 1 ? ceil(n / lanes) + ceil(log2(lanes)) : n;
}

static const bench_counter *find(const bench_limits_facts *f, const char *name)
{
    for (int i = 0; i < f->n; i++)
        if (!strcmp(f->counter[i].name, name))
            return &f->counter[i];
    return NULL;
}

/* Counted, or why not. */
static bool counted(const bench_counter *c)
{
    return c && c->from != BENCH_NA;
}

static const char *reason(const bench_counter *c)
{
    return c && c->why[0] ? c->why : "not counted in this row";
}

static const char *from(const bench_counter *c)
{
    return c->from == BENCH_SIMULATED ? " (simulated)" : "";
}

/* 0.43, 12.3, 132 */
static const char *digits(double x, char text[24])
{
    snprintf(text, 24, x < 9.995 ? "%.2f" : x < 99.95 ? "%.1f" : "%.0f", x);
    return text;
}

static void say_bound(const bench_limits_facts *f, int bound, assay_json *j)
{
    static const char *const does[BENCH_LIMITS] = {
        "a call that computes nothing takes %.*f %% of its best time",
        "its operations alone take %.*f %% of its best time at the compute roof",
        "its bytes alone take %.*f %% of its best time at the roof of %s",
        "its sums one after another, each a chain of dependent additions, take %.*f %% of its best time",
        "waiting for the slowest thread, starting and joining the team take %.*f %% of calls made to see it",
    };
    char words[240], one[160];
    double most = 0;
    int at = -1;
    for (int i = 0; i < BENCH_LIMITS; i++)
        if (f->share[i] > most && f->share[i] <= 1.05)
            most = f->share[i], at = i;
    if (f->impossible || at < 0) {
        snprintf(words, sizeof words, "what bounds it: n/a (%s)",
                 f->impossible ? "above its roof: the figure or the roof is wrong"
                 : f->no_roofs ? f->no_roofs
                               : "no limit of it was measured");
        assay_json_str(j, NULL, words);
        return;
    }
    const int places = most < 0.1 ? 1 : 0;
    snprintf(one, sizeof one, does[at], places, 100 * most, f->level);
    if (bound >= 0)
        snprintf(words, sizeof words, "%s bounds it: %.150s", bench_limit_name(f, bound), one);
    else
        snprintf(words, sizeof words, "%.150s; nothing that was measured accounts for the other %.0f %%", one,
                 100 * (1 - most));
    assay_json_str(j, NULL, words);
}

static void say_instructions(const bench_limits_facts *f, double least, assay_json *j)
{
    const bench_counter *c = find(f, "instructions"), *cycles = find(f, "cycles");
    char words[240], number[24];
    if (counted(c) && least > 0)
        snprintf(words, sizeof words, "%.0f instructions%s, %s x the least of its operations and bytes", c->value,
                 from(c), digits(c->value / least, number));
    else
        snprintf(words, sizeof words, "instructions n/a (%.120s)", counted(c) ? "no model of its tier" : reason(c));
    assay_json_str(j, NULL, words);
    if (counted(c) && c->from == BENCH_HARDWARE && counted(cycles) && cycles->value > 0)
        snprintf(words, sizeof words, "%s instructions per cycle", digits(c->value / cycles->value, number));
    else
        snprintf(words, sizeof words, "instructions per cycle n/a (%.120s)",
                 counted(cycles) ? "instructions were not counted by the hardware" : reason(cycles));
    assay_json_str(j, NULL, words);
}

static void say_misses(const bench_limits_facts *f, assay_json *j)
{
    static const char *const names[][2] = { { "l1d_misses", "L1" }, { "l2_misses", "L2" }, { "l3_misses", "L3" } };
    char words[240], number[24];
    for (size_t i = 0; i < ASSAY_COUNT_OF(names); i++) {
        const bench_counter *c = find(f, names[i][0]);
        if (counted(c) && f->bytes > 0)
            snprintf(words, sizeof words, "%.0f %s misses%s: lines of %s x its bytes", c->value, names[i][1], from(c),
                     digits(64 * c->value / f->bytes, number));
        else
            snprintf(words, sizeof words, "%s misses n/a (%.120s)", names[i][1], reason(c));
        assay_json_str(j, NULL, words);
    }
}

/* What a team loses: the busiest thread's share is longer than the mean, and the call longer than the busiest's share.
 */
static void say_balance(const bench_limits_facts *f, assay_json *j)
{
    char words[240], number[24];
    if (f->threads < 2)
        return;
    if (f->wall > 0 && f->mean > 0)
        snprintf(
            words, sizeof words,
            "of %d threads the busiest works %s x the mean; %.0f %% of their time is lost, %.0f %% to imbalance, %.0f "
            "%% to starting, barriers and joining",
            f->threads, digits(f->busiest / f->mean, number), 100 * (1 - f->mean / f->wall),
            100 * (f->busiest - f->mean) / f->wall, 100 * (f->wall - f->busiest) / f->wall);
    else
        snprintf(words, sizeof words,
                 "balance of its %d threads n/a (hot rows alone, of kernels without threads of their own)", f->threads);
    assay_json_str(j, NULL, words);
}

static void balance(const bench_limits_facts *f, assay_json *j)
{
    if (!(f->wall > 0 && f->mean > 0))
        return;
    assay_json_open(j, "balance", '{');
    assay_json_num(j, "wall_ns", f->wall);
    assay_json_num(j, "busiest_ns", f->busiest);
    assay_json_num(j, "mean_ns", f->mean);
    assay_json_num(j, "max_over_mean", f->busiest / f->mean);
    assay_json_num(j, "lost", 1 - f->mean / f->wall);
    assay_json_num(j, "lost_imbalance", (f->busiest - f->mean) / f->wall);
    assay_json_num(j, "lost_barriers", (f->wall - f->busiest) / f->wall);
    assay_json_close(j);
}

static void ratios(const bench_limits_facts *f, double least, assay_json *j)
{
    static const char *const keys[][2] = { { "l1d_misses", "l1d_bytes_ratio" },
                                           { "l2_misses", "l2_bytes_ratio" },
                                           { "l3_misses", "l3_bytes_ratio" } };
    const bench_counter *c = find(f, "instructions"), *cycles = find(f, "cycles");
    if (least > 0)
        assay_json_num(j, "least_instructions", least);
    if (f->least > 0)
        assay_json_num(j, "least_bytes", f->least);
    if (counted(c) && least > 0)
        assay_json_num(j, "instructions_ratio", c->value / least);
    if (f->least > 0)
        assay_json_num(j, "bytes_ratio", f->bytes / f->least);
    if (counted(c) && c->from == BENCH_HARDWARE && counted(cycles) && cycles->value > 0)
        assay_json_num(j, "ipc", c->value / cycles->value);
    for (size_t i = 0; i < ASSAY_COUNT_OF(keys); i++)
        if (counted(find(f, keys[i][0])) && f->bytes > 0)
            assay_json_num(j, keys[i][1], 64 * find(f, keys[i][0])->value / f->bytes);
}

void bench_limits_json(const bench_limits_facts *f, assay_json *j)
{
    static const char *const keys[BENCH_LIMITS] = { "call", "compute", "level", "latency", "waiting" };
    const double least = bench_least_instructions(f->isa, f->integers, f->flops, f->least);
    const int bound = bench_limit_of(f);
    char words[160], number[24];
    assay_json_open(j, "why", '{');
    if (bound >= 0) {
        assay_json_str(j, "bound_by", bench_limit_name(f, bound));
        assay_json_num(j, "share", f->share[bound]);
    }
    assay_json_open(j, "shares", '{');
    for (int i = 0; i < BENCH_LIMITS; i++)
        if (f->share[i] > 0)
            assay_json_num(j, keys[i], f->share[i]);
    assay_json_close(j);
    ratios(f, least, j);
    balance(f, j);
    assay_json_open(j, "words", '[');
    say_bound(f, bound, j);
    say_balance(f, j);
    if (f->least > 0 && f->bytes > 1.01 * f->least) {
        snprintf(words, sizeof words, "packed weights make its bytes %s x the least",
                 digits(f->bytes / f->least, number));
        assay_json_str(j, NULL, words);
    }
    say_instructions(f, least, j);
    say_misses(f, j);
    assay_json_close(j);
    assay_json_close(j);
}
