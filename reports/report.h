/* SPDX-License-Identifier: MIT
 * report.h - results (JSON of check, bench, run) into one index.html and one report.md.  Every section writes through
 * the page, which writes both. */
#ifndef ASSAY_REPORT_H
#define ASSAY_REPORT_H
#include "../reference/core/save.h"
#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>

enum { REPORT_MODELS = 16, REPORT_MORE = 192 };

typedef struct report {
    const char *out, *title; /* out: folder */
    FILE *html, *md, *md_aside;
    cJSON *check, *bench, *faults, *self, *base; /* base: an earlier one of assay bench */
    cJSON *more[REPORT_MORE];                    /* documents of other kinds, in the order of the command line */
    int n_more;
    const char *absent[REPORT_MORE]; /* "kind: why it was not made" */
    int n_absent;
    cJSON *model[REPORT_MODELS];
    int n_models;
    int hosts;       /* kinds of CPU that the joined results of assay bench are of; 0: they are of one run */
    bool gnuplot;    /* false: figures are named as missing */
    int undrawn;     /* figures that it failed to draw */
    assay_save data; /* the open file of page_data */
    assay_why why;   /* what could not be written */
} report;

/* page.c */
bool page_open(report *r, const char *title);
bool page_close(report *r);
void page_heading(report *r, const char *text);
void page_text(report *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
void page_subheading(report *r, const char *text);
/* Sentences apart from each other; about: what each is about, in a word or two. */
void page_list(report *r);
void page_item(report *r, const char *about, const char *format, ...) __attribute__((format(printf, 3, 4)));
void page_list_end(report *r);
/* "op|>worst|~why": a column that begins with > is of numbers, with ~ of texts of
 * several lines, with ^ of words below a heading of several lines; 40 columns at most */
void page_table(report *r, const char *columns);
/* Cells apart by |.  A cell may begin with a colour, {kept} {yes} {no} {na} {bad} {good}, or with a bar of so many
 * per cent, {bar 73}; Markdown has the words alone. */
void page_row(report *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
void page_table_end(report *r);
/* What only a reader with time wants: folded away in HTML, left out of Markdown. */
void page_details(report *r, const char *summary);
void page_details_end(report *r);

/* figure.c: draws data/NAME.dat (already ended) by NAME.gp and puts the picture in. */
void figure_begin(report *r);
/* The title in a few words is what a reader hears who does not see the picture; the caption says how to read it. */
void page_figure(report *r, const char *name, const char *title, const char *caption);
const char *embedded(const char *name); /* a script or style sheet that is part of the program; "": there is none */
FILE *page_data(report *r, const char *name); /* data/NAME.dat; NULL: it cannot be written */
void page_data_end(report *r);
/* One quoted word of such a line; valid until the next call. */
const char *data_word(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The items of an array or the members of an object, none of NULL. */
#define EACH(item, list) for ((item) = (list) ? (list)->child : NULL; (item); (item) = (item)->next)

/* json.c: members with a default */
const char *member_text(const cJSON *o, const char *name, const char *otherwise);
double member_number(const cJSON *o, const char *name, double otherwise);
double item_number(const cJSON *list, int i);                     /* 0 where there is none */
const cJSON *member(const cJSON *o, const char *path);            /* "cpu.model" */
bool row_is(const cJSON *o, const char *name, const char *value); /* the member is that text */
const char *base_name(const char *path);
cJSON *json_load(const char *path, char *why, size_t n);

/* tally.c: adds to a text of n bytes what there is room for */
void text_add(char *text, size_t n, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Counts by two words, rows and columns in the order in which they came; from the 32nd on they are "others". */
enum { TALLY = 32 };
typedef struct tally {
    const char *row[TALLY], *column[TALLY];
    int n_rows, n_columns;
    double count[TALLY][TALLY];
} tally;
void tally_add(tally *t, const char *row, const char *column, double n);
void tally_table(report *r, const tally *t, const char *corner); /* with a row of sums, where there are two rows */
bool measured(const cJSON *row); /* a row of assay bench with a time, whose kernel passed on its workload */
/* Of a document of assay run. */
bool best_run(const cJSON *run);
bool step_times(const cJSON *run, double ms[3]); /* a written token: the middle one, the middle half; false: too few */
/* The nth document of a kind; NULL past the last. */
const cJSON *document(const report *r, const char *kind, int nth);
/* Says which commit documents of these kinds are of, where it is another one than that of the verdicts. */
void page_made_by(report *r, const char *kinds);

/* What a part of the report comes to, in one sentence; each section's file has its own. */
typedef enum answer { NOT_RUN = -1, BAD, GOOD } answer;
answer answer_check(const report *r, char *text, size_t n);
answer answer_faults(const report *r, char *text, size_t n);
answer answer_mutants(const report *r, char *text, size_t n);
answer answer_proof(const report *r, char *text, size_t n);
answer answer_relations(const report *r, char *text, size_t n);
answer answer_cheats(const report *r, char *text, size_t n);
answer answer_hostile(const report *r, char *text, size_t n);
answer answer_primitives(const report *r, char *text, size_t n);
answer answer_certificates(const report *r, char *text, size_t n);
answer answer_bench(const report *r, char *text, size_t n);
answer answer_models(const report *r, char *text, size_t n);
answer answer_formats(const report *r, char *text, size_t n);
answer answer_fidelity(const report *r, char *text, size_t n);

/* hosts.c: of joined results each other kind of CPU becomes a document of its own. */
void hosts_choose(report *r);
const char *hosts_name(const cJSON *bench);           /* the CPU */
bool hosts_same(const report *r, const cJSON *bench); /* measured on the page's own kind of CPU */
/* sections_costs.c: results of assay bench: the page's own, then those among the FILEs; NULL past the last. */
const cJSON *bench_document(const report *r, int nth);
double phase_tokens_per_s(const cJSON *phase); /* of assay bench --model; 0: not of all calls */
bool headline(const cJSON *row);               /* a row of assay bench worth a line of its own */

/* sections*.c, in the order of the page */
void first_title(const report *r, char *title, size_t n); /* what, where, when */
void peers_in_words(report *r);                           /* items of a list */
void why_in_words(report *r);
void costs_in_words(report *r);
void compared_in_words(report *r);
void parts_in_words(report *r); /* what is not of the whole */
void failures_in_words(report *r);
void section_first(report *r);
void section_summary(report *r);
void section_why(report *r);
void section_costs(report *r);
void section_hosts(report *r);
void section_compared(report *r);
void section_peers(report *r);
void section_base(report *r);
void section_machine(report *r);
void section_verdicts(report *r);
void section_margins(report *r);
void section_faults(report *r);
void section_self(report *r);
void section_mutants(report *r);
void section_contained(report *r);
void section_relations(report *r);
void section_primitives(report *r);
void section_certificates(report *r);
void section_roofline(report *r);
void section_speed(report *r);
void section_scaling(report *r);
void section_misses(report *r);
void section_models(report *r);
void section_formats(report *r);
void section_fidelity(report *r);
void section_missing(report *r);
void section_words(report *r);
#endif
