/* SPDX-License-Identifier: MIT */
#include "spent.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* How well a row stands for a call of the model: 0 not at all. */
static int fit(const cJSON *row, const spent *s, const char *phase, double threads)
{
    const bool decode = !strcmp(phase, "decode"), packs = member_number(row, "packed_bytes", 0) > 0;
    if (!row_is(row, "op", s->op) || !row_is(row, "kernel", s->kernel) || !measured(row) ||
        member_number(row, "share", -1) < 0 || cJSON_IsTrue(member(row, "impossible")))
        return 0;
    return 1 + 4 * (strstr(member_text(row, "workload", ""), phase) != NULL) +
           2 * (row_is(row, "cache", "cold") == (decode && packs)) + (member_number(row, "threads", 0) == threads);
}

static void find_share(const report *r, spent *s, const char *phase, double threads)
{
    const cJSON *row;
    double time = 0, allowed = 0;
    int best = 0;
    s->share = -1;
    s->bound = NULL;
    EACH (row, member(r->bench, "benchmarks")) {
        const int how = fit(row, s, phase, threads);
        if (!how || how < best)
            continue;
        if (how > best)
            time = allowed = 0, best = how;
        const double ns = member_number(row, "real_time", 0);
        time += ns;
        allowed += ns * fmin(1, member_number(row, "share", 0));
        s->bound = member_text(row, "bound_by", "?");
    }
    if (time > 0)
        s->share = allowed / time;
}

static int by_time(const void *a, const void *b)
{
    const spent *x = a, *y = b;
    return (x->ms < y->ms) - (x->ms > y->ms);
}

int spent_of(const report *r, const cJSON *run, const char *phase, spent out[SPENT])
{
    const cJSON *share, *of = member(run, phase);
    const double tokens = member_number(of, "tokens", 0);
    int n = 0;
    EACH (share, tokens > 0 ? member(of, "shares") : NULL) {
        if (n == SPENT)
            break;
        out[n] = (spent){ .op = member_text(share, "op", "?"),
                          .kernel = member_text(share, "kernel", "?"),
                          .ms = 1e3 * member_number(share, "seconds", 0) / tokens,
                          .calls = (int)fmin(1e6, member_number(share, "calls", 0)) };
        find_share(r, &out[n], phase, member_number(run, "threads", 1));
        n++;
    }
    qsort(out, (size_t)n, sizeof *out, by_time);
    return n;
}
