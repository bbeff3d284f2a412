/* SPDX-License-Identifier: MIT
 * What was counted or simulated: instructions and cache misses. */
#include "report.h"
#include <math.h>
#include <string.h>

static void count_cell(char *cell, size_t n, const cJSON *row, const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "counters.%s", name);
    const cJSON *c = member(row, path);
    if (!c)
        snprintf(cell, n, "n/a");
    else if (member(c, "value"))
        snprintf(cell, n, member_number(c, "value", 0) < 100 ? "%.1f%s" : "%.0f%s", member_number(c, "value", 0),
                 !strcmp(member_text(c, "from", ""), "simulated") ? " sim" : "");
    else
        snprintf(cell, n, "{na}n/a");
}

void section_misses(report *r)
{
    static const char *const names[] = { "instructions", "l1d_misses", "l2_misses", "l3_misses" };
    const cJSON *row;
    FILE *f = r->bench ? page_data(r, "misses") : NULL;
    if (!f)
        return;
    page_heading(r, "Cache misses");
    page_text(
        r,
        "Per call, by hardware counters that passed their calibration; sim: simulated (callgrind, one thread; caches "
        "as bytes, ways, bytes of a line: %s, %s, %s). n/a: neither; the reasons stand under the counters' names at "
        "the end of "
        "this page.",
        member_text(r->bench, "context.assay.simulator.D1", "?"),
        member_text(r->bench, "context.assay.simulator.L2", "?"),
        member_text(r->bench, "context.assay.simulator.LL", "?"));
    page_details(r, "Instructions and misses, row by row");
    page_table(r, "kernel|workload|types|>instructions|>L1 misses|>L2 misses|>L3 misses");
    int n = 0;
    EACH (row, member(r->bench, "benchmarks")) {
        char cell[4][128];
        const cJSON *counters = member(row, "counters");
        if (!headline(row) || !counters ||
            !(member(counters, "l1d_misses.value") || member(counters, "instructions.value")))
            continue;
        for (int i = 0; i < 4; i++)
            count_cell(cell[i], sizeof cell[i], row, names[i]);
        page_row(r, "%s/%s|%s|%s|%s|%s|%s|%s", member_text(row, "op", "?"), member_text(row, "kernel", "?"),
                 member_text(row, "workload", "?"), member_text(row, "types", ""), cell[0], cell[1], cell[2], cell[3]);
        const double per = member_number(row, "bytes", 0) / 64;
        if (member(counters, "l1d_misses.value") && per > 0 && n < 40)
            fprintf(f, "%d %s %.6g %.6g\n", n++,
                    data_word("%s %s %s", member_text(row, "op", "?"), member_text(row, "kernel", "?"),
                              member_text(row, "types", "")),
                    member_number(counters, "l1d_misses.value", 0) / per,
                    member_number(counters, "l3_misses.value", NAN) / per); /* nan: no bar */
    }
    page_table_end(r);
    page_details_end(r);
    page_data_end(r);
    if (n)
        page_figure(
            r, "misses", "Cache misses per line that must be touched",
            "Misses per cache line that the op must touch: 1 is the least a cold cache allows, less was in the cache "
            "already. No second bar: the last level was not counted. The first 40 rows of the table.");
}
