/* SPDX-License-Identifier: MIT
 * why.c - why one kernel takes longer than another on the same problem, said only where something was counted that can
 * account for it: an event that the slower one has more of, and which costs a share of the difference worth naming. */
#include "bench.h"
#include <cjson/cJSON.h>
#include <string.h>

/* What the slower one has more of; ns: what one such event costs at least, so that few of them explain nothing. */
static const struct cause {
    const char *counter, *does, *what; /* executes 1.31 x the instructions */
    double ns;
} causes[] = {
    { "instructions", "executes", "the instructions", 0.05 },  { "l1d_misses", "misses the L1 cache", "as often", 0.5 },
    { "l2_misses", "misses the L2 cache", "as often", 2 },     { "l3_misses", "reads", "as many lines from memory", 5 },
    { "branch_misses", "mispredicts", "as many branches", 2 }, { "page_faults", "takes", "as many page faults", 100 },
};

static const char *times(double x, char text[32])
{
    snprintf(text, 32, x < 10 ? "%.2f" : x < 100 ? "%.1f" : "%.0f", x);
    return text;
}

static const bench_counter *find(const bench_result *r, const char *name)
{
    for (int i = 0; i < BENCH_COUNTERS; i++)
        if (!strcmp(r->counter[i].name, name) && r->counter[i].from != BENCH_NA)
            return &r->counter[i];
    return NULL;
}

static int say(assay_json *j, const char *who, const char *what)
{
    char words[200];
    snprintf(words, sizeof words, "%.60s %.130s", who, what);
    assay_json_str(j, NULL, words);
    return 1;
}

static int by_counter(const struct cause *c, const bench_task *t, const bench_result *slow, const bench_result *fast,
                      double gap, assay_json *j)
{
    char words[160], number[32], from[32] = "";
    const bench_counter *a = find(slow, c->counter), *b = find(fast, c->counter);
    if (!a || !b || a->from != b->from || a->value < 1.2 * b->value || (a->value - b->value) * c->ns < 0.05 * gap)
        return 0;
    if (a->from == BENCH_SIMULATED)
        snprintf(from, sizeof from, " (simulated)");
    if (b->value < 0.5) { /* a ratio to nothing says nothing */
        snprintf(words, sizeof words, "has %.0f %s a call, the other none%s", a->value, c->counter, from);
        return say(j, t->k->name, words);
    }
    snprintf(words, sizeof words, "%s %s x %s%s", c->does, times(a->value / b->value, number), c->what, from);
    return say(j, t->k->name, words);
}

/* one: the pair on one thread, as it was written; NULL: there is none. */
static int by_scaling(const bench_task *t, const bench_result *r, int k, const cJSON *one, assay_json *j)
{
    const double alone = cJSON_GetNumberValue(cJSON_GetObjectItem(one, k ? "b_ns" : "a_ns"));
    char words[160], number[32];
    if (t[k].threads < 2 || !(alone > 0) || r[k].sample[0] < 1.05 * alone)
        return 0;
    snprintf(words, sizeof words, "is slower on %d threads than on one: %s x the time", t[k].threads,
             times(r[k].sample[0] / alone, number));
    return say(j, t[k].k->name, words);
}

int bench_why_json(const bench_task *t, const bench_result *r, const bench_work *w, const cJSON *one, assay_json *j)
{
    const int slow = r[0].sample[0] < r[1].sample[0], fast = !slow;
    const double bytes = bench_touched(w, &t[slow], &r[slow]) / bench_touched(w, &t[fast], &r[fast]);
    char words[160], number[32];
    int n = 0;
    assay_json_open(j, "why", '[');
    for (size_t i = 0; i < ASSAY_COUNT_OF(causes); i++)
        n += by_counter(&causes[i], &t[slow], &r[slow], &r[fast], r[slow].sample[0] - r[fast].sample[0], j);
    if (bytes > 1.2) {
        snprintf(words, sizeof words, "reads %s x the bytes (weights as it packs them)", times(bytes, number));
        n += say(j, t[slow].k->name, words);
    }
    for (int k = 0; k < 2; k++)
        n += by_scaling(t, r, k, one, j);
    assay_json_close(j);
    return n;
}
