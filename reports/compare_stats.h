/* SPDX-License-Identifier: MIT
 * compare_stats.h - the statistics of assay compare.  The unit is the run, not the repetition: repetitions of one run
 * share its memory, its clock and its neighbours, so a hundred of them say little of how another run would come out
 * (docs/compare.md). */
#ifndef ASSAY_REPORTS_COMPARE_STATS_H
#define ASSAY_REPORTS_COMPARE_STATS_H
#include <stdbool.h>

/* How far the logarithm of a run's median lies from that of another run of the same program. */
typedef struct compare_noise {
    double variance;
    int freedom; /* runs less 1; 0: not known */
} compare_noise;

typedef struct compare_sample {
    const double *x; /* of each run: the logarithm of the median of its repetitions */
    int n;
} compare_sample;

typedef struct compare_effect {
    bool known; /* false: nothing says how runs differ; only ratio holds */
    double ratio, low, high, p;
    double smallest; /* the ratio above 1 that such runs find with a chance of 80 % */
    int freedom;
} compare_effect;

/* The variance of so many numbers around their mean; of fewer than two nothing is known. */
compare_noise compare_noise_of(compare_sample s);

/* The variance of the logarithm of the median of n repetitions, by drawing blocks of two in a row anew (moving blocks
 * on a circle, Politis and Romano 1992): what one run says of its own noise, and less than the noise between runs. */
double compare_within(const double *ns, int n);

/* New over base: exp of the difference of the means, with an interval that does not hold the truth with the given
 * chance at most (Student's t).  The variance of a run is that of both sides pooled with what is known, but of both
 * sides alone where that is more: then today is not the day on which the noise was measured.  It is never less than
 * `within`. */
compare_effect compare_effect_of(compare_sample base, compare_sample new_, compare_noise known, double within,
                                 double chance);

/* Are these runs enough for a verdict?  Three a side at least, and so many that equal ones can be dealt to the sides in
 * 1 / chance ways: one of the ways parts the runs of a machine with two states perfectly, and no estimate of a variance
 * sees that.  Runs of another hour, as those of a noise file, do not count: measured, they do not help. */
bool compare_enough(int base, int new_, double chance);

/* The ratio above 1 that so many runs a side find with a chance of 80 %, where one run varies so. */
double compare_smallest(compare_noise run, int base, int new_, double chance);
#endif
