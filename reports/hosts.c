/* SPDX-License-Identifier: MIT
 * Results of assay bench that assay merge has joined: the page is of one kind of CPU, the first; its shards count as
 * one run, whose roofs are the best that any of them measured.  The others stand beside it, as do further FILEs. */
#include "report.h"
#include <stdlib.h>
#include <string.h>

enum { HOSTS = 8 };

const char *hosts_name(const cJSON *bench)
{
    return member_text(bench, "context.assay.cpu.model", "?");
}

bool hosts_same(const report *r, const cJSON *bench)
{
    return !strcmp(hosts_name(bench), hosts_name(bench_document(r, 0)));
}

static const char *model_of(const cJSON *bench, const cJSON *item)
{
    const cJSON *p;
    EACH (p, member(bench, "parts"))
        if (!strcmp(member_text(p, "digest", ""), member_text(item, "part", "?")))
            return member_text(p, "context.assay.cpu.model", "?");
    return "?";
}

/* The one before it that has its name. */
static cJSON *earlier(const cJSON *list, const cJSON *item)
{
    cJSON *o;
    EACH (o, list)
        if (o == item || !strcmp(member_text(o, "name", ""), member_text(item, "name", "?")))
            return o == item ? NULL : o;
    return NULL;
}

/* Leaves what is of that kind of CPU. */
static void choose(cJSON *bench, const char *mine)
{
    static const char *const lists[] = { "benchmarks", "pairs", "phases", "roofs", "not_measured" };
    for (int i = 0; i < 5; i++) {
        cJSON *list = cJSON_GetObjectItemCaseSensitive(bench, lists[i]), *item = list ? list->child : NULL;
        while (item) {
            cJSON *next = item->next, *first = i >= 3 ? earlier(list, item) : NULL;
            const bool other = strcmp(model_of(bench, item), mine) != 0;
            if (first && !other && member_number(item, "value", 0) > member_number(first, "value", 0))
                cJSON_SetNumberValue(cJSON_GetObjectItemCaseSensitive(first, "value"), member_number(item, "value", 0));
            if (first || other)
                cJSON_Delete(cJSON_DetachItemViaPointer(list, item));
            item = next;
        }
    }
}

void hosts_choose(report *r)
{
    const cJSON *p, *q, *parts = member(r->bench, "parts");
    char mine[256];
    snprintf(mine, sizeof mine, "%s", hosts_name(r->bench));
    EACH (p, parts) {
        const char *model = hosts_name(p);
        q = parts->child;
        while (strcmp(hosts_name(q), model))
            q = q->next;
        r->hosts += q == p;
        if (q != p || !strcmp(model, mine) || r->n_more == HOSTS)
            continue;
        cJSON *other = cJSON_Duplicate(r->bench, 1);
        cJSON_ReplaceItemInObjectCaseSensitive(other, "context", cJSON_Duplicate(member(p, "context"), 1));
        choose(other, model);
        r->more[r->n_more++] = other;
    }
    if (parts)
        choose(r->bench, mine);
}

/* ---- side by side --------------------------------------------------------------------------------------------------
 */

enum { HOST_OPS = 256 };

/* Of the results of other machines the first of each; [0] is the page's own. */
static int hosts_of(const report *r, const cJSON *host[HOSTS])
{
    const cJSON *d;
    int n = 0;
    for (int i = 0; n < HOSTS && (d = bench_document(r, i)); i++) {
        int k = 0;
        while (k < n && strcmp(hosts_name(host[k]), hosts_name(d)) != 0)
            k++;
        if (k == n)
            host[n++] = d;
    }
    return n;
}

/* The best kernel's row of the op, workload and types of a row, one thread, hot; NULL: none. */
static const cJSON *best_like(const cJSON *bench, const cJSON *like)
{
    static const char *const same[] = { "op", "workload", "types" };
    const cJSON *row, *best = NULL;
    EACH (row, member(bench, "benchmarks")) {
        bool match = headline(row) && member_number(row, "share", -1) >= 0 && !cJSON_IsTrue(member(row, "impossible"));
        for (int i = 0; match && i < 3; i++)
            match = row_is(row, same[i], member_text(like, same[i], ""));
        if (match && (!best || member_number(row, "share", 0) > member_number(best, "share", 0)))
            best = row;
    }
    return best;
}

static int upwards(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of an op the problems that every host has measured: how many, and the middle share of each. */
static int shares_of(const cJSON *const host[], int hosts, const char *op, double middle[HOSTS])
{
    enum { MOST = 256 };
    static double share[HOSTS][MOST];
    const cJSON *row;
    int n = 0;
    EACH (row, member(host[0], "benchmarks")) {
        const cJSON *best[HOSTS];
        int have = 0;
        if (n == MOST || !row_is(row, "op", op) || best_like(host[0], row) != row)
            continue;
        while (have < hosts && (best[have] = best_like(host[have], row)))
            have++;
        for (int i = 0; have == hosts && i < hosts; i++)
            share[i][n] = member_number(best[i], "share", 0);
        n += have == hosts;
    }
    for (int i = 0; n && i < hosts; i++) {
        qsort(share[i], (size_t)n, sizeof share[i][0], upwards);
        middle[i] = n % 2 ? share[i][n / 2] : (share[i][n / 2 - 1] + share[i][n / 2]) / 2;
    }
    return n;
}

static void host_phases(report *r, const cJSON *const host[], int hosts)
{
    const cJSON *d, *phase;
    page_table(r, "host|model, phase|>threads|caches|>tokens/s by its calls|>roofs allow, tokens/s");
    for (int i = 0; i < hosts; i++)
        for (int k = 0; (d = bench_document(r, k)); k++)
            EACH (phase, strcmp(hosts_name(d), hosts_name(host[i])) ? NULL : member(d, "phases")) {
                const double rate = phase_tokens_per_s(phase), ns = member_number(phase, "ns", 0),
                             roof = member_number(phase, "roof_ns", 0);
                char at[32] = "n/a", allowed[32] = "n/a";
                if (rate > 0)
                    snprintf(at, sizeof at, "%.1f", rate);
                if (rate > 0 && roof > 0)
                    snprintf(allowed, sizeof allowed, "%.1f", rate * ns / roof);
                page_row(r, "%c|%s, %s|%.0f|%s|%s|%s", 'A' + i, member_text(phase, "model", "?"),
                         member_text(phase, "phase", "?"), member_number(phase, "threads", 1),
                         member_text(phase, "cache", "?"), at, allowed);
            }
    page_table_end(r);
}

void section_hosts(report *r)
{
    const cJSON *host[HOSTS], *row;
    const char *seen[HOST_OPS];
    const int hosts = hosts_of(r, host);
    char line[512] = "op|>problems";
    double middle[HOSTS];
    int n = 0, apart = 0;
    bool phases = false;
    if (hosts < 2)
        return;
    page_heading(r, "Hosts side by side");
    page_text(r,
              "Of each op the middle share of each host's own roof: the best kernel, one thread, hot cache, over the "
              "problems (workload and types) that every host has measured. A share says how well kernels use a "
              "machine, not how fast it is.");
    page_table(r, "host|~CPU|>threads|commit|~date");
    for (int i = 0; i < hosts; i++)
        page_row(r, "%c|%s|%.0f|%s|%s", 'A' + i, hosts_name(host[i]),
                 member_number(host[i], "context.assay.cpu.threads", 0),
                 member_text(host[i], "context.assay.commit", "?"), member_text(host[i], "context.assay.date", "?"));
    page_table_end(r);
    for (int i = 0; i < hosts; i++)
        text_add(line, sizeof line, "|>%c", 'A' + i);
    page_table(r, line);
    EACH (row, member(host[0], "benchmarks")) {
        const char *op = member_text(row, "op", "?");
        int k = 0;
        while (k < n && strcmp(seen[k], op) != 0)
            k++;
        if (k < n || n == HOST_OPS)
            continue;
        seen[n++] = op;
        const int problems = shares_of(host, hosts, op, middle);
        apart += !problems;
        if (!problems)
            continue;
        snprintf(line, sizeof line, "%.48s|%d", op, problems);
        for (int i = 0; i < hosts; i++)
            text_add(line, sizeof line, "|{bar %.0f}%.0f %%", 100 * (middle[i] < 1 ? middle[i] : 1), 100 * middle[i]);
        page_row(r, "%s", line);
    }
    page_table_end(r);
    if (apart)
        page_text(r, "%d op%s of host A have no problem that all hosts measured.", apart, apart > 1 ? "s" : "");
    for (int i = 0; bench_document(r, i); i++)
        phases |= cJSON_GetArraySize(member(bench_document(r, i), "phases")) > 0;
    if (phases)
        host_phases(r, host, hosts);
}
