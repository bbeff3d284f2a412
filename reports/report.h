/* SPDX-License-Identifier: MIT
 * report.h - results (JSON of check, bench, run) into one index.html and one report.md.  Every section writes through
 * the page, which writes both. */
#ifndef ASSAY_REPORT_H
#define ASSAY_REPORT_H
#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>

enum { REPORT_MODELS = 16 };

typedef struct report {
    const char *out; /* folder */
    FILE *html, *md, *md_aside;
    cJSON *check, *bench, *faults, *self;
    cJSON *model[REPORT_MODELS];
    int n_models;
    bool gnuplot; /* false: figures are named as missing */
} report;

/* page.c */
bool page_open(report *r, const char *title);
bool page_close(report *r);
void page_heading(report *r, const char *text);
void page_text(report *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
void page_table(report *r, const char *columns); /* "op|kernel|worst": a column that begins with > is a number */
void page_row(report *r, const char *format, ...) __attribute__((format(printf, 2, 3))); /* cells apart by | */
void page_table_end(report *r);
/* What only a reader with time wants: folded away in HTML, left out of Markdown. */
void page_details(report *r, const char *summary);
void page_details_end(report *r);
/* Runs reports/NAME.gp over data/NAME.dat (lines already written) and puts the picture in. */
void page_figure(report *r, const char *name, const char *caption);
FILE *page_data(const report *r, const char *name); /* data/NAME.dat, to be closed by the caller */

/* The items of an array or the members of an object, none of NULL. */
#define EACH(item, list) for ((item) = (list) ? (list)->child : NULL; (item); (item) = (item)->next)

/* json.c: members with a default */
const char *member_text(const cJSON *o, const char *name, const char *otherwise);
double member_number(const cJSON *o, const char *name, double otherwise);
const cJSON *member(const cJSON *o, const char *path); /* "cpu.model" */
cJSON *json_load(const char *path, char *why, size_t n);

/* sections*.c, in the order of the page */
void section_summary(report *r);
void section_machine(report *r);
void section_verdicts(report *r);
void section_margins(report *r);
void section_faults(report *r);
void section_self(report *r);
void section_roofline(report *r);
void section_speed(report *r);
void section_scaling(report *r);
void section_misses(report *r);
void section_models(report *r);
void section_missing(report *r);
#endif
