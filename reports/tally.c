/* SPDX-License-Identifier: MIT
 * What the sections count by, and the documents that they read. */
#include "report.h"
#include <string.h>

static int place(const char **list, int *n, const char *name)
{
    int i = 0;
    while (i < *n && strcmp(list[i], name) != 0)
        i++;
    if (i == *n && i < TALLY)
        list[(*n)++] = name;
    return i < TALLY ? i : TALLY - 1;
}

void tally_add(tally *t, const char *row, const char *column, int n)
{
    const int i = place(t->row, &t->n_rows, row), k = place(t->column, &t->n_columns, column);
    t->count[i][k] += n;
}

int tally_of(const tally *t, const char *row, const char *column)
{
    for (int i = 0; i < t->n_rows; i++)
        for (int k = 0; !strcmp(t->row[i], row) && k < t->n_columns; k++)
            if (!strcmp(t->column[k], column))
                return t->count[i][k];
    return 0;
}

void tally_table(report *r, const tally *t, const char *corner)
{
    char line[2048];
    int at = snprintf(line, sizeof line, "%s", corner);
    for (int k = 0; k < t->n_columns; k++)
        at += snprintf(line + at, sizeof line - (size_t)at, "|>%.40s", t->column[k]);
    page_table(r, line);
    for (int i = 0; i < t->n_rows + (t->n_rows > 1); i++) {
        at = snprintf(line, sizeof line, "%.60s", i < t->n_rows ? t->row[i] : "all");
        for (int k = 0; k < t->n_columns; k++) {
            int n = i < t->n_rows ? t->count[i][k] : 0;
            for (int j = 0; i == t->n_rows && j < t->n_rows; j++)
                n += t->count[j][k];
            at += n ? snprintf(line + at, sizeof line - (size_t)at, "|%d", n)
                    : snprintf(line + at, sizeof line - (size_t)at, "|{na}\u00b7");
        }
        page_row(r, "%s", line);
    }
    page_table_end(r);
}

const cJSON *document(const report *r, const char *kind, int nth)
{
    for (int i = 0; i < r->n_more; i++)
        if (!strcmp(member_text(r->more[i], "kind", ""), kind) && !nth--)
            return r->more[i];
    return NULL;
}

void page_made_by(report *r, const char *kinds)
{
    const char *here = member_text(r->check, "commit", NULL);
    char others[256] = "";
    for (int i = 0; here && i < r->n_more; i++) {
        const char *there = member_text(r->more[i], "commit", "unknown");
        const size_t at = strlen(others);
        if (strstr(kinds, member_text(r->more[i], "kind", "?")) && strcmp(here, there) && !strstr(others, there))
            snprintf(others + at, sizeof others - at, "%s%.40s", at ? ", " : "", there);
    }
    if (others[0])
        page_text(r, "Made by another build than the verdicts: commit %s.", others);
}
