/* SPDX-License-Identifier: MIT
 * plot.h - pictures that gnuplot draws. */
#ifndef ASSAY_CORE_PLOT_H
#define ASSAY_CORE_PLOT_H
#include "assay/assay.h"

/* Draws a script, which holds its data and whose terminal is SVG, in a gnuplot of its own without a shell.  *svg: the
 * whole picture, to be freed, with a title and a description of its own, bound to it by identifiers from `name`.  Fails
 * with why: gnuplot's exit status and what it said last; *svg is NULL then. */
assay_status assay_plot(const char *name, const char *script, const char *title, const char *description, char **svg,
                        assay_why *why);
#endif
