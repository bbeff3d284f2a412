/* SPDX-License-Identifier: MIT
 * spread.h - times that vary, in a few numbers. */
#ifndef ASSAY_MODELS_SPREAD_H
#define ASSAY_MODELS_SPREAD_H
#include <stdint.h>

/* Mean, deviation (of the sample, n - 1) and the interval that holds the mean of normal numbers with a chance of 95 %
 * (Student 1908, t of n - 1).  Of one number all but the mean are NAN, of none the mean, too. */
typedef struct assay_spread {
    int64_t n;
    double mean, deviation, low, high;
} assay_spread;
assay_spread assay_spread_of(const double *x, int64_t n);

/* So few have no such percentile: 20 have a 95th, 100 a 99th. */
int64_t assay_percentile_least(int percent);
/* The least of n numbers, sorted here, below or at which `percent` of 100 lie (nearest rank).  NAN: too few. */
double assay_percentile(double *x, int64_t n, int percent);
#endif
