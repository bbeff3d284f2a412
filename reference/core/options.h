/* SPDX-License-Identifier: MIT
 * options.h - a command's options, by argp, with one sentence for an unknown one. */
#ifndef ASSAY_CORE_OPTIONS_H
#define ASSAY_CORE_OPTIONS_H
#include <argp.h>

/* argp_parse; wrong use ends the program with exit code 2 and a sentence that says which option may have been meant. */
void assay_options_parse(const struct argp *argp, int argc, char **argv, void *input);
#endif
