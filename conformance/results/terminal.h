/* SPDX-License-Identifier: MIT
 * terminal.h - what is for a person who watches: colours, and one line of progress on standard error that goes before
 * anything else is printed.  Where no terminal is, nothing of it. */
#ifndef ASSAY_TERMINAL_H
#define ASSAY_TERMINAL_H
#include <stdint.h>

typedef enum assay_colour { ASSAY_PLAIN_TEXT, ASSAY_RED, ASSAY_GREEN, ASSAY_YELLOW } assay_colour;
/* What to print before a coloured word on standard output, and after it (PLAIN_TEXT); "" where that is no terminal, or
 * NO_COLOR is set. */
const char *assay_paint(assay_colour c);

void assay_progress_begin(int64_t total, const char *unit); /* total 0: not known */
void assay_progress_for(double seconds, const char *unit);  /* it ends by the clock, whatever is done by then */
void assay_progress_at(int64_t done, const char *what);     /* shown five times a second at most */
void assay_progress_clear(void);

/* "s" unless n is 1. */
const char *assay_s(int64_t n);
#endif
