/* SPDX-License-Identifier: MIT */
#include "spread.h"
#include "../core/student.h"
#include <math.h>
#include <stdlib.h>

assay_spread assay_spread_of(const double *x, int64_t n)
{
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < n; i++)
        sum += x[i];
    const double mean = sum / (double)n;
    for (int64_t i = 0; i < n; i++)
        squares += (x[i] - mean) * (x[i] - mean);
    const double deviation = n > 1 ? sqrt(squares / (double)(n - 1)) : NAN;
    const double half = n > 1 ? assay_student_quantile(0.05, n - 1) * deviation / sqrt((double)n) : NAN;
    return (assay_spread){ n, mean, deviation, mean - half, mean + half };
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int64_t assay_percentile_least(int percent)
{
    return percent > 50 ? 100 / (100 - percent) : 1;
}

double assay_percentile(double *x, int64_t n, int percent)
{
    if (n < assay_percentile_least(percent))
        return NAN;
    qsort(x, (size_t)n, sizeof *x, by_size);
    return x[(n * percent + 99) / 100 - 1];
}
