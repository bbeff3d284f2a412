/* SPDX-License-Identifier: MIT
 * lines.h - figures of many lines: a line has a name, belongs to an op, and has a point for each workload, with the
 * interval in which it was measured.  Drawn are the lines of an op together, the best first, so many a picture. */
#ifndef ASSAY_REPORT_LINES_H
#define ASSAY_REPORT_LINES_H
#include "report.h"

typedef struct lines_point {
    double value, low, high;
    bool marked; /* it cannot be true */
} lines_point;

typedef struct lines_line {
    char op[48], name[160];
    lines_point *point;
    int n;
    double median; /* lines_sort */
} lines_line;

typedef struct lines {
    lines_line *line;
    int n, room;
} lines;

/* Adds a point to the line of that op and name, which is made where there is none. */
void lines_add(lines *l, const char *op, const char *name, lines_point p);
/* Medians; then by op, the op with the best line first, the best line of each first. */
void lines_sort(lines *l);
/* Of each op's lines the first and the last; they must be sorted. */
void lines_ends(lines *l);
/* FIGURE, FIGURE-2 ...; data: block 0 line, "name", median, "op" where it is the op's first line, else ""; block 1
 * line, value, low, high, marked; block 2 one line: `limit`, a number for the script. */
void lines_draw(report *r, lines *l, const char *figure, double limit, const char *title, const char *caption);
void lines_free(lines *l);
#endif
