/* SPDX-License-Identifier: MIT
 * fault.h - a signal of the processor in words.  Called in a process that dies of it, from its handler. */
#ifndef ASSAY_FAULT_H
#define ASSAY_FAULT_H
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

/* "signal 8 (Floating point exception): an integer division by zero ..., by the instruction at mine.so+0x1139" */
void assay_fault_words(const siginfo_t *info, const void *context, char *text, size_t n);
/* ", by the instruction at FILE+OFFSET (SYMBOL+OFFSET)"; empty where that is not known.  A function that is not
 * exported has no symbol here: addr2line -f -e FILE OFFSET names it. */
const char *assay_fault_place(const void *context, char *text, size_t n);
const char *assay_fault_verb(const void *context); /* "reads", "writes"; "touches": not known */
#endif
