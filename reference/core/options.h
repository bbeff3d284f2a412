/* SPDX-License-Identifier: MIT
 * options.h - a command's options, by argp, with one sentence for an unknown one. */
#ifndef ASSAY_CORE_OPTIONS_H
#define ASSAY_CORE_OPTIONS_H
#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

/* A flag of an argp_option, beside argp's own: it may be given several times, with another value each. */
enum { ASSAY_OPTION_REPEATS = 1 << 8 };

/* argp_parse; wrong use ends the program with exit code 2 and a sentence that says which option may have been meant. */
void assay_options_parse(const struct argp *argp, int argc, char **argv, void *input);

/* A number at the start of text, digits alone (0x: hexadecimal ones): what stands behind it; NULL: there is none, or it
 * has more than 64 bits. */
const char *assay_digits(const char *text, uint64_t *x);

/* The value of an option: a whole number of lo .. hi, and nothing else; else the program ends as above. */
uint64_t assay_option_whole(struct argp_state *state, const char *name, const char *arg, uint64_t lo, uint64_t hi);

/* A number of lo .. hi (DBL_MAX: any from lo on) that begins with a digit, a point or a minus: no inf, no nan. */
double assay_option_real(struct argp_state *state, const char *name, const char *arg, double lo, double hi);

/* "5%" or "2.5%", above 0 and at most 10000: as a share, 0.05. */
double assay_option_percent(struct argp_state *state, const char *name, const char *arg);

/* The value of --threads, up to most numbers with commas between, into list: how many.  None exceeds assay_cpu_team().
 */
int assay_option_threads(struct argp_state *state, const char *arg, int *list, int most);
#endif
