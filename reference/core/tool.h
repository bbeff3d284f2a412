/* SPDX-License-Identifier: MIT
 * tool.h - other programs, started by their arguments: there is no shell between. */
#ifndef ASSAY_CORE_TOOL_H
#define ASSAY_CORE_TOOL_H
#include <stdio.h>

/* Runs argv[0], looked for in PATH, and waits.  in, out, err: its standard files; NULL: nothing, nowhere.  Returns its
 * exit status, 128 + the signal that ended it, or -1: errno, ENOENT where it is not installed. */
int assay_tool(const char *const *argv, FILE *in, FILE *out, FILE *err);
#endif
