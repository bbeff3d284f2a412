/* SPDX-License-Identifier: MIT
 * output.h - a document in the forms that others read, and where they go. */
#ifndef ASSAY_OUTPUT_H
#define ASSAY_OUTPUT_H
#include "../../reference/core/document.h"
#include "ledger.h"
#include <argp.h>
#include <stdio.h>

enum { ASSAY_OUTPUTS = 4 };

typedef struct assay_outputs { /* --json --junit --tap --markdown: a path, "-" for standard output, or NULL */
    const char *path[ASSAY_OUTPUTS];
} assay_outputs;

/* What f did not take is found by who closes it. */
assay_status assay_report_json(const assay_summary *s, FILE *f);
assay_status assay_report_junit(const assay_summary *s, FILE *f);
assay_status assay_report_tap(const assay_summary *s, FILE *f);
assay_status assay_report_markdown(const assay_summary *s, FILE *f);

/* Where one of them is standard output, all else that is printed goes to standard error from here on.  A sentence if
 * two of them are, or where one of them cannot be written. */
assay_status assay_outputs_begin(const assay_outputs *o, assay_why *why);
assay_status assay_outputs_write(const assay_outputs *o, const assay_summary *s, assay_why *why);
assay_status assay_ledger_write(const assay_ledger *l, const assay_outputs *o, assay_why *why);
extern const struct argp assay_outputs_argp; /* its input is an assay_outputs; without --json */
#endif
