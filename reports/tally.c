/* SPDX-License-Identifier: MIT
 * What the sections count by and put rows together with, and the documents that they read. */
#include "report.h"
#include <stdarg.h>
#include <string.h>

void text_add(char *text, size_t n, const char *format, ...)
{
    const size_t at = strlen(text);
    va_list ap;
    va_start(ap, format);
    vsnprintf(text + at, n - at, format, ap);
    va_end(ap);
}

/* Where a name stands; the last place is for all names that found none. */
static int place(const char **list, int *n, const char *name)
{
    int i = 0;
    while (i < *n && i < TALLY - 1 && strcmp(list[i], name) != 0)
        i++;
    if (i == *n)
        list[(*n)++] = i < TALLY - 1 ? name : "others";
    return i;
}

void tally_add(tally *t, const char *row, const char *column, double n)
{
    const int i = place(t->row, &t->n_rows, row), k = place(t->column, &t->n_columns, column);
    t->count[i][k] += n;
}

void tally_table(report *r, const tally *t, const char *corner)
{
    char line[2048] = "";
    text_add(line, sizeof line, "%s", corner);
    for (int k = 0; k < t->n_columns; k++)
        text_add(line, sizeof line, "|>%.40s", t->column[k]);
    page_table(r, line);
    for (int i = 0; i < t->n_rows + (t->n_rows > 1); i++) {
        snprintf(line, sizeof line, "%.60s", i < t->n_rows ? t->row[i] : "all");
        for (int k = 0; k < t->n_columns; k++) {
            double n = i < t->n_rows ? t->count[i][k] : 0;
            for (int j = 0; i == t->n_rows && j < t->n_rows; j++)
                n += t->count[j][k];
            if (n != 0)
                text_add(line, sizeof line, "|%.0f", n);
            else
                text_add(line, sizeof line, "|{na}\u00b7");
        }
        page_row(r, "%s", line);
    }
    page_table_end(r);
}

bool measured(const cJSON *row)
{
    return cJSON_IsNumber(member(row, "real_time")) && cJSON_IsTrue(member(row, "verdict.pass"));
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
        if (strstr(kinds, member_text(r->more[i], "kind", "?")) && strcmp(here, there) && !strstr(others, there))
            text_add(others, sizeof others, "%s%.40s", others[0] ? ", " : "", there);
    }
    if (others[0])
        page_text(r, "Made by another build than the verdicts: commit %s.", others);
}
