/* SPDX-License-Identifier: MIT
 * Ours beside others: pairs that were measured interleaved; and these results beside earlier ones (--base). */
#include "report.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct rival {
    char b[96]; /* supplier and kernel */
    double log_sum, least, most;
    int n, slower; /* pairs whose interval says that ours is slower */
} rival;

enum { RIVALS = 64 };

static void name_of(const cJSON *pair, char *text, size_t n)
{
    const char *supplier = member_text(pair, "side_b.supplier", "");
    const bool named = *supplier && strcmp(supplier, "built-in") != 0;
    snprintf(text, n, "%.40s%s%.48s", named ? supplier : "", named ? " " : "", member_text(pair, "b", "?"));
}

/* The next pair of the page's own machine behind one of a document, which moves on with it; NULL: there is none. */
static const cJSON *next_pair(const report *r, int *nth, const cJSON *pair)
{
    const cJSON *d;
    if (pair && pair->next)
        return pair->next;
    while ((d = bench_document(r, ++*nth))) {
        const cJSON *pairs = hosts_same(r, d) ? member(d, "pairs") : NULL;
        if (pairs && pairs->child)
            return pairs->child;
    }
    return NULL;
}

static int rivals_of(const report *r, rival list[RIVALS])
{
    const cJSON *pair = NULL;
    int n = 0, nth = -1;
    while ((pair = next_pair(r, &nth, pair))) {
        const double ratio = member_number(pair, "ratio", 0);
        char b[96];
        int i = 0;
        name_of(pair, b, sizeof b);
        while (i < n && strcmp(list[i].b, b) != 0)
            i++;
        if (!(ratio > 0) || i == RIVALS)
            continue;
        if (i == n) {
            list[n] = (rival){ .least = ratio, .most = ratio };
            snprintf(list[n++].b, sizeof b, "%s", b);
        }
        list[i].n++;
        list[i].log_sum += log(ratio);
        list[i].least = fmin(list[i].least, ratio);
        list[i].most = fmax(list[i].most, ratio);
        list[i].slower += member_number(pair, "low", 0) > 1;
    }
    return n;
}

void peers_in_words(report *r)
{
    rival list[RIVALS];
    const int n = rivals_of(r, list);
    for (int i = 0; i < n && i < 4; i++)
        page_item(r, "Beside others",
                  "%s: ours takes %.2f times as long (geometric mean of %d pair%s, %.2f to %.2f); it is slower in "
                  "%d of them.",
                  list[i].b, exp(list[i].log_sum / list[i].n), list[i].n, list[i].n > 1 ? "s" : "", list[i].least,
                  list[i].most, list[i].slower);
    if (r->bench && !n)
        page_item(r, "Beside others",
                  "n/a: no pairs are in these results (assay bench -k A -k B --json FILE measures "
                  "them; docs/bench.md).");
}

void section_peers(report *r)
{
    const cJSON *pair = NULL;
    int nth = -1;
    rival list[RIVALS];
    if (!rivals_of(r, list))
        return;
    page_heading(r, "Ours beside others");
    page_text(r, "Measured interleaved in one run: time of the first over time of the second, above 1 the second is "
                 "faster; the interval is of the median over all rounds.");
    page_table(r, "first|second|op, workload, types|>ratio|interval|>us, first|>us, second|verdicts");
    while ((pair = next_pair(r, &nth, pair))) {
        char b[96];
        const char *what = member_text(pair, "name", "?");
        name_of(pair, b, sizeof b);
        page_row(r, "%s|%s|%s|%.3f|%.3f to %.3f|%.2f|%.2f|%s, %s", member_text(pair, "a", "?"), b, what,
                 member_number(pair, "ratio", 0), member_number(pair, "low", 0), member_number(pair, "high", 0),
                 member_number(pair, "a_ns", 0) / 1e3, member_number(pair, "b_ns", 0) / 1e3,
                 cJSON_IsTrue(member(pair, "verdict_a.pass")) ? "passed" : "{bad}FAILED",
                 cJSON_IsTrue(member(pair, "verdict_b.pass")) ? "passed" : "FAILED");
    }
    page_table_end(r);
}

/* ---- an earlier report ------------------------------------------------------------------------------------------- */

typedef struct change {
    const cJSON *now, *then;
    double ratio; /* of times: above 1 it is slower now */
    bool apart;   /* the samples' ranges do not meet */
} change;

static int by_ratio(const void *a, const void *b)
{
    const change *x = a, *y = b;
    return (x->ratio < y->ratio) - (x->ratio > y->ratio);
}

static const cJSON *row_named(const cJSON *bench, const char *name)
{
    const cJSON *row;
    EACH (row, member(bench, "benchmarks"))
        if (row_is(row, "name", name))
            return row;
    return NULL;
}

static void change_table(report *r, const change *list, int n)
{
    page_table(r, "row|>us then|>us now|>now over then|>share then|>share now");
    for (int i = 0; i < n; i++)
        page_row(r, "%s|%.2f|%.2f|%.3f|%.0f %%|%.0f %%", member_text(list[i].now, "name", "?"),
                 member_number(list[i].then, "real_time", 0) / 1e3, member_number(list[i].now, "real_time", 0) / 1e3,
                 list[i].ratio, 100 * member_number(list[i].then, "share", 0),
                 100 * member_number(list[i].now, "share", 0));
    page_table_end(r);
}

void section_base(report *r)
{
    const cJSON *row, *then;
    const int most = cJSON_GetArraySize(member(r->bench, "benchmarks"));
    change *list = r->base && most ? calloc((size_t)most, sizeof *list) : NULL;
    int n = 0, apart = 0, slower = 0, added = 0, gone = 0, turned = 0;
    if (!list)
        return;
    EACH (row, member(r->bench, "benchmarks")) {
        then = row_named(r->base, member_text(row, "name", "?"));
        added += !then;
        turned += then && measured(then) && !measured(row);
        if (!then || !measured(then) || !measured(row))
            continue;
        const double was = member_number(then, "real_time", 0), is = member_number(row, "real_time", 0);
        change *c = &list[n];
        *c = (change){ row, then, was > 0 ? is / was : 1,
                       member_number(row, "low", is) > member_number(then, "high", was) ||
                           member_number(row, "high", is) < member_number(then, "low", was) };
        apart += c->apart;
        slower += c->apart && c->ratio > 1;
        n += c->apart; /* the others are counted only */
    }
    EACH (row, member(r->base, "benchmarks"))
        gone += !row_named(r->bench, member_text(row, "name", "?"));
    qsort(list, (size_t)n, sizeof *list, by_ratio);
    page_heading(r, "Against the earlier results");
    page_text(r,
              "Earlier: commit %s, %s, %s. Times whose ranges of repetitions do not meet: %d rows slower, %d faster; "
              "%d rows new, %d gone, %d passed then and fail now. Ranges of few repetitions part by chance on a busy "
              "machine: what a gate needs, assay compare says (docs/bench.md).",
              member_text(r->base, "context.assay.commit", "?"), member_text(r->base, "context.assay.cpu.model", "?"),
              member_text(r->base, "context.assay.date", "no date"), slower, apart - slower, added, gone, turned);
    if (n > 24) {
        page_text(r, "The twelve that lost most, and the twelve that gained most:");
        change_table(r, list, 12);
        change_table(r, list + n - 12, 12);
    } else if (n)
        change_table(r, list, n);
    free(list);
}
