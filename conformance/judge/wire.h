/* SPDX-License-Identifier: MIT
 * wire.h - what comes from a runner was written by a stranger: it is checked before the judge believes a byte of it. */
#ifndef ASSAY_WIRE_H
#define ASSAY_WIRE_H
#include "runner.h"

void assay_wire_clean(char *text, size_t room); /* ends it within room; only printable ASCII stays */
/* Of what a sanitizer or a library has printed: the first line with an error in it, else the first with words; without
 * the "==PID==" before it.  Cuts text into lines. */
const char *assay_wire_telling(char *text);
bool assay_wire_greeting(assay_greeting *g);
bool assay_wire_answer(assay_answer *a);
assay_status assay_wire_described(assay_described *d, assay_why *why);
#endif
