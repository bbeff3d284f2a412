/* SPDX-License-Identifier: MIT
 * What assay compare --json wrote: what has become slower or faster since its base. */
#include "report.h"
#include <stdlib.h>
#include <string.h>

static double of(const cJSON *compared, const char *verdict)
{
    return member_number(member(compared, "totals"), verdict, 0);
}

void compared_in_words(report *r)
{
    const cJSON *d;
    for (int i = 0; (d = document(r, "compare", i)); i++)
        page_item(r, "Since the base",
                  "rows slower: %.0f, faster: %.0f, the same: %.0f; of %.0f it cannot be told (assay compare, %s).",
                  of(d, "slower"), of(d, "faster"), of(d, "same"), of(d, "cannot tell"), member_text(d, "of", "?"));
}

static void files(char *text, size_t n, const cJSON *side)
{
    const cJSON *one = side ? side->child : NULL;
    snprintf(text, n, "%d run%s of commit %.40s (%.60s)", cJSON_GetArraySize(side),
             cJSON_GetArraySize(side) == 1 ? "" : "s", member_text(one, "commit", "?"),
             member_text(one, "machine", "?"));
}

static void number(char *text, size_t n, const cJSON *row, const char *name, double scale)
{
    if (cJSON_IsNumber(member(row, name)))
        snprintf(text, n, "%.3f", member_number(row, name, 0) / scale);
    else
        snprintf(text, n, "n/a");
}

/* Times are in microseconds; a share of a roof's time is a ratio. */
static void changed(report *r, const cJSON *d, bool told)
{
    const cJSON *row;
    const double scale = strncmp(member_text(d, "unit", ""), "ns", 2) ? 1 : 1e3;
    char line[128];
    snprintf(line, sizeof line, "row|verdict|>base%s|>new%s|>new over base|interval|~why", scale > 1 ? ", us" : "",
             scale > 1 ? ", us" : "");
    page_table(r, line);
    EACH (row, member(d, "rows")) {
        const char *verdict = member_text(row, "verdict", "?");
        char base[32], now[32], ratio[32], low[32], high[32];
        if (!strcmp(verdict, "same") || told == !strcmp(verdict, "cannot tell"))
            continue;
        number(base, sizeof base, row, "base_ns", scale);
        number(now, sizeof now, row, "new_ns", scale);
        number(ratio, sizeof ratio, row, "ratio", 1);
        number(low, sizeof low, row, "low", 1);
        number(high, sizeof high, row, "high", 1);
        page_row(r, "%s|%s%s|%s|%s|%s|%s to %s|%s", member_text(row, "name", "?"),
                 !strcmp(verdict, "slower") || !strcmp(verdict, "failed") ? "{bad}"
                 : !strcmp(verdict, "faster")                             ? "{good}"
                                                                          : "",
                 verdict, base, now, ratio, low, high, member_text(row, "why", ""));
    }
    page_table_end(r);
}

void section_compared(report *r)
{
    static const char *const verdicts[] = { "failed", "slower", "faster", "mended", "gone", "new", "same" };
    const cJSON *d;
    for (int i = 0; (d = document(r, "compare", i)); i++) {
        char base[160], now[160], line[256] = "";
        double told = 0;
        if (!i)
            page_heading(r, "Since the base");
        files(base, sizeof base, member(d, "base"));
        files(now, sizeof now, member(d, "new"));
        for (int v = 0; v < 7; v++) {
            text_add(line, sizeof line, "%s%.0f %s", v ? ", " : "", of(d, verdicts[v]), verdicts[v]);
            told += v < 6 ? of(d, verdicts[v]) : 0;
        }
        page_text(r, "assay compare of %s: base %s; new %s. Rows: %s; of %.0f it cannot be told.",
                  member_text(d, "of", "?"), base, now, line, of(d, "cannot tell"));
        if (told > 0)
            changed(r, d, true);
        if (of(d, "cannot tell") > 0) {
            page_details(r, "Rows of which it cannot be told");
            changed(r, d, false);
            page_details_end(r);
        }
    }
}
